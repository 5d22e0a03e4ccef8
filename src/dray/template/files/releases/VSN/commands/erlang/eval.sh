# shellcheck shell=sh
# eval "EXPR": Executes the given expression on a new, non-booted system
[ -n "$2" ] || fail "EVAL expects an expression as argument"
expression=$2
shift 2
need_cookie make
need_sys_config
exec "${erts_bin}erl" \
  -noshell -noinput \
  -setcookie "$RELEASE_COOKIE" \
  -config "$RELEASE_SYS_CONFIG" \
  -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
  -boot_var RELEASE_LIB "$RELEASE_ROOT/lib" \
  -args_file "$RELEASE_VM_ARGS" \
  -eval "$expression" -s erlang halt -extra "$@"
