# shellcheck shell=sh
# daemon_iex: Starts the system as a daemon with IEx attached
prepare_daemon
start iex --pipe-to "$RELEASE_TMP/pipe" "$RELEASE_TMP/log"
