# shellcheck shell=sh
# ping: Tells whether the system answers: pong and status 0, or status 1
check_reachable
call_node erlang node >/dev/null 2>&1 || not_running
echo pong
