# Who sends to another node waits when this much is on its way: 1 MB, unless told otherwise.
if [ -n "$cluster_interface" ] && [ "$RELEASE_DISTRIBUTION" != none ]; then
  buffer_kb=$((HOST_MEMORY_MB * 4))
  [ "$buffer_kb" -le 32768 ] || buffer_kb=32768
  if [ "$buffer_kb" -gt 1024 ]; then
    rule distribution_buffer "$buffer_kb kB to a node may wait before senders do; a 256th of $HOST_MEMORY_MB MB" \
      +zdbbl "$buffer_kb"
  fi
fi
