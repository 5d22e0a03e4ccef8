# A process of the BEAM's takes 2.6 kB at least: in little memory its own limit of 262144 would never be reached.
if [ "$HOST_MEMORY_MB" -lt 1024 ]; then
  process_limit=$((HOST_MEMORY_MB * 256))
  [ "$process_limit" -ge 16384 ] || process_limit=16384
  rule processes "more processes than this do not fit into $HOST_MEMORY_MB MB" +P "$process_limit"
fi
