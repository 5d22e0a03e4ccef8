# shellcheck shell=sh
# restart: Restarts the running system inside its operating system process
check_reachable
call_node init restart >/dev/null 2>&1 || not_running
