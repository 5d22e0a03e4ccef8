# shellcheck shell=sh
# remote: Connects to the running system via a remote shell
remotely iex rem --remsh "$RELEASE_NODE"
