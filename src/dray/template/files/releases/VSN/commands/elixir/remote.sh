# shellcheck shell=sh
# remote: Connects to the running system via a remote shell
check_reachable
remotely iex rem --remsh "$RELEASE_NODE"
