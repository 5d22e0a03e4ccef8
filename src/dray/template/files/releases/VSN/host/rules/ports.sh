# The BEAM makes room for as many ports as files may be open, at its start: with a limit of 1e9, gigabytes.
port_limit=$((HOST_MEMORY_MB * 64))
[ "$port_limit" -ge 65536 ] || port_limit=65536
[ "$port_limit" -le 1048576 ] || port_limit=1048576
if [ "$HOST_NOFILE" -gt "$port_limit" ]; then
  if [ -n "$ERL_MAX_PORTS" ]; then
    say '# rule ports is left out: yours: ERL_MAX_PORTS'
  else
    rule ports "$HOST_NOFILE files may be open, and room for each costs memory; 64 ports for each of $HOST_MEMORY_MB MB" \
      '+Q|-env ERL_MAX_PORTS' "$port_limit"
  fi
fi
