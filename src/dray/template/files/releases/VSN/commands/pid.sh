# shellcheck shell=sh
# pid: Prints the operating system PID of the running system
check_reachable
node_pid || not_running
