# The BEAM starts a thread, with allocators of its own, for every CPU of the machine, whatever it may use of them.
if [ "$HOST_CPUS" -lt "$HOST_CPUS_ALL" ]; then
  rule schedulers "$HOST_CPUS of $HOST_CPUS_ALL CPUs may be used; each further thread costs memory: $cpu_source" \
    '+S|+SP' "$HOST_CPUS:$HOST_CPUS"
fi
