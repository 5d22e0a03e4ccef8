# shellcheck shell=sh
# Changes over to this version, from whatever runs: hot (hot.sh), or by a restart (restart.sh). Read by switch_version.
# What the launcher sets comes from there.
# shellcheck disable=SC2154

# Changes over to this version, from whatever runs.
switch_version () {
  upgrade_to=$RELEASE_VSN
  upgrade_mode='' upgrade_reasons='' upgrade_did=''
  upgrade_command=${UPGRADE_COMMAND:-upgrade} upgrade_json=${UPGRADE_JSON:-} upgrade_how=${UPGRADE_HOW:-}
  lock_versions
  check_distribution
  find_permanent_version
  wait_for_release_handler
  find_running_version
  upgrade_from=${running_version:-$permanent_version}
  if [ "$RELEASE_DISTRIBUTION" = none ]; then
    manage_versions permanent "$upgrade_to" || exit 1
    report_upgrade none "$RELEASE_NAME has no distribution and cannot be asked; its next start starts $upgrade_to"
  elif [ -z "$running_version" ]; then
    ! daemon_lives || fail "$RELEASE_NAME does not answer yet, or not any more; its log is in $RELEASE_TMP/log"
    manage_versions permanent "$upgrade_to" || exit 1
    report_upgrade none "$RELEASE_NAME does not run; its next start starts $upgrade_to"
  elif [ "$running_version" = "$upgrade_to" ]; then
    [ "$permanent_version" = "$upgrade_to" ] || settle_running
    report_upgrade none "$RELEASE_NAME $upgrade_to runs already"
  fi
  [ "$permanent_version" = "$running_version" ] || settle_running
  make_folder
  keep_environment
  find_verdict
  if [ "$upgrade_how" = hot ] && [ "$upgrade_mode" != hot ]; then
    fail_upgrade "it cannot be done without a restart, as --hot wants it" "$upgrade_from runs as before"
  fi
  [ "$upgrade_how" != restart ] || {
    upgrade_mode=restart upgrade_reasons=
    add_reason 'asked for: --restart'
  }
  [ "$upgrade_mode" != hot ] || upgrade_hot
  [ "$upgrade_how" != check ] || report_check
  upgrade_by_restart
}

# The system goes on with an upgrade whose driver is gone; what runs is known when it has done so.
wait_for_release_handler () {
  (call_node release_handler which_releases) >/dev/null 2>&1 || :
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
  if [ "$running_root" != "$RELEASE_ROOT" ]; then
    add_reason "the system was started from $running_root"
    return 0
  fi
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

# The variables and the folder of the running system, and how it was started, in the background by daemon or by whoever
# starts it again, as a script, so that the new version is configured as it was: what
# they are for whoever upgrades is another matter. Variables that only the command has count, too. Where erl_call does not
# reach the node, those of the command have to do.
# shellcheck disable=SC2016 # the expression is Erlang's
keep_environment () {
  environment_file=$upgrade_folder/environment.sh
  need_cookie
  erl_call_node -e >/dev/null 2>&1 <<END || :
Quote = fun(Text) -> [39, string:replace(Text, [39], [39, 92, 39, 39], all), 39] end,
Own = ["RELEASE_ROOT", "RELEASE_VSN", "RELEASE_PROG", "RELEASE_COMMAND", "RELEASE_VM_ARGS", "RELEASE_REMOTE_VM_ARGS",
       "RELEASE_SYS_CONFIG", "RELEASE_BOOT_SCRIPT", "RELEASE_BOOT_SCRIPT_CLEAN", "RELDIR", "BINDIR", "ROOTDIR", "EMU",
       "PROGNAME", "NOTIFY_SOCKET", "ERL_ZFLAGS", "PWD", "OLDPWD", "SHLVL", "_"],
{ok, Folder} = file:get_cwd(),
Command = ["start_command=", os:getenv("RELEASE_COMMAND", ""), 10],
Lines = [["export ", Name, "=", Quote(Value), 10] || {Name, Value} <- os:env(), not lists:member(Name, Own),
         re:run(Name, "^[A-Za-z_][A-Za-z0-9_]*\$", [{capture, none}]) =:= match],
Process = ["running_pid=", os:getpid(), 10, "running_root=", os:getenv("RELEASE_ROOT", ""), 10],
ok = file:write_file("$environment_file",
                     unicode:characters_to_binary([Command, Process, Lines, "cd ", Quote(Folder), 10])).
END
  if [ -s "$environment_file" ]; then
    {
      read -r start_command
      read -r running_pid
      read -r running_root
    } <"$environment_file"
    start_command=${start_command#start_command=}
    running_pid=${running_pid#running_pid=}
    running_root=${running_root#running_root=}
  else
    running_root=$RELEASE_ROOT
    warn "the variables of the running system are not known here; those of this command count"
    : >"$environment_file"
    running_pid=$(node_pid) || running_pid=
    start_command=$(call_node os getenv '["RELEASE_COMMAND"]') || start_command=
    start_command=${start_command#\"}
    start_command=${start_command%\"}
  fi
}

# Sets upgrade_folder: where the system and its upgrade write what nobody else may read.
make_folder () {
  upgrade_folder=$RELEASE_TMP/upgrade-$upgrade_to
  { rm -rf "$upgrade_folder" && (umask 077 && mkdir -p "$upgrade_folder") && give_file "$upgrade_folder"; } ||
    fail_upgrade "$RELEASE_TMP cannot be written" "$upgrade_from runs as before"
}

# Gives a file to the user that the system runs as, to whom its folder belongs: whoever upgrades may be root.
give_file () {
  # shellcheck disable=SC2046,SC2012 # the words of one line; the folder is dray's own
  set -- "$1" $(ls -ldn "$RELEASE_TMP")
  [ "$4" = "$(id -u)" ] || chown "$4:$5" "$1"
}

# For tests: where DRAY_STOP_AT is "STEP launcher" or "STEP node", this step is where that one is killed, the node of
# whichever version runs by then.
reach_step () {
  case $DRAY_STOP_AT in
    "$1 launcher") kill -KILL $$ ;;
    "$1 node")
      stop_pid=$(node_pid) || return 0
      kill -KILL "$stop_pid"
      while process_lives "$stop_pid"; do sleep 0.05; done
      ;;
  esac
}

# Makes the running version the one that the next start starts. An upgrade that was ended before it was done leaves a
# system that runs what its files do not say.
settle_running () {
  manage_versions permanent "$running_version" || fail_upgrade "$running_version runs and could not be made permanent" \
    "the next start would start $permanent_version"
  permanent_version=$running_version
  restart_release_handler
  # By what it would start, not by what it was started with: a system that came back to that was told otherwise since.
  case $(call_node init get_argument '[boot]' 2>/dev/null) in
    *"/releases/$running_version/start\""*) ;;
    *) settle_restart ;;
  esac
}

# Makes the new version known to release_handler where the system itself may not write what it knows.
register_version () {
  manage_versions register "$upgrade_to" ||
    fail_upgrade "$RELEASE_ROOT/releases cannot be written" "$upgrade_from runs as before"
  restart_release_handler
}

# What a restart inside of its process starts is what the system was started with, unless it is told otherwise. One that
# has gone away needs to be told nothing, nor the one that a service manager has started instead.
settle_restart () {
  settle_version=$running_version
  find_running_version
  [ "$running_version" = "$settle_version" ] || return 0
  settle_config=$(call_node os getenv '["RELEASE_SYS_CONFIG"]' 2>/dev/null) || return 0
  call_node init make_permanent "[\"$RELEASE_ROOT/releases/$running_version/start\",$settle_config]" \
    >/dev/null 2>&1 || :
}

finish_upgrade () {
  find_running_version
  [ "$running_version" = "$upgrade_to" ] ||
    fail_upgrade "the system went away when it was done" "the next start starts $upgrade_to"
  run_upgrade_hooks post_upgrade
  [ "$hook_status" -eq 0 ] || fail_upgrade "a hook of post_upgrade failed" "$upgrade_to runs"
  report_upgrade "$upgrade_mode" "$RELEASE_NAME $upgrade_from -> $upgrade_to, $(describe_mode)"
}

# Runs the hooks of a point with the variables of the running system, and sets hook_status. What they print is no report.
run_upgrade_hooks () {
  hook_status=0
  has_hooks "$1" || return 0
  (
    # shellcheck source=/dev/null
    . "$environment_file"
    exec "$RELEASE_ROOT/bin/{{ name }}" run_hooks "$1"
  ) || hook_status=$?
}

# What --check found: how it would be done; nothing has changed.
report_check () {
  if [ "$upgrade_mode" = hot ]; then
    report_upgrade hot "$RELEASE_NAME $upgrade_from -> $upgrade_to can be done in the running system"
  else
    upgrade_did=$upgrade_reasons
    report_upgrade restart "$RELEASE_NAME $upgrade_from -> $upgrade_to needs a restart:"
  fi
}

describe_mode () {
  if [ "$upgrade_mode" = hot ]; then
    echo "in the running system (pid $running_pid)"
  else
    echo "by a restart (pid $(node_pid))"
  fi
}

# Says what came of it, and ends: report_upgrade MODE TEXT.
report_upgrade () {
  if [ -n "$upgrade_json" ]; then
    print_report "$1" "$([ "$upgrade_how" = check ] && echo checked || echo "done")" ''
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
