# shellcheck shell=sh
# Versions beside each other: which there are, unpacking, removing, handing over from one to another. Read by the commands
# upgrade, downgrade, versions, remove and switch_version.
# What the launcher sets comes from there.
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
      --check) upgrade_how=check ;;
      -*) fail "$upgrade_command has no option $upgrade_word; it has: --check, --hot, --restart, --json" ;;
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
    find_lock_holder "$upgrade_lock"
    if [ "$lock_holder" = "$$" ]; then
      break
    elif [ "$lock_holder" = none ]; then
      drop_stale_lock
      continue
    fi
    [ "$lock_left" != "${RELEASE_LOCK_TIMEOUT:-600}" ] ||
      log "waiting: another upgrade is in progress here (pid ${lock_holder:-not yet known})" >&2
    [ "$lock_left" -gt 0 ] || fail "another upgrade is still in progress (pid $lock_holder); if none is: rm $upgrade_lock"
    lock_left=$((lock_left - 1))
    sleep 1
  done
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Takes away what an upgrade needs for itself.
clean_up () {
  rm -rf "$upgrade_lock" ${upgrade_folder:+"$upgrade_folder"} ${driver_sys_config:+"$driver_sys_config"}
}

# Sets lock_holder: a process that holds a lock and lives, the launcher's or that of its driver; "none" where all that
# held it are gone; empty where it is not written yet.
find_lock_holder () {
  lock_holder=
  while read -r lock_process; do
    if process_lives "$lock_process"; then
      lock_holder=$lock_process
      return 0
    fi
    lock_holder=none
  done 2>/dev/null <"$1" || :
}

# Of several that find a lock whose holder is gone, one moves it away; a lock that was made anew meanwhile is put back.
drop_stale_lock () {
  mv "$upgrade_lock" "$upgrade_lock.$$" 2>/dev/null || return 0
  find_lock_holder "$upgrade_lock.$$"
  [ "$lock_holder" = none ] || ln "$upgrade_lock.$$" "$upgrade_lock" 2>/dev/null || :
  rm -f "$upgrade_lock.$$"
}

# Changes the files below releases/, in a VM of its own: manage_versions unpack FILE, register VERSION, permanent VERSION,
# remove VERSION.
manage_versions () {
  VERSIONS_ACTION="$1" VERSIONS_ARGUMENT="$2" "${erts_bin}erl" +B -noinput \
    -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" -boot_var RELEASE_LIB "$RELEASE_ROOT/lib" \
    -run escript start -extra "$REL_VSN_DIR/upgrade/versions.escript"
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
  running_version=$(call_node os getenv '["RELEASE_VSN"]' 2>/dev/null) || running_version=
  running_version=${running_version#\"}
  running_version=${running_version%\"}
}

# Sets permanent_version: what the next start starts.
find_permanent_version () {
  permanent_version=
  read -r _ permanent_version <"$RELEASE_ROOT/releases/start_erl.data" || :
}

# Sets both; a system without distribution cannot be asked.
look_at_versions () {
  check_distribution
  find_permanent_version
  running_version=
  [ "$RELEASE_DISTRIBUTION" = none ] || {
    reach_node
    find_running_version
  }
}

# release_handler reads its files when it starts.
restart_release_handler () {
  call_node supervisor terminate_child '[sasl_sup,release_handler]' >/dev/null 2>&1 || :
  call_node supervisor restart_child '[sasl_sup,release_handler]' >/dev/null 2>&1 || :
}
