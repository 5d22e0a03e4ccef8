# HOST_MEMORY_MB: the memory that this system may use: the machine's, or the least limit of its control groups.
memory_kb=
memory_source='the memory of the machine'
{ read -r _ memory_kb _ <"$HOST_ROOT/proc/meminfo"; } 2>/dev/null || :
case $memory_kb in
  '' | *[!0-9]*)
    memory_kb=1048576
    memory_source='assumed: /proc/meminfo does not say'
    ;;
esac
HOST_MEMORY_MB=$((memory_kb / 1024))

# Takes a limit in bytes into account: limit_memory BYTES SOURCE. Longer numbers mean that there is none.
limit_memory () {
  case $1 in
    '' | *[!0-9]* | ????????????????*) return 0 ;;
  esac
  if [ "$1" -gt 0 ] && [ $(($1 / 1048576)) -lt "$HOST_MEMORY_MB" ]; then
    HOST_MEMORY_MB=$(($1 / 1048576))
    memory_source="a limit of $1 bytes ($2)"
  fi
}

memory_file=
if [ -n "$memory_path" ]; then
  memory_file=memory.limit_in_bytes
  find_cgroup "$memory_path" "$memory_file" "$cgroup_base/memory" ||
    { find_mount cgroup memory && find_cgroup "$memory_path" "$memory_file" "$mounted"; } || memory_file=
elif [ -n "$unified_path" ]; then
  memory_file=memory.max
  find_cgroup "$unified_path" "$memory_file" "$cgroup_base" "$cgroup_base/unified" ||
    { find_mount cgroup2 rw && find_cgroup "$unified_path" "$memory_file" "$mounted"; } || memory_file=
fi
while [ -n "$memory_file" ]; do
  memory_limit=
  read -r memory_limit 2>/dev/null <"$cgroup_folder/$memory_file" || :
  limit_memory "$memory_limit" "cgroup $memory_file"
  [ "$cgroup_folder" != "$cgroup_top" ] || break
  cgroup_folder=${cgroup_folder%/*}
done
fact HOST_MEMORY_MB "$HOST_MEMORY_MB" "$memory_source"
