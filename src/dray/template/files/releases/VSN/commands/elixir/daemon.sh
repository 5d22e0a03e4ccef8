# shellcheck shell=sh
# daemon: Starts the system as a daemon
start elixir --no-halt --pipe-to "$RELEASE_TMP/pipe" "$RELEASE_TMP/log"
