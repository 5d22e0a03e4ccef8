# shellcheck shell=sh
# upgrade VERSION|FILE: Takes the running system to another version, without a restart where that is possible
# shellcheck source=/dev/null
. "$REL_VSN_DIR/upgrade/versions.sh"
read_upgrade_options "$@"
change_version
