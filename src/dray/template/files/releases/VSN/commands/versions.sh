# shellcheck shell=sh
# versions: Lists the versions that are installed: which one runs, and which one the next start starts
# shellcheck source=/dev/null
. "$REL_VSN_DIR/upgrade/versions.sh"
look_at_versions
for version in $(list_versions); do
  version_notes=
  [ "$version" != "$running_version" ] || version_notes='running'
  [ "$version" != "$permanent_version" ] || version_notes="$version_notes${version_notes:+, }permanent"
  for version_from in "$RELEASE_ROOT/releases/$version/upgrade/from/"*; do
    [ -r "$version_from" ] || continue
    read -r version_mode <"$version_from"
    version_notes="$version_notes${version_notes:+, }$version_mode from ${version_from##*/}"
  done
  printf '%-24s %s\n' "$version" "$version_notes"
done
