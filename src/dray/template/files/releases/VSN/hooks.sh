# shellcheck shell=sh
# Runs hooks: the files in hooks/POINT, in their order. Read by the launcher where the release has hooks, and where a
# service manager waits to be told that the system is ready.
#
# A variable that a hook's own shell sets is lost, as it should be; others come from the launcher.
# shellcheck disable=SC2030,SC2031,SC2153

# What a hook calls runs no hooks itself, and cannot do again what the hook is part of.
case $RELEASE_HOOK/$RELEASE_COMMAND in
  p*_configure/start* | p*_configure/daemon* | pre_start/start* | pre_start/daemon* | pre_stop/stop)
    fail "a hook of $RELEASE_HOOK cannot call $RELEASE_COMMAND, which it is part of"
    ;;
esac

has_hooks () {
  for hook in "$REL_VSN_DIR/hooks/$1/"*.sh; do
    [ ! -r "$hook" ] || [ -n "$RELEASE_HOOK" ] || return 0
  done
  return 1
}

# Runs the hooks of a point; the first that fails ends the command with its status. To go on, use try_hooks.
run_hooks () {
  try_hooks "$1"
  return "$hook_status"
}

# Runs the hooks of a point, each in a shell of its own, and sets hook_status; the first that fails is the last. It has
# to be called by itself, not before || or in a condition: bash would go on in a hook after a command that fails.
try_hooks () {
  hook_status=0
  has_hooks "$1" || return 0
  for hook in "$REL_VSN_DIR/hooks/$1/"*.sh; do
    run_hook "$1" "$hook"
    [ "$hook_status" -eq 0 ] || return 0
  done
}

run_hook () {
  hook_point=$1 hook_file=$2
  hook_limit=${RELEASE_HOOK_TIMEOUT:-600}
  case $hook_limit in
    *[!0-9]*) fail "Expected RELEASE_HOOK_TIMEOUT to be a number of seconds, got: $hook_limit" ;;
  esac
  read -r hook_origin <"$hook_file"
  (
    trap - TERM INT EXIT
    RELEASE_HOOK=$hook_point
    export RELEASE_HOOK
    # shellcheck source=/dev/null
    . "$hook_file"
  ) &
  hook_pid=$!
  # Ends with status 0 where it has ended the hook: the time is over, or the launcher is gone. Its sleep is short:
  # whoever ends the timer does not end its sleep.
  (
    while [ "$hook_limit" -gt 0 ]; do
      sleep 1
      hook_limit=$((hook_limit - 1))
      process_lives "$hook_pid" || exit 1
      process_lives "$$" || hook_limit=0
    done
    trap '' TERM
    end_tree "$hook_pid"
    exit 0
  ) >/dev/null 2>&1 </dev/null &
  hook_timer=$!
  hook_status=0
  wait "$hook_pid" || hook_status=$?
  kill -TERM "$hook_timer" 2>/dev/null || :
  if wait "$hook_timer" 2>/dev/null; then
    log "ERROR: the hook ${hook_origin#\# } ($hook_point) did not end within $hook_limit s (RELEASE_HOOK_TIMEOUT)" >&2
    hook_status=124
  elif [ "$hook_status" -ne 0 ]; then
    log "ERROR: the hook ${hook_origin#\# } ($hook_point) failed with status $hook_status" >&2
  fi
}

# Ends a process and what it has started, as far as the system shows it.
end_tree () {
  for process_state in /proc/[0-9]*/stat; do
    { read -r process_state <"$process_state"; } 2>/dev/null || continue
    process_id=${process_state%% *}
    process_state=${process_state##*) }
    process_state=${process_state#* }
    [ "${process_state%% *}" != "$1" ] || (end_tree "$process_id")
  done
  kill -TERM "$1" 2>/dev/null || :
}

# Reads the hooks of a point into the launcher itself: what they export, the system gets.
read_hooks () {
  has_hooks "$1" || return 0
  trap 'log "ERROR: the hook ${hook_origin#\# } ($RELEASE_HOOK) failed with status $?" >&2' EXIT
  for hook in "$REL_VSN_DIR/hooks/$1/"*.sh; do
    read -r hook_origin <"$hook"
    RELEASE_HOOK=$1
    export RELEASE_HOOK
    # shellcheck source=/dev/null
    . "$hook"
  done
  trap - EXIT
  unset RELEASE_HOOK
}

# For hooks: wait_until SECONDS COMMAND [ARGUMENT...], and rpc EXPRESSION.
wait_until () {
  wait_end=$(($(date +%s) + $1))
  shift
  until "$@"; do
    [ "$(date +%s)" -lt "$wait_end" ] || return 1
    sleep 0.1
  done
}

rpc () {
  "$RELEASE_ROOT/bin/{{ name }}" rpc "$@"
}

# Becomes the system, or stays beside it: to run hooks when it is told to stop, and when it is up.
begin () {
  note_process ''
  rm -rf "$RELEASE_TMP"/pre_stop-* "$RELEASE_TMP"/post_stop-*
  case $RELEASE_COMMAND in
    daemon*) begin_daemon "$@" ;;
    start) if has_hooks pre_stop || has_hooks post_stop; then supervise "$@"; fi ;;
  esac
  watch "$$"
  exec "$@"
}

begin_daemon () {
  has_hooks post_start || exec "$@"
  "$@"
  reach_node
  daemon_missed=
  wait_until "${RELEASE_START_TIMEOUT:-300}" answers_or_ended ||
    fail "$RELEASE_NAME does not answer after ${RELEASE_START_TIMEOUT:-300} s; its log is in $RELEASE_TMP/log"
  node_answers || {
    show_log
    fail "$RELEASE_NAME ended while it was starting; its log is in $RELEASE_TMP/log"
  }
  try_hooks post_start
  [ "$hook_status" -eq 0 ] || call_node init stop >/dev/null 2>&1 || :
  exit "$hook_status"
}

# A process that forks while it is looked for can be missed once.
answers_or_ended () {
  if node_answers; then
    return 0
  elif daemon_lives; then
    daemon_missed=
    return 1
  elif [ -z "$daemon_missed" ]; then
    daemon_missed=yes
    return 1
  fi
}

node_answers () {
  call_node erlang node >/dev/null 2>&1
}

# Runs the hooks of post_start, and tells the service manager, when the system answers. Its argument is the system's
# process, with which it ends. What runs in the background here belongs to nobody: the system would not wait for it.
watch () {
  has_hooks post_start || [ -n "$NOTIFY_SOCKET" ] || return 0
  if [ "$RELEASE_DISTRIBUTION" = none ]; then
    warn "nobody can tell when $RELEASE_NAME is up without distribution: hooks of post_start do not run"
    ( (keep_watch "$1") </dev/null & )
    return 0
  fi
  ( (
    reach_node
    until node_answers; do
      process_lives "$1" || exit 0
      sleep 0.1
    done
    try_hooks post_start
    if [ "$hook_status" -eq 0 ]; then
      keep_watch "$1"
    else
      call_node init stop "[$hook_status]" >/dev/null 2>&1
    fi
  ) </dev/null & )
}

# Tells systemd that the system is ready and then, while it lives and answers, that it does: without a sign of life it
# is started again. The interval is half of what systemd allows (sd_watchdog_enabled(3)).
keep_watch () {
  [ -n "$NOTIFY_SOCKET" ] || return 0
  notify READY=1
  [ -n "$WATCHDOG_USEC" ] || return 0
  while process_lives "$1"; do
    notify WATCHDOG=1
    sleep "$((WATCHDOG_USEC / 2000000))"
  done
}

# Lets the system itself say how it is: systemd believes the process that it started. For a system that erl_call does
# not reach (without distribution, with TLS) the program of systemd says it, while the system answers as far as it can.
notify () {
  if [ "$RELEASE_DISTRIBUTION" != none ]; then
    if notify_from_node "$1"; then
      return 0
    fi
    node_answers || return 0
  fi
  systemd-notify "$1" || :
}

notify_from_node () {
  erl_call_node -e >/dev/null 2>&1 <<END
Path = case os:getenv("NOTIFY_SOCKET") of "@" ++ Name -> [0 | Name]; Name -> Name end,
{ok, Socket} = gen_udp:open(0, [local]),
ok = gen_udp:send(Socket, {local, Path}, 0, <<"$1">>),
gen_udp:close(Socket).
END
}

# Starts the system as a child, hands signals on to it, and ends as it ends.
supervise () {
  exec 3<&0
  "$@" <&3 3<&- &
  system=$!
  exec 3<&-
  # In the background: a shell that waits inside of a trap, inside of wait, may wait for ever.
  trap 'stop_system &' TERM INT
  watch "$system"
  system_status=0
  wait "$system" || system_status=$?
  # A signal ends wait, not the system.
  while process_lives "$system"; do
    system_status=0
    wait "$system" || system_status=$?
  done
  trap - TERM INT
  stop_status=$system_status
  if [ -r "$RELEASE_TMP/pre_stop-$system/failed" ]; then
    read -r stop_status <"$RELEASE_TMP/pre_stop-$system/failed"
  fi
  if [ -d "$RELEASE_TMP/pre_stop-$system" ] && claim post_stop "$system"; then
    try_hooks post_stop
    [ "$hook_status" -eq 0 ] || stop_status=$hook_status
  fi
  exit "$stop_status"
}

stop_system () {
  if claim pre_stop "$system"; then
    try_hooks pre_stop
    [ "$hook_status" -eq 0 ] || echo "$hook_status" >"$RELEASE_TMP/pre_stop-$system/failed"
  fi
  # A system that is still starting forgets that it was told to stop.
  while process_lives "$system"; do
    kill -TERM "$system" 2>/dev/null || :
    sleep 1
  done
}

# Tells whether this process is the one that runs the hooks of a point for a system: claim POINT PID.
claim () {
  mkdir -p "$RELEASE_TMP" && mkdir "$RELEASE_TMP/$1-$2" 2>/dev/null
}
