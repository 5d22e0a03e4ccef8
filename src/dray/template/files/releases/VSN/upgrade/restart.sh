# shellcheck shell=sh
# Stops the running version and starts this one. Read by switch_version.
# What the launcher sets comes from there.
# shellcheck disable=SC2154

# Stops the old version and starts the new one. It is on trial until it is found healthy: were it to end before, the next
# start would start the old one.
upgrade_by_restart () {
  log "$RELEASE_NAME $upgrade_from -> $upgrade_to needs a restart:" >&2
  printf '%s' "$upgrade_reasons" | sed 's/^/  /' >&2
  # shellcheck source=/dev/null
  (. "$environment_file" && export ERL_CRASH_DUMP_SECONDS=0 && run_version "$upgrade_to" eval {{ "':ok'" if language == "elixir" else "ok" }}) >&2 ||
    fail_upgrade "the configuration of $upgrade_to could not be computed, as it says above" "$upgrade_from runs as before"
  run_upgrade_hooks pre_upgrade
  [ "$hook_status" -eq 0 ] || fail_upgrade "a hook of pre_upgrade failed" "$upgrade_from runs as before"
  trial_end=$(($(date +%s) + ${RELEASE_STOP_TIMEOUT:-60} + 60))
  { echo "$upgrade_to $$ $trial_end" >"$RELEASE_TMP/trial.$$" && mv "$RELEASE_TMP/trial.$$" "$RELEASE_TMP/trial"; } ||
    fail_upgrade "$RELEASE_TMP cannot be written" "$upgrade_from runs as before"
  reach_step trial
  find_unit
  # systemd starts a service five times in two minutes: that is meant for crashes.
  [ -z "$unit" ] || systemctl --no-ask-password reset-failed "$unit" 2>/dev/null || :
  if runs_still && ! (RELEASE_STOP_STATUS=75 && export RELEASE_STOP_STATUS && run_version "$upgrade_from" stop) &&
    runs_still; then
    rm -f "$RELEASE_TMP/trial"
    fail_upgrade "$upgrade_from could not be stopped" "it goes on"
  fi
  reach_step stopped
  start_again
  if wait_for_version "$upgrade_to" "${RELEASE_START_TIMEOUT:-300}" && is_healthy; then
    reach_step healthy
    settle_running
    reach_step permanent
    finish_upgrade
  fi
  go_back
}

# Whether the old system is still there. One that has ended by itself needs no stop, and its service manager may have
# started the new one by then, which has to stay.
runs_still () {
  [ "$(node_pid)" = "$running_pid" ] || process_lives "$running_pid"
}

# Sets unit: the service of systemd that the system runs as; empty where it runs as none.
find_unit () {
  unit=
  [ -d /run/systemd/system ] || return 0
  while IFS= read -r unit_line; do
    case $unit_line in
      *.service*)
        unit=${unit_line%.service*}
        unit=${unit##*/}.service
        ;;
    esac
  done 2>/dev/null <"/proc/$running_pid/cgroup" || :
}

# Whether systemd does not start the service again by itself.
has_given_up () {
  [ -n "$unit" ] && systemctl -q is-failed "$unit" 2>/dev/null
}

# Starts a service that systemd has given up, once for each version.
start_unit () {
  [ -z "$unit_started" ] || return 1
  unit_started=yes
  log "systemd does not start $unit again by itself: starting it" >&2
  systemctl --no-ask-password reset-failed "$unit" && systemctl --no-ask-password --no-block start "$unit"
}

# Starts what was started in the background; a service manager does so by itself.
start_again () {
  case $start_command in
    daemon*)
      (
        forget_version
        unset RELEASE_VSN UPGRADE_COMMAND UPGRADE_JSON UPGRADE_HOW DRAY_STOP_AT
        start_script=". $(quote "$environment_file") && exec $(quote "$RELEASE_ROOT/bin/{{ name }}") $start_command"
        # shellcheck disable=SC2046,SC2012 # the words of one line; the folder is dray's own
        set -- $(ls -ld "$RELEASE_TMP")
        if [ "$(id -u)" = 0 ] && [ "$3" != "$(id -un)" ]; then
          exec su -s /bin/sh "$3" -c "$start_script"
        fi
        eval "$start_script"
      ) || :
      ;;
    *) log "waiting for the service manager to start $RELEASE_NAME again" >&2 ;;
  esac
}

quote () {
  printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

# Waits until a version has started whole; fails when another one does, or the time is over.
wait_for_version () {
  wait_version=$1
  wait_limit=$(($(date +%s) + $2))
  wait_missed=0
  unit_started=
  while [ "$(date +%s)" -lt "$wait_limit" ]; do
    find_running_version
    if [ "$running_version" = "$wait_version" ]; then
      case $(call_node init get_status) in
        '{started,'*) return 0 ;;
      esac
    elif [ -n "$running_version" ] && [ "$upgrade_mode" = restart ]; then
      return 1
    elif [ -z "$running_version" ] && has_given_up && ! start_unit; then
      return 1
    fi
    case $start_command in
      daemon*)
        if [ -z "$running_version" ] && ! daemon_lives; then wait_missed=$((wait_missed + 1)); else wait_missed=0; fi
        [ "$wait_missed" -lt 10 ] || return 1
        ;;
    esac
    sleep 0.1
  done
  return 1
}

# Whether the running system is well: what hooks of status say.
is_healthy () {
  run_upgrade_hooks status
  [ "$hook_status" -eq 0 ]
}

# The new version did not come up: back to the old one, which is permanent still.
go_back () {
  rm -f "$RELEASE_TMP/trial"
  case $start_command in
    daemon*) show_log ;;
  esac
  log "$upgrade_to is not well; back to $upgrade_from" >&2
  find_running_version
  if [ "$running_version" = "$upgrade_to" ]; then
    (RELEASE_STOP_STATUS=75 && export RELEASE_STOP_STATUS && run_version "$upgrade_to" stop) || :
  fi
  [ "$running_version" = "$upgrade_from" ] || start_again
  if wait_for_version "$upgrade_from" "${RELEASE_START_TIMEOUT:-300}"; then
    fail_upgrade "$upgrade_to did not start, or was not healthy" "$upgrade_from runs again"
  fi
  fail_upgrade "$upgrade_to did not start, or was not healthy" \
    "$upgrade_from did not come back either: start it as you started it before"
}
