# shellcheck shell=sh
# start_iex: Starts the system with IEx attached
start iex
