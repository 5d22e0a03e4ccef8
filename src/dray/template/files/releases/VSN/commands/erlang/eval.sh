# shellcheck shell=sh
# eval "EXPR": Executes the given expression on a new, non-booted system
[ -n "$2" ] || fail "EVAL expects an expression as argument"
case $2 in
  *.) RELEASE_EXPRESSION=$2 ;;
  *) RELEASE_EXPRESSION=$2. ;;
esac
export RELEASE_EXPRESSION
shift 2
need_cookie try
need_sys_config
set -- -extra "$@"
[ -z "$RELEASE_COOKIE" ] || set -- -setcookie "$RELEASE_COOKIE" "$@"
exec "${erts_bin}erl" \
  -noshell -noinput \
  -config "$RELEASE_SYS_CONFIG" \
  -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
  -boot_var RELEASE_LIB "$RELEASE_ROOT/lib" \
  -args_file "$RELEASE_VM_ARGS" \
  -eval '
    try
        {ok, Tokens, _} = erl_scan:string(os:getenv("RELEASE_EXPRESSION")),
        {ok, Expressions} = erl_parse:parse_exprs(Tokens),
        erl_eval:exprs(Expressions, []),
        halt(0)
    catch
        Class:Reason:Stack ->
            io:format(standard_error, "~ts~n", [erl_error:format_exception(Class, Reason, Stack)]),
            halt(1)
    end.' \
  "$@"
