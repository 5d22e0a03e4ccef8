# HOST_NOFILE: how many files and sockets this system may open; "unlimited" counts as a thousand million.
HOST_NOFILE=
nofile_source='the limit of this process'
if [ -r "$HOST_ROOT/proc/self/limits" ]; then
  while read -r limit_1 limit_2 limit_3 limit_4 _; do
    if [ "$limit_1 $limit_2 $limit_3" = 'Max open files' ]; then
      HOST_NOFILE=$limit_4
      break
    fi
  done <"$HOST_ROOT/proc/self/limits"
fi
# shellcheck disable=SC3045 # each shell that is meant here knows -n
[ -n "$HOST_NOFILE" ] || HOST_NOFILE=$(ulimit -n 2>/dev/null) || :
case $HOST_NOFILE in
  unlimited) HOST_NOFILE=1000000000 ;;
  '' | *[!0-9]*)
    HOST_NOFILE=1024
    nofile_source='assumed: this host does not say'
    ;;
esac
fact HOST_NOFILE "$HOST_NOFILE" "$nofile_source"
