# HOST_IP: the IPv4 address of the interface that the default route uses.
find_interface_address ''
if [ -n "$interface_address" ]; then
  fact HOST_IP "$interface_address" "the interface $interface of the default route"
elif [ -n "$host_address" ]; then
  fact HOST_IP "$host_address" '/etc/hosts; there is no default route'
else
  fact HOST_IP 127.0.0.1 'assumed: there is no default route'
fi
