# shellcheck shell=sh
# switch_version: The part of upgrade and downgrade that belongs to the version they lead to
# shellcheck source=/dev/null
. "$REL_VSN_DIR/upgrade.sh"
switch_version
