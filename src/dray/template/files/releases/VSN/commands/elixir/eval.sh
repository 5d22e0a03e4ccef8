# shellcheck shell=sh
# eval "EXPR": Executes the given expression on a new, non-booted system
[ -n "$2" ] || fail "EVAL expects an expression as argument"
expression=$2
shift 2
need_cookie try
need_sys_config
set -- --eval "$expression" -- "$@"
[ -z "$RELEASE_COOKIE" ] || set -- --cookie "$RELEASE_COOKIE" "$@"
exec "$REL_VSN_DIR/elixir" \
  --erl-config "$RELEASE_SYS_CONFIG" \
  --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
  --boot-var RELEASE_LIB "$RELEASE_ROOT/lib" \
  --vm-args "$RELEASE_VM_ARGS" \
  "$@"
