# shellcheck shell=sh
# Installs this version into the running system. Read by switch_version.
# What the launcher sets comes from there.
# shellcheck disable=SC2154

# Installs the new version into the running system; returns where that is impossible, and nothing has been touched.
upgrade_hot () {
  need_cookie
  reach_node
  need_sys_config
  keep_sys_config
  upgrade_hook=
  if has_hooks pre_upgrade || has_hooks status; then upgrade_hook=$RELEASE_ROOT/bin/{{ name }}; fi
  hot_status=0
  hot_output=$(
    # shellcheck source=/dev/null
    . "$environment_file"
    [ "$upgrade_how" != check ] || export DRAY_CHECK=yes
    [ -z "$DRAY_STOP_AT" ] || export DRAY_LAUNCHER=$$
    ERL_CRASH_DUMP_SECONDS=0 DRAY_NODE=$RELEASE_NODE DRAY_FROM=$upgrade_from DRAY_RELUP=$relup_version \
      DRAY_HOOK=$upgrade_hook DRAY_FOLDER=$upgrade_folder/releases DRAY_SYS_CONFIG=$node_sys_config DRAY_LOCK=$upgrade_lock \
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
  if [ "$hot_status" -ne 0 ] || [ "$upgrade_how" = check ]; then drop_sys_config; fi
  case $hot_status in
    0)
      [ "$upgrade_how" != check ] || return 0
      finish_upgrade
      ;;
    10)
      [ "$upgrade_how" != hot ] ||
        fail_upgrade "it cannot be done without a restart, as --hot wants it" "$upgrade_from runs as before"
      upgrade_mode=restart
      ;;
    11) return_to_old "${hot_failed:-the node went away}" ;;
    12 | 13)
      [ "$hot_again" != "$hot_status" ] || fail_upgrade "$hot_failed" "$upgrade_from runs as before"
      hot_again=$hot_status
      if [ "$hot_status" = 12 ]; then settle_running; else register_version; fi
      upgrade_hot
      ;;
    14)
      find_running_version
      settle_running
      finish_upgrade
      ;;
    *)
      fail_upgrade "${hot_failed:-the configuration of $upgrade_to could not be computed, as it says above}" \
        "$upgrade_from runs as before"
      ;;
  esac
}

# A configuration that is computed while the system boots is written to, and read again when the system restarts inside
# of its process: the node gets a copy of its own, as one that was started with this version has.
keep_sys_config () {
  node_sys_config=$RELEASE_SYS_CONFIG
  case $RELEASE_SYS_CONFIG in
    "$RELEASE_TMP"/*.runtime)
      node_sys_config=$RELEASE_TMP/$RELEASE_NAME-$RELEASE_VSN-of-$running_pid.runtime
      driver_sys_config=$RELEASE_SYS_CONFIG.config
      (umask 077 && cat "$RELEASE_SYS_CONFIG.config" >"$node_sys_config.config" && give_file "$node_sys_config.config") ||
        fail_upgrade "$RELEASE_TMP cannot be written" "$upgrade_from runs as before"
      ;;
  esac
}

drop_sys_config () {
  [ "$node_sys_config" = "$RELEASE_SYS_CONFIG" ] || rm -f "$node_sys_config.config"
}

# Behind the point of no return the node restarts by itself, with what is permanent: the old version. One that has ended
# altogether is started again as it was started before.
return_to_old () {
  log "$RELEASE_NAME restarts with $upgrade_from" >&2
  if ! wait_for_version "$upgrade_from" "${RELEASE_START_TIMEOUT:-300}"; then
    start_again
    wait_for_version "$upgrade_from" "${RELEASE_START_TIMEOUT:-300}" ||
      fail_upgrade "$1" "and $upgrade_from did not come back: start it as you started it before"
  fi
  fail_upgrade "$1" "$upgrade_from runs again, after a restart"
}
