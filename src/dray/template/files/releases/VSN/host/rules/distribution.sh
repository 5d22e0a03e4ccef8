# Where the node listens, and whether a port mapper is needed: loopback alone, until config("cluster", ...) says more.
apply_distribution_rules () {
  [ "$RELEASE_DISTRIBUTION" != none ] || return 0
  if [ -n "$dist_open" ]; then
    say "# rule interface is left out: $dist_open"
  elif [ -n "$sys_config_sets_interface" ]; then
    say '# rule interface is left out: yours: sys.config sets inet_dist_use_interface'
  elif [ -z "$dist_address" ]; then
    say '# rule interface is left out: config("cluster", interface="any")'
  else
    interface_reason="the node is reached from this host alone, unless config(\"cluster\", interface=...) says more"
    [ -z "$cluster_interface" ] || interface_reason="config(\"cluster\", interface=\"$cluster_interface\")"
    split_address "$dist_address"
    rule interface "$interface_reason" '-kernel inet_dist_use_interface|inet_dist_use_interface|-proto_dist inet6_tcp' "$tuple"
  fi
  if [ -n "$cluster_port" ]; then
    rule port "config(\"cluster\", port=$cluster_port): with a fixed port no port mapper is needed" \
      -start_epmd false -erl_epmd_port "$cluster_port"
  elif [ -n "$cluster_ports" ]; then
    rule ports_of_nodes 'config("cluster", ports=...): a firewall can let them through' \
      '-kernel inet_dist_listen_min|inet_dist_listen_min' "${cluster_ports%-*}" '-kernel inet_dist_listen_max|inet_dist_listen_max' "${cluster_ports#*-}"
  fi
  [ -z "$cluster_tls" ] || rule tls 'config("cluster", tls=...): nodes speak TLS with each other' \
    -proto_dist inet_tls -ssl_dist_optfile "$cluster_tls"
}

# Sets tuple: an address as Erlang writes it.
split_address () {
  tuple="{$1}"
  while :; do
    case $tuple in
      *.*) tuple=${tuple%%.*},${tuple#*.} ;;
      *) break ;;
    esac
  done
}
