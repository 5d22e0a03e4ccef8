# shellcheck shell=sh
# rpc "EXPR": Executes the given expression remotely on the running system and prints its result
[ -n "$2" ] || fail "RPC expects an expression as argument"
check_reachable
need_cookie
[ -z "$cluster_tls" ] || fail "rpc does not speak TLS: use $RELEASE_PROG remote"
case $2 in
  *.) expression=$2 ;;
  *) expression="$2." ;;
esac
result=$(log "$expression" |
  erl_call_node -fetch_stdout -e) || not_running
case $result in
  *"{ok, "*) log "$result" ;;
  *) fail "$result" ;;
esac
