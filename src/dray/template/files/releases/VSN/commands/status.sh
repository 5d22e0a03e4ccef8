# shellcheck shell=sh
# status [--json]: Says whether the system runs, which version and for how long: status 0, or 3 when it does not run
{% block status %}
check_reachable
if pid=$(node_pid); then
  running=$(call_node os getenv '["RELEASE_VSN"]')
  running=${running#\"}
  running=${running%\"}
  uptime=$(call_node erlang statistics '[wall_clock]')
  uptime=${uptime#\{}
  seconds=$((${uptime%%,*} / 1000))
  if [ "$2" = --json ]; then
    printf '{"name": "%s", "state": "running", "version": "%s", "pid": %s, "node": "%s", "uptime": %s}\n' \
      "$RELEASE_NAME" "$running" "$pid" "$RELEASE_NODE" "$seconds"
    exit 0
  fi
  echo "$RELEASE_NAME $running is running: pid $pid, node $RELEASE_NODE," \
    "up $((seconds / 86400))d $((seconds / 3600 % 24))h $((seconds / 60 % 60))m $((seconds % 60))s"
  run_hooks status
else
  state=stopped
  ! daemon_lives || state=silent
  if [ "$2" = --json ]; then
    printf '{"name": "%s", "state": "%s"}\n' "$RELEASE_NAME" "$state"
  elif [ "$state" = silent ]; then
    echo "$RELEASE_NAME does not answer yet, or not any more; its log is in $RELEASE_TMP/log"
  else
    echo "$RELEASE_NAME is not running"
  fi
  exit 3
fi
{% endblock %}
