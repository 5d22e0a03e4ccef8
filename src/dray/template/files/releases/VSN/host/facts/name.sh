# HOST_NAME, HOST_FQDN: the kernel's name of this host, and its long form.
read_host_name
if [ -n "$host_name" ]; then
  fact HOST_NAME "$host_name" 'the kernel'
else
  fact HOST_NAME localhost 'assumed: the kernel has no name that can be used'
fi
find_host "$host_name"
if [ -n "$host_long" ]; then
  fact HOST_FQDN "$host_long" /etc/hosts
else
  fact HOST_FQDN "${host_name:-localhost}" 'the short name, as /etc/hosts has no long one'
fi
