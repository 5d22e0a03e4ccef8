# shellcheck shell=sh
# pid: Prints the operating system PID of the running system
node_pid || not_running
