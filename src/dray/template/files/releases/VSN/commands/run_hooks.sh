# shellcheck shell=sh
# run_hooks POINT: The hooks that an upgrade runs from inside of Erlang
exec >&2
run_hooks "$2"
