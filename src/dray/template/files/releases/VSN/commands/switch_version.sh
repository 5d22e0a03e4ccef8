# shellcheck shell=sh
# switch_version: The part of upgrade and downgrade that belongs to the version they lead to
for part in versions change hot restart; do
  # shellcheck source=/dev/null
  . "$REL_VSN_DIR/upgrade/$part.sh"
done
switch_version
