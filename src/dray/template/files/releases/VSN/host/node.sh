# shellcheck shell=sh
# The node: its name, and where it listens. Read by the launcher before every command.
# HOST_ROOT stands before /proc, /sys and /etc where a test has recorded those of another machine.

node_name=
reach_flags=
node_recalled=
dist_address=
dist_open=

# What config("cluster", ...) said when the release was built.
cluster_interface={{ cluster.interface | sh }}
cluster_port={{ cluster.port | sh }}
cluster_ports={{ cluster.ports | sh }}
cluster_cookie={{ cluster.cookie | sh }}
cluster_tls={{ cluster.tls | sh }}

# Sets host_name: the name of this host, as the kernel has it; empty where it has none.
read_host_name () {
  host_name=
  if [ -r "$HOST_ROOT/proc/sys/kernel/hostname" ]; then
    read -r host_name <"$HOST_ROOT/proc/sys/kernel/hostname" || :
  else
    host_name=$(uname -n 2>/dev/null) || :
  fi
  case $host_name in
    '(none)' | *[!A-Za-z0-9._-]*) host_name= ;;
  esac
}

# Sets host_address and host_long: where a name leads by /etc/hosts, and its long form there. DNS is not asked: it
# may take seconds, and answers differently when the network is down. The first 100 lines count.
find_host () {
  host_address=
  host_long=
  [ -n "$1" ] && [ -r "$HOST_ROOT/etc/hosts" ] || return 0
  host_lines=0
  set -f
  while read -r host_line || [ -n "$host_line" ]; do
    host_lines=$((host_lines + 1))
    [ "$host_lines" -le 100 ] || break
    case $host_line in
      *:*"$1"*) continue ;;
      *"$1"*) ;;
      *) continue ;;
    esac
    # shellcheck disable=SC2086 # the words of the line
    ! read_host_line "$1" ${host_line%%#*} || break
  done <"$HOST_ROOT/etc/hosts"
  set +f
}

read_host_line () {
  host_wanted=$1
  host_address=${2:-}
  host_long=
  host_found=1
  [ "$#" -ge 3 ] || return 1
  shift 2
  for host_word; do
    [ "$host_word" != "$host_wanted" ] || host_found=0
    case $host_word in
      *.*) host_long=${host_long:-$host_word} ;;
    esac
  done
  [ "$host_found" = 0 ] || host_address='' host_long=''
  return "$host_found"
}

# Sets interface_address: the IPv4 address of a network interface, or of the one that the default route uses. From
# /proc/net alone: its routes tell the interface's network, the trie which addresses belong to this host.
find_interface_address () {
  interface=$1
  interface_address=
  interface_net=0
  interface_mask=0
  [ -r "$HOST_ROOT/proc/net/route" ] && [ -r "$HOST_ROOT/proc/net/fib_trie" ] || return 0
  while read -r route_interface route_net route_gateway _ _ _ _ route_mask _; do
    if [ -z "$interface" ] && [ "$route_net" = 00000000 ]; then
      interface=$route_interface
    elif [ -n "$interface" ] && [ "$route_interface" = "$interface" ] && [ "$route_gateway" = 00000000 ]; then
      interface_net=$((0x$route_net))
      interface_mask=$((0x$route_mask))
      break
    fi
  done <"$HOST_ROOT/proc/net/route"
  [ -n "$interface" ] && [ "$interface_mask" != 0 ] || return 0
  interface_lines=0
  while read -r trie_mark trie_value trie_kind; do
    interface_lines=$((interface_lines + 1))
    [ "$interface_lines" -le 300 ] || break
    case $trie_mark$trie_kind in
      '|--'*) trie_address=$trie_value ;;
      /32LOCAL)
        case $trie_address in
          127.*) continue ;;
        esac
        pack_address "$trie_address"
        if [ $((packed & interface_mask)) -eq "$interface_net" ]; then
          interface_address=$trie_address
          break
        fi
        ;;
    esac
  done <"$HOST_ROOT/proc/net/fib_trie"
}

# Sets packed: an address as /proc/net/route writes it on all machines that the BEAM's JIT knows, lowest byte first.
pack_address () {
  packed_rest=${1#*.}
  packed_last=${packed_rest#*.}
  packed=$((${1%%.*} + ${packed_rest%%.*} * 256 + ${packed_last%%.*} * 65536 + ${packed_last#*.} * 16777216))
}

# Sets RELEASE_COOKIE where config("cluster", cookie=...) says which file or variable of this host holds it.
need_cluster_cookie () {
  case $cluster_cookie in
    file:*)
      cookie_file=${cluster_cookie#file:}
      if [ -z "$RELEASE_COOKIE" ]; then
        [ -r "$cookie_file" ] || fail "the cookie's file $cookie_file cannot be read: config(\"cluster\", cookie=...)"
        read -r RELEASE_COOKIE <"$cookie_file" || :
        [ -n "$RELEASE_COOKIE" ] || fail "the cookie's file $cookie_file is empty: config(\"cluster\", cookie=...)"
      fi
      ;;
    env:*)
      [ -n "$RELEASE_COOKIE" ] || eval "RELEASE_COOKIE=\${${cluster_cookie#env:}:-}"
      [ -n "$RELEASE_COOKIE" ] || fail "${cluster_cookie#env:} is not set: config(\"cluster\", cookie=...)"
      ;;
  esac
}

# Sets RELEASE_NODE, RELEASE_DISTRIBUTION and dist_address (where the node listens; empty: everywhere). A command that
# asks a running node takes what this node was started with.
need_node () {
  [ -z "$node_name" ] && [ "$RELEASE_DISTRIBUTION" != none ] || return 0
  node_name=${RELEASE_NODE%%@*}
  need_cluster_cookie
  vm_args_file=$RELEASE_TMP/$node_name.vm.args
  node_given=$RELEASE_NODE
  dist_given=$RELEASE_DISTRIBUTION
  case $RELEASE_COMMAND in
    start* | daemon* | console | vm_args) choose_node ;;
    *) recall_node || choose_node ;;
  esac
  limit_port_mapper
}

# A port mapper that is started by this command listens where the node does.
limit_port_mapper () {
  if [ -n "$dist_address" ] && [ -z "$cluster_port" ] && [ -z "$ERL_EPMD_ADDRESS" ]; then
    ERL_EPMD_ADDRESS=$dist_address
    export ERL_EPMD_ADDRESS
  fi
}

# The first line of the flags that a start has rendered tells its node.
recall_node () {
  [ -r "$vm_args_file" ] || return 1
  read -r _ recalled_what recalled_node recalled_distribution recalled_address _ <"$vm_args_file" || return 1
  # The last word is never empty: what has none was not written to its end.
  [ "$recalled_what" = node ] && [ -n "$recalled_address" ] || return 1
  case $RELEASE_NODE in
    *@*) [ "$recalled_node" = "$RELEASE_NODE" ] || return 1 ;;
  esac
  node_recalled=yes
  RELEASE_NODE=$recalled_node
  RELEASE_DISTRIBUTION=$recalled_distribution
  dist_address=${recalled_address#\*}
}

choose_node () {
  dist_address=
  dist_open=
  node_reason="as RELEASE_NODE and RELEASE_DISTRIBUTION have it"
  case $cluster_interface in
    '') choose_local_node ;;
    *) choose_cluster_node ;;
  esac
}

# On loopback: the node listens where its own name leads to, so that every program of this host reaches it by its name.
choose_local_node () {
  case $RELEASE_NODE in
    *@localhost) dist_address=127.0.0.1 ;;
    *@127.*) dist_address=${RELEASE_NODE#*@} ;;
    *@*)
      find_host "${RELEASE_NODE#*@}"
      case $host_address in
        127.*) dist_address=$host_address ;;
        *) dist_open="yours: RELEASE_NODE=$RELEASE_NODE is no name of loopback's" ;;
      esac
      ;;
    *)
      read_host_name
      if [ "$RELEASE_DISTRIBUTION" = name ]; then
        name_local_node "$host_name" 127.0.0.1
      else
        name_local_node "${host_name%%.*}" localhost
      fi
      ;;
  esac
}

name_local_node () {
  find_host "$1"
  case $RELEASE_DISTRIBUTION,$host_address,$host_long in
    sname,127.*)
      dist_address=$host_address
      node_reason="as with Mix: the host's name $1 leads to $host_address"
      ;;
    name,127.*,?*)
      RELEASE_NODE=$node_name@$host_long
      dist_address=$host_address
      node_reason="the host's long name leads to $host_address"
      ;;
    *)
      RELEASE_NODE=$node_name@$2
      dist_address=127.0.0.1
      if [ -z "$1" ]; then
        node_reason="this host has no name that a node can bear"
      elif [ -z "$host_address" ]; then
        node_reason="/etc/hosts does not say that the host's name $1 leads to loopback"
      elif [ "$RELEASE_DISTRIBUTION" = name ] && [ "${host_address#127.}" != "$host_address" ]; then
        node_reason="the host's name $1 has no long form"
      else
        node_reason="the host's name $1 leads to $host_address, and the node listens on loopback"
      fi
      ;;
  esac
}

# In a cluster: the node listens where config("cluster", interface=...) says.
choose_cluster_node () {
  case $cluster_interface in
    any) ;;
    *.*.*.*) dist_address=$cluster_interface ;;
    *)
      find_interface_address "${cluster_interface#host}"
      dist_address=$interface_address
      [ -n "$dist_address" ] ||
        fail "the interface $cluster_interface has no IPv4 address here: config(\"cluster\", interface=...)"
      ;;
  esac
  case $RELEASE_NODE in
    *@*) return 0 ;;
  esac
  read_host_name
  if [ "$RELEASE_DISTRIBUTION" = name ]; then
    find_host "$host_name"
  else
    find_host "${host_name%%.*}"
  fi
  case ${host_name:+named},$dist_address,$host_address in
    named,,*) ;;
    # It leads to the address, or /etc/hosts does not say where, and the name server tells the whole network.
    named,*,"$dist_address" | named,*,) ;;
    *) name_by_address ;;
  esac
}

name_by_address () {
  [ -n "$dist_address" ] || find_interface_address ''
  node_host=${dist_address:-$interface_address}
  if [ "$distribution_given" = sname ] || [ -z "$node_host" ]; then
    node_reason="yours: RELEASE_DISTRIBUTION; the host's name does not lead to ${node_host:-an address}"
    return 0
  fi
  RELEASE_DISTRIBUTION=name
  RELEASE_NODE=$node_name@$node_host
  if [ -z "$host_name" ]; then
    node_reason="this host has no name that a node can bear"
  else
    node_reason="the host's name $host_name leads to $host_address, and the node listens on $dist_address"
  fi
}

# Makes the VMs of remote and rpc find a node that has a fixed port or speaks TLS.
reach_node () {
  [ -z "$reach_flags" ] || return 0
  [ -z "$cluster_port" ] || reach_flags=" -start_epmd false -erl_epmd_port $cluster_port -dist_listen false"
  [ -z "$cluster_tls" ] || reach_flags="$reach_flags -proto_dist inet_tls -ssl_dist_optfile $cluster_tls"
  if [ -n "$reach_flags" ]; then
    ERL_ZFLAGS=$ERL_ZFLAGS$reach_flags
    export ERL_ZFLAGS
  fi
}

# Sets call_name: what erl_call calls itself. A node takes no second connection of the same name, and its own choices are
# one name, or one of each second, so that commands beside each other would fail. The node never forgets a name: there are
# only 65536 of them.
name_call () {
  call_name=
  [ ! -r /proc/sys/kernel/random/uuid ] || read -r call_name </proc/sys/kernel/random/uuid || :
  call_name=${call_name:-$((1000 + $$ % 9000))}
  call_name=call-${call_name%"${call_name#????}"}
}

# Runs erl_call on the node. With a fixed port there is no port mapper to ask.
erl_call_node () {
  # It speaks no TLS: the caller takes this status for one that a whole VM is to do better.
  [ -z "$cluster_tls" ] || return 255
  name_call
  if [ -n "$cluster_port" ]; then
    "$(find_erl_call)" -h "$call_name" -address "${dist_address:-127.0.0.1}:$cluster_port" -c "$RELEASE_COOKIE" "$@"
  else
    "$(find_erl_call)" -h "$call_name" "-$RELEASE_DISTRIBUTION" "$RELEASE_NODE" -c "$RELEASE_COOKIE" "$@"
  fi
}

# Whether a node may run that was started with these flags. A system in the foreground is the process that has started it:
# where that one is gone, nobody has to be asked.
may_run () {
  vm_args_process=
  { read -r vm_args_process <"${vm_args_file%.vm.args}.pid"; } 2>/dev/null || :
  [ -z "$vm_args_process" ] || process_lives "$vm_args_process"
}

# Sets vm_args: the file of flags to start with, rendered for this host. Where nothing can be written, that of the
# release is taken, and the flags without which no command would reach the node go into the environment.
need_vm_args () {
  vm_args=$RELEASE_VM_ARGS
  # A command of the project's own that starts the system: what an earlier start was told is no longer of interest.
  if [ -n "$node_recalled" ]; then
    RELEASE_NODE=$node_given
    RELEASE_DISTRIBUTION=$dist_given
    choose_node
  fi
  # shellcheck source=/dev/null
  . "$REL_VSN_DIR/host/vm_args.sh"
  vm_args_file=$RELEASE_TMP/${RELEASE_NODE%%@*}.vm.args
  # The file is what the running system was started with, so nobody else may write it.
  if [ -r "$vm_args_file" ] && may_run && pid=$(node_pid); then
    # shellcheck disable=SC2153 # the launcher sets it
    fail "$RELEASE_NAME runs already: pid $pid, node $RELEASE_NODE. Stop it first, or set another RELEASE_NODE"
  fi
  set +e
  write_vm_args
  vm_args_status=$?
  set -e
  case $vm_args_status in
    0) vm_args=$vm_args_file ;;
    3)
      warn "$vm_args_file cannot be written: starting with $RELEASE_VM_ARGS, which knows nothing of this host"
      ERL_ZFLAGS="$ERL_ZFLAGS $(render_distribution)"
      export ERL_ZFLAGS
      ;;
    *) fail "a fact or a rule failed, as it says above: look into $REL_VSN_DIR/host. Nothing is started without its rules" ;;
  esac
}
