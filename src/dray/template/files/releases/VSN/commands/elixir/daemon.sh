# shellcheck shell=sh
# daemon: Starts the system as a daemon
prepare_daemon
start elixir --no-halt --pipe-to "$RELEASE_TMP/pipe" "$RELEASE_TMP/log"
