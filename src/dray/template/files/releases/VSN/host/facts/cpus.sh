# HOST_CPUS: how many CPUs this system may use at once: those it may run on, or its quota, whichever is less.
# HOST_CPUS_ALL: how many the machine has. HOST_CPU_SHARED: yes where a quota or a small share slows it down.

# Sets count: how many CPUs a list names: count_cpus 0-3,8.
count_cpus () {
  count=0
  count_rest=$1,
  while [ -n "$count_rest" ]; do
    count_part=${count_rest%%,*}
    count_rest=${count_rest#*,}
    case $count_part in
      '' | *[!0-9-]*) ;;
      *) count=$((count + ${count_part#*-} - ${count_part%-*} + 1)) ;;
    esac
  done
}

count=0
if read -r cpu_list 2>/dev/null <"$HOST_ROOT/sys/devices/system/cpu/present"; then
  count_cpus "$cpu_list"
fi
HOST_CPUS_ALL=$count

cpu_source=
count=0
if [ -r "$HOST_ROOT/proc/self/status" ]; then
  while read -r status_key status_value _; do
    if [ "$status_key" = Cpus_allowed_list: ]; then
      count_cpus "$status_value"
      cpu_source="it may run on CPU $status_value"
      break
    fi
  done <"$HOST_ROOT/proc/self/status"
fi
if [ "$count" = 0 ]; then
  count=$HOST_CPUS_ALL
  cpu_source='the CPUs of the machine'
fi
if [ "$count" = 0 ]; then
  count=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null) || count=1
  cpu_source=nproc
fi
HOST_CPUS=$count
[ "$HOST_CPUS_ALL" -ge "$HOST_CPUS" ] || HOST_CPUS_ALL=$HOST_CPUS
HOST_CPU_SHARED=no

# Takes a quota of microseconds in a period into account: limit_cpus QUOTA PERIOD SOURCE. Part of a CPU counts as none,
# as the BEAM counts: one more scheduler would only use up the quota sooner.
limit_cpus () {
  case $1,$2 in
    *[!0-9,]* | ,* | *,) return 0 ;;
  esac
  [ "$1" -gt 0 ] && [ "$2" -gt 0 ] || return 0
  HOST_CPU_SHARED="a quota of $1 of $2 us ($3)"
  quota_cpus=$(($1 / $2))
  [ "$quota_cpus" -ge 1 ] || quota_cpus=1
  if [ "$quota_cpus" -lt "$HOST_CPUS" ]; then
    HOST_CPUS=$quota_cpus
    cpu_source="a quota of $1 of $2 us ($3)"
  fi
}

# A group has what those above it leave: all are looked at, up to the top.
if [ -n "$cpu_path" ]; then
  if find_cgroup "$cpu_path" cpu.cfs_quota_us "$cgroup_base/cpu" "$cgroup_base/cpu,cpuacct" \
    "$cgroup_base/cpuacct,cpu" || { find_mount cgroup cpu && find_cgroup "$cpu_path" cpu.cfs_quota_us "$mounted"; }; then
    if read -r cpu_share 2>/dev/null <"$cgroup_folder/cpu.shares" && [ "$cpu_share" -lt 1024 ]; then
      HOST_CPU_SHARED="a share of $cpu_share of 1024 (cgroup v1 cpu.shares)"
    fi
    while :; do
      quota=
      period=
      read -r quota 2>/dev/null <"$cgroup_folder/cpu.cfs_quota_us" || :
      read -r period 2>/dev/null <"$cgroup_folder/cpu.cfs_period_us" || :
      limit_cpus "$quota" "$period" 'cgroup v1 cpu.cfs_quota_us'
      [ "$cgroup_folder" != "$cgroup_top" ] || break
      cgroup_folder=${cgroup_folder%/*}
    done
  fi
elif [ -n "$unified_path" ]; then
  if find_cgroup "$unified_path" cpu.max "$cgroup_base" "$cgroup_base/unified" ||
    { find_mount cgroup2 rw && find_cgroup "$unified_path" cpu.max "$mounted"; }; then
    if read -r cpu_share 2>/dev/null <"$cgroup_folder/cpu.weight" && [ "$cpu_share" -lt 100 ]; then
      HOST_CPU_SHARED="a weight of $cpu_share of 100 (cgroup v2 cpu.weight)"
    fi
    while :; do
      quota=
      period=
      read -r quota period 2>/dev/null <"$cgroup_folder/cpu.max" || :
      limit_cpus "$quota" "$period" 'cgroup v2 cpu.max'
      [ "$cgroup_folder" != "$cgroup_top" ] || break
      cgroup_folder=${cgroup_folder%/*}
    done
  fi
fi
fact HOST_CPUS "$HOST_CPUS" "$cpu_source; the machine has $HOST_CPUS_ALL"
