# shellcheck shell=sh
# epmd: Runs the port mapper by which nodes find each other, in the foreground; nothing where none is needed
if [ "$RELEASE_DISTRIBUTION" = none ] || [ -n "$cluster_port" ]; then
  echo "$RELEASE_NAME needs no port mapper: it has no distribution, or a fixed port"
  exit 0
fi
choose_node
limit_port_mapper
shift
exec "${erts_bin}epmd" "$@"
