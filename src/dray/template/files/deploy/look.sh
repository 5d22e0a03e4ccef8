# shellcheck shell=sh
# What a host is, and what is installed and runs on it. Read by host.sh.

# Facts of the machine and of what is installed, one a line: look. It is done before every deployment on every host, and
# each program that it starts takes a millisecond or two.
look () {
  # shellcheck disable=SC2046 # two words
  set -- $(uname -sm)
  say "fact system $1"
  say "fact cpu $2"
  say "fact libc $(find_libc)"
  say "fact init $(find_init)"
  say "fact user $(id -un)"
  say "fact time $(date +%s)"
  say "fact free_kb $(find_free)"
  say "fact missing$(list_missing)"
  if [ -x "$own/service" ]; then say "fact setup yes"; else say "fact setup no"; fi
  [ ! -r "$own/environment.sha256" ] || say "fact environment $(cat "$own/environment.sha256")"
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
  sha256 "$@" | while read -r sum manifest; do
    version=${manifest%/manifest.json}
    version=${version##*/}
    state=ready at=0 source=
    [ ! -r "$own/versions/$version" ] || read -r state at source <"$own/versions/$version" || :
    say "version $version $sum $state $at $source"
  done
}

find_libc () {
  if found=$(getconf GNU_LIBC_VERSION 2>/dev/null); then
    echo "gnu ${found##* }"
  elif found=$(ldd --version 2>&1 | grep -i -A 1 musl); then
    echo "musl ${found##* }"
  else
    echo unknown
  fi
}

# The programs that a deployment needs and that are not here: every system has them, but a container may not.
list_missing () {
  for program in awk cut df find grep gzip head ln sed tail tar tr wc; do
    command -v "$program" >/dev/null 2>&1 || printf ' %s' "$program"
  done
  command -v sha256sum >/dev/null 2>&1 || command -v shasum >/dev/null 2>&1 || printf ' sha256sum'
}

# By what runs, not by what is installed.
find_init () {
  first=
  [ ! -r /proc/1/comm ] || read -r first </proc/1/comm
  if [ -d /run/systemd/system ]; then
    echo systemd
  elif [ -d /run/openrc ]; then
    echo openrc
  else
    case $first in
      runit* | runsvdir) echo runit ;;
      s6-svscan) echo s6 ;;
      *) if [ -d /etc/init.d ]; then echo sysv; else echo unknown; fi ;;
    esac
  fi
}

# Kilobytes that are free where the release is, or will be.
find_free () {
  place=$root
  while [ ! -d "$place" ]; do place=${place%/*}; place=${place:-/}; done
  df -Pk "$place" | tail -n 1 | while read -r _ _ _ free _; do echo "$free"; done
}

# What the next start starts, and what runs.
show_running () {
  permanent=
  [ ! -r "$root/releases/start_erl.data" ] || read -r _ permanent <"$root/releases/start_erl.data" || :
  say "fact permanent $permanent"
  [ -n "$permanent" ] && [ -x "$own/command" ] || return 0
  running=$("$own/command" status --json 2>/dev/null | tail -n 1)
  say "status $running"
}
