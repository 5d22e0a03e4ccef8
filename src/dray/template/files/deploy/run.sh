# shellcheck shell=sh
# What runs: its variables, its service, the version that it is taken to, and whether that is well. Read by host.sh.

# environment SIZE, and so many bytes: the variables of the service, which nobody else may read. What they were is kept
# until a version is found well with the new ones.
keep_environment () {
  # shellcheck source=/dev/null
  . "$own/places"
  (umask 077 && head -c "$1" <&4 >"$environment_file.new")
  chown "$environment_owner" "$environment_file.new" 2>/dev/null || :
  rm -f "$own/environment.sha256"
  [ ! -f "$environment_file" ] || ln -f "$environment_file" "$environment_file.before"
  mv "$environment_file.new" "$environment_file"
}

# environment_back: the variables as they were.
restore_environment () {
  # shellcheck source=/dev/null
  . "$own/places"
  [ ! -f "$environment_file.before" ] || mv "$environment_file.before" "$environment_file"
}

# prepare SIZE, and so many bytes of a tar that gzip has packed: the scripts by which the release is run here.
prepare () {
  [ -d "$own/versions" ] || mkdir -p "$own/versions"
  head -c "$1" <&4 | gzip -dc | tar -xof - -C "$own"
}

# setup SIZE, and so many bytes of a tar that gzip has packed: files, and the commands that install them, a line each.
setup () {
  rm -rf "$own/setup"
  mkdir -p "$own/setup" "$own/versions"
  head -c "$1" <&4 | gzip -dc | tar -xof - -C "$own/setup"
  cd "$own/setup/files"
  while IFS= read -r line; do
    say "log $line"
    sh -euc "$line" >../said 2>&1 </dev/null || complain "$line: $(tail -n 2 ../said | tr '\n' ' ')"
  done <../commands
  cd "$root"
  rm -rf "$own/setup"
}

# activate VERSION HOW [running]: runs the version, hot or by a restart; HOW is auto, hot, restart, or anew: what runs
# keeps nothing of what it was started with. Where something ran when the host was looked at, the launcher itself sees
# whether it still does, which is a program less.
activate () {
  report=
  if [ "$2" = anew ]; then
    run_logged "$own/service" stop
  elif [ "${3-}" = running ]; then
    switch_running "$1" "$2"
    case $report in
      *'"mode": "none"'*) ;;
      *) return 0 ;;
    esac
  fi
  case $("$own/command" status --json 2>/dev/null) in
    *'"state": "stopped"'* | '') start_version "$1" ;;
    *) [ -n "$report" ] || switch_running "$1" "$2" ;;
  esac
}

start_version () {
  permanent=
  read -r _ permanent <"$root/releases/start_erl.data" || :
  [ "$permanent" = "$1" ] || run_logged "$own/command" upgrade --json "$1"
  run_logged "$own/service" start
}

switch_running () {
  case $2 in
    auto) run_logged "$own/command" upgrade --json "$1" ;;
    *) run_logged "$own/command" upgrade --json "--$2" "$1" ;;
  esac
  read_report
}

# Sets report: the last line of what a program that was logged has printed.
read_report () {
  report=
  while IFS= read -r line; do
    report=$line
  done <"$own/report.$$"
}

# Runs a program: what it says is logged, and a line of JSON at its end is its report.
run_logged () {
  {
    status=0
    "$@" 3>&- 4>&- || status=$?
    echo "$status" >"$own/status.$$"
  } 2>&1 >"$own/report.$$" | {
    first='' second='' third=''
    while IFS= read -r line; do
      say "log $line"
      first=$second second=$third third=$line
    done
    read -r status <"$own/status.$$"
    read_report
    case $report in
      '{'*) say "report $report" ;;
      ?*) say "log $report" ;;
    esac
    said="$first $second $third"
    said=${said#"${said%%[! ]*}"}
    [ "$status" -eq 0 ] || complain "${said:-$* ended with status $status}"
  }
}

# check SECONDS KIND WHAT: waits until the release is ready, or until what it is asked for is as it should be.
check () {
  ! check_once "$2" "$3" >"$own/check.$$" 2>&1 || return 0
  tell_time
  check_end=$((now + $1))
  until check_once "$2" "$3" >"$own/check.$$" 2>&1; do
    tell_time
    if [ "$now" -ge "$check_end" ]; then
      said=$(tail -n 3 "$own/check.$$" | tr '\n' ' ')
      complain "after $1 s not $2 ${3:+($3)}: ${said:-no answer}"
    fi
    sleep 0.2
  done
}

check_once () {
  case $1 in
    ready) "$own/command" ready ;;
    http) if command -v curl; then curl -fsS -o /dev/null --max-time 5 "$2"; else wget -q -T 5 -O /dev/null "$2"; fi ;;
    command) (cd "$root" && sh -c "$2") ;;
    expression) "$own/command" rpc "true = ($2)" ;;
  esac
}

# settle VERSION [CHECKSUM]: reads back from the node what runs, and remembers that the version is good, with variables of
# this checksum where it is given.
settle () {
  running=
  show_running
  case $running in
    *"\"version\": \"$1\""*) mark "$1" good "${2-}" ;;
    *) complain "was told to run $1, and runs something else" ;;
  esac
}

# mark VERSION STATE [CHECKSUM]: the checksum is that of the variables with which it was found so.
mark () {
  if [ -n "${3-}" ]; then
    # shellcheck source=/dev/null
    . "$own/places"
    rm -f "$environment_file.before"
    echo "$3" >"$own/environment.sha256"
  fi
  source=
  [ ! -r "$own/versions/$1" ] || read -r _ _ source <"$own/versions/$1" || :
  keep_state "$1" "$2" "$source"
}

remove_version () {
  run_logged "$own/command" remove "$1"
  rm -f "$own/versions/$1" "$own/checked/$1"
}

# tail COUNT: the last lines of the log, for whoever wants to know why.
show_log () {
  "$own/service" logs "$1" 2>&1 | tail -n "$1" | while IFS= read -r line; do say "log $line"; done
}

audit () {
  [ -d "$own" ] || mkdir -p "$own"
  printf '%s\n' "$1" >>"$own/audit.log"
}
