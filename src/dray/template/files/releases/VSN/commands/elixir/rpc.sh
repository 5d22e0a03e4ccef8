# shellcheck shell=sh
# rpc "EXPR": Executes the given expression remotely on the running system
[ -n "$2" ] || fail "RPC expects an expression as argument"
check_reachable
remotely elixir rpc --rpc-eval "$RELEASE_NODE" "$2"
