# shellcheck shell=sh
# daemon: Starts the system as a daemon
start daemon
