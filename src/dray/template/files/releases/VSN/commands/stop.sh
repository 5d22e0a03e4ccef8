# shellcheck shell=sh
# stop: Stops the running system and waits until it is gone, RELEASE_STOP_TIMEOUT seconds at most (60)
check_reachable
limit=${RELEASE_STOP_TIMEOUT:-60}
case $limit in
  *[!0-9]*) fail "Expected RELEASE_STOP_TIMEOUT to be a number of seconds, got: $limit" ;;
  # The shell would take a number that begins with zero as an octal one.
  0?*) limit=${limit#"${limit%%[!0]*}"} ;;
esac
limit=${limit:-0}
left=$((limit * 5))
until pid=$(node_pid); do
  # A system in the background that is still starting cannot be told yet.
  if [ "$left" -le 0 ] || ! daemon_lives; then
    not_running
  fi
  left=$((left - 1))
  sleep 0.2
done
{% block pre_stop %}
if claim pre_stop "$pid"; then
  try_hooks pre_stop
  if [ "$hook_status" -ne 0 ]; then
    rm -rf "$RELEASE_TMP/pre_stop-$pid"
    exit "$hook_status"
  fi
fi
{% endblock %}
# What is to be started again by a service manager ends with a status that is not 0.
stop_status=${RELEASE_STOP_STATUS:+"[$RELEASE_STOP_STATUS]"}
call_node init stop "$stop_status" >/dev/null 2>&1 || not_running

left=$((limit * 20))
while process_lives "$pid"; do
  if [ "$left" -le 0 ]; then
    fail "$RELEASE_NAME still runs after $limit s (pid $pid): it was told to stop and" \
      "goes on stopping. Wait longer with RELEASE_STOP_TIMEOUT, or end it: kill -KILL $pid"
  fi
  left=$((left - 1))
  # A system that is just restarting forgets that it was told to stop.
  [ $((left % 20)) -ne 0 ] || call_node init stop "$stop_status" >/dev/null 2>&1 || :
  sleep 0.05
done
{% block post_stop %}
if claim post_stop "$pid"; then run_hooks post_stop; fi
{% endblock %}
