# shellcheck shell=sh
# start: Starts the system
start erl -noshell -noinput
