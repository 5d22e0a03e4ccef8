# shellcheck shell=sh
# console: Starts the system with an Erlang shell attached
start erl
