# shellcheck shell=sh
# ready: Tells whether the system has started and is well: ready and status 0, or status 1
check_reachable
ready_status=$(call_node init get_status 2>/dev/null) || not_running
case $ready_status in
  '{started,'*) ;;
  *) fail "$RELEASE_NAME is not ready: it says ${ready_status}" ;;
esac
try_hooks status
[ "$hook_status" -eq 0 ] || exit "$hook_status"
echo ready
