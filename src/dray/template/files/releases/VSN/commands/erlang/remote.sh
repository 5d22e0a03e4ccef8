# shellcheck shell=sh
# remote: Connects to the running system via a remote shell
check_reachable
need_cookie
exec "${erts_bin}erl" \
  "-$RELEASE_DISTRIBUTION" "rem-$$-$RELEASE_NODE" \
  -hidden \
  -setcookie "$RELEASE_COOKIE" \
  -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
  -boot_var RELEASE_LIB "$RELEASE_ROOT/lib" \
  -args_file "$RELEASE_REMOTE_VM_ARGS" \
  -remsh "$RELEASE_NODE"
