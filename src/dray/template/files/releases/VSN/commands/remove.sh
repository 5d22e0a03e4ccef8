# shellcheck shell=sh
# remove VERSION: Removes a version that neither runs nor is the one that the next start starts
# shellcheck source=/dev/null
. "$REL_VSN_DIR/upgrade/versions.sh"
[ -n "$2" ] || fail "remove needs a version. Installed: $(list_versions)"
lock_versions
look_at_versions
case $2 in
  */* | '') fail "remove takes a version, got: $2" ;;
  "$permanent_version") fail "$2 is the version that the next start starts" ;;
  "$running_version") fail "$2 is running" ;;
esac
[ -d "$RELEASE_ROOT/releases/$2" ] || fail "$RELEASE_NAME $2 is not installed here; installed: $(list_versions)"
manage_versions remove "$2"
[ -z "$running_version" ] || restart_release_handler
