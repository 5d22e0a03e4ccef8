# shellcheck shell=sh
# Versions beside each other: unpacking, changing over, removing. Read by the commands upgrade, downgrade, versions, remove
# and switch_version. What the launcher sets comes from there.
# shellcheck disable=SC2154

upgrade_lock=$RELEASE_ROOT/releases/upgrade.lock
upgrade_started=$(date +%s)

# Options and the version or file of a command: read_upgrade_options NAME [ARGUMENT...].
read_upgrade_options () {
  upgrade_command=$1
  shift
  upgrade_what='' upgrade_json='' upgrade_how=''
  for upgrade_word; do
    case $upgrade_word in
      --json) upgrade_json=yes ;;
      --hot) upgrade_how=hot ;;
      --restart) upgrade_how=restart ;;
      -*) fail "$upgrade_command has no option $upgrade_word; it has: --hot, --restart, --json" ;;
      *)
        [ -z "$upgrade_what" ] || fail "$upgrade_command takes one version, got: $upgrade_what and $upgrade_word"
        upgrade_what=$upgrade_word
        ;;
    esac
  done
  [ -n "$upgrade_what" ] || fail "$upgrade_command needs a version that is installed here, or a release's .tar.gz:" \
    "$RELEASE_PROG $upgrade_command VERSION|FILE. Installed: $(list_versions)"
}

# The versions that are installed, in a line.
list_versions () {
  for version_dir in "$RELEASE_ROOT"/releases/*/launcher; do
    version_dir=${version_dir%/launcher}
    printf '%s ' "${version_dir##*/}"
  done
}

# Waits until no other command changes versions here; what it takes is given back when the shell ends.
lock_versions () {
  [ -w "$RELEASE_ROOT/releases" ] || fail "$RELEASE_ROOT/releases cannot be written by $(id -un): run this as its owner"
  lock_left=${RELEASE_LOCK_TIMEOUT:-600}
  until (set -C && echo "$$" >"$upgrade_lock") 2>/dev/null; do
    lock_holder=
    read -r lock_holder 2>/dev/null <"$upgrade_lock" || :
    if [ "$lock_holder" = "$$" ]; then
      break
    elif [ -n "$lock_holder" ] && ! process_lives "$lock_holder"; then
      drop_stale_lock
      continue
    fi
    [ "$lock_left" != "${RELEASE_LOCK_TIMEOUT:-600}" ] ||
      log "waiting: another upgrade is in progress here (pid ${lock_holder:-not yet known})" >&2
    [ "$lock_left" -gt 0 ] || fail "another upgrade is still in progress (pid $lock_holder); if none is: rm $upgrade_lock"
    lock_left=$((lock_left - 1))
    sleep 1
  done
  trap 'rm -f "$upgrade_lock"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Of several that find a lock whose holder is gone, one moves it away; a lock that was made anew meanwhile is put back.
drop_stale_lock () {
  mv "$upgrade_lock" "$upgrade_lock.$$" 2>/dev/null || return 0
  read -r lock_moved <"$upgrade_lock.$$" || :
  if process_lives "$lock_moved"; then
    ln "$upgrade_lock.$$" "$upgrade_lock" 2>/dev/null || :
  fi
  rm -f "$upgrade_lock.$$"
}

# Changes the files below releases/, in a VM of its own: manage_versions unpack FILE, permanent VERSION, remove VERSION.
manage_versions () {
  RELEASE_ACTION="$1" RELEASE_ARGUMENT="$2" "${erts_bin}erl" +B -noinput \
    -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" -boot_var RELEASE_LIB "$RELEASE_ROOT/lib" \
    -run escript start -extra "$REL_VSN_DIR/versions.escript"
}

# Sets upgrade_what to the version that a file holds, which is installed beside the others.
unpack_version () {
  [ -r "$upgrade_what" ] || fail "$upgrade_what cannot be read"
  log "unpacking $upgrade_what" >&2
  upgrade_what=$(manage_versions unpack "$upgrade_what") || exit 1
}

# Hands over to the launcher of the version to change to.
change_version () {
  lock_versions
  case $upgrade_what in
    */* | *.tar.gz | *.tgz) unpack_version ;;
  esac
  [ -r "$RELEASE_ROOT/releases/$upgrade_what/launcher" ] ||
    fail "$RELEASE_NAME $upgrade_what is not installed here; installed: $(list_versions)"
  [ -r "$RELEASE_ROOT/releases/$upgrade_what/commands/switch_version.sh" ] ||
    fail "$RELEASE_NAME $upgrade_what was built without upgrades: build it with this dray or a later one"
  [ -n "$node_given" ] || check_distribution
  trap - EXIT
  UPGRADE_COMMAND=$upgrade_command UPGRADE_JSON=$upgrade_json UPGRADE_HOW=$upgrade_how
  export UPGRADE_COMMAND UPGRADE_JSON UPGRADE_HOW
  exec_version "$upgrade_what" switch_version
}

# Becomes a command of another version: what this one has set for itself does not count there.
exec_version () {
  forget_version
  RELEASE_VSN=$1
  export RELEASE_VSN
  shift
  exec "$RELEASE_ROOT/bin/{{ name }}" "$@"
}

# Runs a command of another version.
run_version () {
  (exec_version "$@")
}

# Sets running_version: what runs, empty where nothing answers.
find_running_version () {
  running_version=
  running_pid=$(node_pid) || return 0
  running_version=$(call_node os getenv '["RELEASE_VSN"]') || running_version=
  running_version=${running_version#\"}
  running_version=${running_version%\"}
}

# Sets permanent_version: what the next start starts.
find_permanent_version () {
  permanent_version=
  read -r _ permanent_version <"$RELEASE_ROOT/releases/start_erl.data" || :
}

# Changes over to this version, from whatever runs.
switch_version () {
  upgrade_to=$RELEASE_VSN
  upgrade_mode='' upgrade_reasons='' upgrade_did=''
  upgrade_command=${UPGRADE_COMMAND:-upgrade} upgrade_json=$UPGRADE_JSON upgrade_how=$UPGRADE_HOW
  lock_versions
  check_distribution
  find_permanent_version
  find_running_version
  upgrade_from=${running_version:-$permanent_version}
  if [ -z "$running_version" ]; then
    ! daemon_lives || fail "$RELEASE_NAME does not answer yet, or not any more; its log is in $RELEASE_TMP/log"
    manage_versions permanent "$upgrade_to" || exit 1
    report_upgrade none "$RELEASE_NAME does not run; its next start starts $upgrade_to"
  elif [ "$running_version" = "$upgrade_to" ]; then
    [ "$permanent_version" = "$upgrade_to" ] || settle_version
    report_upgrade none "$RELEASE_NAME $upgrade_to runs already"
  fi
  [ "$permanent_version" = "$running_version" ] || settle_running
  keep_environment
  find_verdict
  if [ "$upgrade_how" = hot ] && [ "$upgrade_mode" != hot ]; then
    fail_upgrade "it cannot be done without a restart, as --hot wants it" "$upgrade_from runs as before"
  fi
  [ "$upgrade_how" != restart ] || {
    upgrade_mode=restart
    add_reason 'asked for: --restart'
  }
  [ "$upgrade_mode" != hot ] || upgrade_hot
  upgrade_by_restart
}

# Sets upgrade_mode, upgrade_reasons and relup_version by what was found out when the newer version was built.
find_verdict () {
  relup_version=$upgrade_to
  verdict_file=$RELEASE_ROOT/releases/$upgrade_to/upgrade/from/$upgrade_from
  if [ ! -r "$verdict_file" ]; then
    relup_version=$upgrade_from
    verdict_file=$RELEASE_ROOT/releases/$upgrade_from/upgrade/from/$upgrade_to
  fi
  upgrade_mode=restart
  if [ ! -r "$verdict_file" ]; then
    add_reason "neither version was built with an upgrade from the other: upgrade(from_=...) in rel/config.py"
    return 0
  fi
  {
    read -r upgrade_mode || :
    while IFS= read -r verdict_line; do add_reason "$verdict_line"; done
  } <"$verdict_file"
}

add_reason () {
  upgrade_reasons=$upgrade_reasons$1'
'
}

# The variables and the folder of the running system, as a script, so that the new version is configured as it was: what
# they are for whoever upgrades is another matter. Variables that only the command has count, too. Where erl_call does not
# reach the node, those of the command have to do.
# shellcheck disable=SC2016 # the expression is Erlang's
keep_environment () {
  environment_file=$RELEASE_TMP/environment-$$.sh
  trap 'rm -f "$upgrade_lock" "$environment_file"' EXIT
  (umask 077 && mkdir -p "$RELEASE_TMP" && : >"$environment_file") ||
    fail_upgrade "$RELEASE_TMP cannot be written" "$upgrade_from runs as before"
  need_cookie
  erl_call_node -e >/dev/null 2>&1 <<END || :
Quote = fun(Text) -> [39, string:replace(Text, [39], [39, 92, 39, 39], all), 39] end,
Own = ["RELEASE_ROOT", "RELEASE_VSN", "RELEASE_PROG", "RELEASE_COMMAND", "RELEASE_VM_ARGS", "RELEASE_REMOTE_VM_ARGS",
       "RELEASE_SYS_CONFIG", "RELEASE_BOOT_SCRIPT", "RELEASE_BOOT_SCRIPT_CLEAN", "RELDIR", "BINDIR", "ROOTDIR", "EMU",
       "PROGNAME", "NOTIFY_SOCKET", "ERL_ZFLAGS", "PWD", "OLDPWD", "SHLVL", "_"],
{ok, Folder} = file:get_cwd(),
Lines = [["export ", Name, "=", Quote(Value), 10] || {Name, Value} <- os:env(), not lists:member(Name, Own),
         re:run(Name, "^[A-Za-z_][A-Za-z0-9_]*\$", [{capture, none}]) =:= match],
ok = file:write_file("$environment_file", unicode:characters_to_binary([Lines, "cd ", Quote(Folder), 10])).
END
  [ -s "$environment_file" ] || warn "the variables of the running system are not known here; those of this command count"
}

# Installs the new version into the running system; returns where that is impossible, and nothing has been touched.
upgrade_hot () {
  need_cookie
  reach_node
  need_sys_config
  upgrade_hook=
  if has_hooks pre_upgrade || has_hooks status; then upgrade_hook=$RELEASE_ROOT/bin/{{ name }}; fi
  hot_status=0
  hot_output=$(
    # shellcheck source=/dev/null
    . "$environment_file"
    DRAY_NODE=$RELEASE_NODE DRAY_FROM=$upgrade_from DRAY_RELUP=$relup_version DRAY_HOOK=$upgrade_hook \
      "${erts_bin}erl" -noinput -hidden -mode interactive \
      "-$RELEASE_DISTRIBUTION" "upgrade-$$-$RELEASE_NODE" -setcookie "$RELEASE_COOKIE" \
      -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" -boot_var RELEASE_LIB "$RELEASE_ROOT/lib" \
      -config "$RELEASE_SYS_CONFIG" -args_file "$RELEASE_REMOTE_VM_ARGS" \
      -pa "$RELEASE_ROOT/releases/$relup_version/upgrade" -s dray_upgrade main
  ) || hot_status=$?
  hot_failed=
  while IFS= read -r hot_line; do
    case $hot_line in
      'reason '*) add_reason "${hot_line#reason }" ;;
      'did '*) upgrade_did="$upgrade_did${hot_line#did }
" ;;
      'failed '*) hot_failed="$hot_failed${hot_failed:+; }${hot_line#failed }" ;;
      '') ;;
      *) log "$hot_line" >&2 ;;
    esac
  done <<END
$hot_output
END
  case $hot_status in
    0) finish_upgrade ;;
    10)
      [ "$upgrade_how" != hot ] ||
        fail_upgrade "it cannot be done without a restart, as --hot wants it" "$upgrade_from runs as before"
      upgrade_mode=restart
      ;;
    11) return_to_old "${hot_failed:-the node went away}" ;;
    *)
      fail_upgrade "${hot_failed:-the configuration of $upgrade_to could not be computed, as it says above}" \
        "$upgrade_from runs as before"
      ;;
  esac
}

# Behind the point of no return the node restarts by itself, with what is permanent: the old version.
return_to_old () {
  log "$RELEASE_NAME restarts with $upgrade_from" >&2
  if ! wait_for_version "$upgrade_from" "${RELEASE_START_TIMEOUT:-300}"; then
    fail_upgrade "$1" "and $upgrade_from did not come back within ${RELEASE_START_TIMEOUT:-300} s"
  fi
  fail_upgrade "$1" "$upgrade_from runs again, after a restart"
}

# Stops the old version and starts the new one. It is on trial until it is found healthy: were it to end before, the next
# start would start the old one.
upgrade_by_restart () {
  log "$RELEASE_NAME $upgrade_from -> $upgrade_to needs a restart:" >&2
  printf '%s' "$upgrade_reasons" | sed 's/^/  /' >&2
  # shellcheck source=/dev/null
  (. "$environment_file" && run_version "$upgrade_to" eval {{ "':ok'" if language == "elixir" else "ok" }}) >&2 ||
    fail_upgrade "the configuration of $upgrade_to could not be computed, as it says above" "$upgrade_from runs as before"
  try_hooks pre_upgrade
  [ "$hook_status" -eq 0 ] || fail_upgrade "a hook of pre_upgrade failed" "$upgrade_from runs as before"
  remember_start
  mkdir -p "$RELEASE_TMP" && printf '%s\n' "$upgrade_to" >"$RELEASE_TMP/trial.$$" &&
    mv "$RELEASE_TMP/trial.$$" "$RELEASE_TMP/trial" ||
    fail_upgrade "$RELEASE_TMP cannot be written" "$upgrade_from runs as before"
  if ! (RELEASE_STOP_STATUS=75 && export RELEASE_STOP_STATUS && run_version "$upgrade_from" stop); then
    rm -f "$RELEASE_TMP/trial"
    fail_upgrade "$upgrade_from could not be stopped" "it goes on"
  fi
  start_again
  if wait_for_version "$upgrade_to" "${RELEASE_START_TIMEOUT:-300}" && is_healthy; then
    settle_version
    finish_upgrade
  fi
  go_back
}

# How the running system was started: in the background by daemon, with which variables and in which folder; or by
# whoever started it in the foreground, a service manager, who starts it again.
remember_start () {
  start_command=$(call_node os getenv '["RELEASE_COMMAND"]') || start_command=
  start_command=${start_command#\"}
  start_command=${start_command%\"}
}

# Starts what was started in the background; a service manager does so by itself.
start_again () {
  case $start_command in
    daemon*)
      (
        forget_version
        unset RELEASE_VSN
        # shellcheck source=/dev/null
        . "$environment_file"
        exec "$RELEASE_ROOT/bin/{{ name }}" "$start_command"
      ) || :
      ;;
    *) log "waiting for the service manager to start $RELEASE_NAME again" >&2 ;;
  esac
}

# Waits until a version has started whole; fails when another one does, or the time is over.
wait_for_version () {
  wait_version=$1
  wait_limit=$(($(date +%s) + $2))
  wait_missed=0
  while [ "$(date +%s)" -lt "$wait_limit" ]; do
    find_running_version
    if [ "$running_version" = "$wait_version" ]; then
      case $(call_node init get_status) in
        '{started,'*) return 0 ;;
      esac
    elif [ -n "$running_version" ] && [ "$upgrade_mode" = restart ]; then
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
  try_hooks status
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

# Makes the running version the one that the next start starts.
settle_version () {
  manage_versions permanent "$upgrade_to" || fail_upgrade "$upgrade_to runs and could not be made permanent" \
    "the next start would start $permanent_version"
  restart_release_handler
}

# A system that was killed while it changed over may run what its files do not say.
settle_running () {
  manage_versions permanent "$running_version" || exit 1
  restart_release_handler
}

# release_handler reads its files when it starts.
restart_release_handler () {
  call_node supervisor terminate_child '[sasl_sup,release_handler]' >/dev/null 2>&1 || :
  call_node supervisor restart_child '[sasl_sup,release_handler]' >/dev/null 2>&1 || :
}

finish_upgrade () {
  try_hooks post_upgrade
  [ "$hook_status" -eq 0 ] || fail_upgrade "a hook of post_upgrade failed" "$upgrade_to runs"
  find_running_version
  report_upgrade "$upgrade_mode" "$RELEASE_NAME $upgrade_from -> $upgrade_to, $(describe_mode)"
}

describe_mode () {
  if [ "$upgrade_mode" = hot ]; then
    echo "in the running system (pid $running_pid)"
  else
    echo "by a restart (pid $running_pid)"
  fi
}

# Says what came of it, and ends: report_upgrade MODE TEXT.
report_upgrade () {
  if [ -n "$upgrade_json" ]; then
    print_report "$1" done ''
  else
    log "$2"
    [ -z "$upgrade_did" ] || printf '%s' "$upgrade_did" | sed 's/^/  /'
  fi
  exit 0
}

# fail_upgrade WHAT STATE.
fail_upgrade () {
  [ -z "$upgrade_json" ] || print_report "${upgrade_mode:-none}" failed "$1; $2"
  if [ "$upgrade_mode" != hot ] && [ "$upgrade_how" = hot ]; then
    printf '%s' "$upgrade_reasons" | sed 's/^/  /' >&2
  fi
  fail "$upgrade_command to $upgrade_to: $1; $2"
}

print_report () {
  printf '{"name": %s, "from": %s, "to": %s, "mode": "%s", "result": "%s", "reasons": [%s], "did": [%s]' \
    "$(json_text "$RELEASE_NAME")" "$(json_text "$upgrade_from")" "$(json_text "$upgrade_to")" "$1" "$2" \
    "$(json_list "$upgrade_reasons")" "$(json_list "$upgrade_did")"
  [ -z "$3" ] || printf ', "error": %s' "$(json_text "$3")"
  printf ', "seconds": %s}\n' "$(($(date +%s) - upgrade_started))"
}

json_text () {
  printf '"%s"' "$(printf '%s' "$1" | tr '\n\t' '  ' | sed 's/[\\"]/\\&/g')"
}

json_list () {
  json_comma=
  printf '%s' "$1" | while IFS= read -r json_line; do
    printf '%s%s' "$json_comma" "$(json_text "$json_line")"
    json_comma=', '
  done
}
