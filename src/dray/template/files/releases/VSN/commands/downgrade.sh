# shellcheck shell=sh
# downgrade VERSION: Takes the running system back to a version that is still installed
# shellcheck source=/dev/null
. "$REL_VSN_DIR/upgrade/versions.sh"
read_upgrade_options "$@"
change_version
