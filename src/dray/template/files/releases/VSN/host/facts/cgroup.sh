# cpu_group, memory_group: the folders of this process's control groups, with cgroup_root, where each hierarchy begins.
# Both kinds can be mounted side by side; a controller belongs to one of them.
find_cgroups () {
  cpu_path=
  memory_path=
  unified_path=
  [ -r "$HOST_ROOT/proc/self/cgroup" ] || return 0
  while IFS=: read -r _ cgroup_names cgroup_path; do
    case ,$cgroup_names, in
      ,,) unified_path=$cgroup_path ;;
    esac
    case ,$cgroup_names, in
      *,cpu,*) cpu_path=$cgroup_path ;;
    esac
    case ,$cgroup_names, in
      *,memory,*) memory_path=$cgroup_path ;;
    esac
  done <"$HOST_ROOT/proc/self/cgroup"
}

# Sets cgroup_folder and cgroup_top: find_cgroup PATH FILE FOLDER... A container without a namespace of its own for
# groups sees a path of the host's, which is not mounted in it: then the top of the mount is its group.
find_cgroup () {
  wanted_path=${1%/}
  wanted_file=$2
  shift 2
  for cgroup_top; do
    if [ -n "$wanted_path" ] && [ -r "$cgroup_top$wanted_path/$wanted_file" ]; then
      cgroup_folder=$cgroup_top$wanted_path
      return 0
    fi
  done
  for cgroup_top; do
    # The top of version 2 has no limits of its own, unless it is that of a namespace.
    if [ -r "$cgroup_top/$wanted_file" ] || [ -r "$cgroup_top/cgroup.controllers" ]; then
      cgroup_folder=$cgroup_top
      return 0
    fi
  done
  cgroup_folder=
  return 1
}

# Sets mounted: where a hierarchy is mounted, if not in the usual place: find_mount TYPE CONTROLLER.
find_mount () {
  mounted=
  [ -r "$HOST_ROOT/proc/self/mountinfo" ] || return 1
  while read -r _ _ _ _ mount_folder mount_rest; do
    case $mount_rest in
      *" - $1 "*) ;;
      *) continue ;;
    esac
    case ,${mount_rest##* }, in
      *",$2,"*)
        mounted=$HOST_ROOT$mount_folder
        return 0
        ;;
    esac
  done <"$HOST_ROOT/proc/self/mountinfo"
  return 1
}

find_cgroups
cgroup_base=$HOST_ROOT/sys/fs/cgroup
