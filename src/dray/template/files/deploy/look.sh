# shellcheck shell=sh
# What a host is, and what is installed and runs on it. Read by host.sh.

# Facts of the machine and of what is installed, one a line: look.
look () {
  find_machine
  say "fact system $system"
  say "fact cpu $cpu"
  find_libc
  say "fact libc $libc"
  find_init
  say "fact init $init"
  tell_time
  say "fact time $now"
  find_free
  say "fact free_kb $free"
  list_missing
  say "fact missing$missing"
  if [ -x "$own/service" ]; then say "fact setup yes"; else say "fact setup no"; fi
  if read -r word 2>/dev/null <"$own/environment.sha256"; then say "fact environment $word"; fi
  show_lock
  show_versions
  for found in "$own"/stage-*; do
    [ ! -d "$found" ] || say "stage ${found##*/stage-}"
  done
  show_running
}

show_versions () {
  set -- "$root"/releases/*/manifest.json
  [ -r "$1" ] || return 0
  sums=$($sha256 "$@") || :
  while read -r sum manifest; do
    version=${manifest%/manifest.json}
    version=${version##*/}
    state=ready at=0 source=
    [ ! -r "$own/versions/$version" ] || read -r state at source <"$own/versions/$version" || :
    say "version $version $sum $state $at $source"
  done <<EOF
$sums
EOF
}

# Sets system and cpu; Linux tells both since 6.1.
find_machine () {
  { read -r system </proc/sys/kernel/ostype && read -r cpu </proc/sys/kernel/arch; } 2>/dev/null && return 0
  read -r system cpu <<EOF
$(uname -sm)
EOF
}

# Sets libc.
find_libc () {
  if found=$(getconf GNU_LIBC_VERSION 2>/dev/null); then
    libc="gnu ${found##* }"
  elif found=$(ldd --version 2>&1 | grep -i -A 1 musl); then
    libc="musl ${found##* }"
  else
    libc=unknown
  fi
}

# Sets missing: the programs that a deployment needs and that are not here. Every system has them, but a container may not.
list_missing () {
  missing=
  for program in awk cut df find grep gzip head ln sed tail tar tr wc; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
  done
  command -v sha256sum >/dev/null 2>&1 || command -v shasum >/dev/null 2>&1 || missing="$missing sha256sum"
}

# Sets init, by what runs, not by what is installed.
find_init () {
  first=
  [ ! -r /proc/1/comm ] || read -r first </proc/1/comm
  if [ -d /run/systemd/system ]; then
    init=systemd
  elif [ -d /run/openrc ]; then
    init=openrc
  else
    case $first in
      runit* | runsvdir) init=runit ;;
      s6-svscan) init=s6 ;;
      *) if [ -d /etc/init.d ]; then init=sysv; else init=unknown; fi ;;
    esac
  fi
}

# Sets free: the kilobytes that are free where the release is, or will be.
find_free () {
  place=$root
  while [ ! -d "$place" ]; do place=${place%/*}; place=${place:-/}; done
  take_last "$(df -Pk "$place")"
  read -r _ _ _ free _ <<EOF
$last
EOF
}

# What the next start starts, and what runs.
show_running () {
  permanent=
  [ ! -r "$root/releases/start_erl.data" ] || read -r _ permanent <"$root/releases/start_erl.data" || :
  say "fact permanent $permanent"
  [ -n "$permanent" ] && [ -x "$own/command" ] || return 0
  take_last "$("$own/command" status --json 2>/dev/null)"
  running=$last
  say "status $running"
}
