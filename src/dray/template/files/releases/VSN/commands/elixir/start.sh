# shellcheck shell=sh
# start: Starts the system
start elixir --no-halt
