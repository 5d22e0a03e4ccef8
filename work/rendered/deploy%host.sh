oÅã√ÇÈÖ,^M4ß˙ŸŸ"é@òÖ<ãmº@ØQMK¢™ÖÈ&îv» -±ˆÈnâ[˜”Ê…Y]$'åˇ#(# shellcheck shell=sh
# The host's side of a deployment: does what it reads from its standard input, a command a line, and answers with lines.
# Run by dray over a connection: sh -c THIS dray-host ROOT. Each command ends with "ok", or "failed" and why; lines
# of "log" are what programs say meanwhile. What it keeps for itself is in ROOT/.dray. When the connection is lost, the
# input ends, and so does this: what has begun is finished, and nothing else begins.
set -u
umask 022
root=$1
own=$root/.dray
stage='' is_owner='' holder='' environment_file='' environment_owner=''
exec 3>&1
trap '' PIPE HUP
trap 'leave' EXIT

say () {
  printf '%s\n' "$*" >&3 2>/dev/null || :
}

complain () {
  printf '%s\n' "$*" >&2
  exit 1
}

leave () {
  [ -z "$is_owner" ] || ! has_lock || rm -rf "$own/lock"
}

# Does a command; the last line that it says to its standard error is why it failed.
attempt () {
  message=$( (
    set -e
    "$@"
  ) 2>&1 >&3)
  # Within an "if", set -e would mean nothing.
  # shellcheck disable=SC2181
  if [ $? -eq 0 ]; then say ok; else say "failed $(printf '%s' "$message" | tail -n 3 | tr '\n' ' ')"; fi
}

sha256 () {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

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

# shellcheck shell=sh
# The lock of a host, by which one deployment has it at a time: the folder .dray/lock. Part of host.sh.
# What is used here and set there:
# shellcheck disable=SC2154

show_lock () {
  [ -d "$own/lock" ] || return 0
  find_lock_holder
  [ -z "$holder" ] || say "fact lock $(cat "$own/lock/owner" 2>/dev/null)"
}

# Sets holder: the process that holds the lock. One that is gone, or that has heard nothing for a minute and was not at
# work, holds it no longer; nor does a process of that number since the host was booted anew.
find_lock_holder () {
  holder='' boot=''
  read -r holder <"$own/lock/holder" 2>/dev/null || :
  read -r boot <"$own/lock/boot" 2>/dev/null || :
  [ -n "$holder" ] || return 0
  if [ "$boot" != "$(name_boot)" ] || ! kill -0 "$holder" 2>/dev/null; then
    holder=
  elif [ ! -e "$own/lock/busy" ] && ! hears "$own/lock/heard" "$own"/stage-*; then
    end_holder
  fi
}

# Whether something came within the last minute; of a transfer, the files that it writes tell it.
hears () {
  [ -z "$(find "$1" -mmin +1 2>/dev/null)" ] || [ -n "$(find "$@" -cmin -1 2>/dev/null | head -n 1)" ]
}

name_boot () {
  cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.boottime 2>/dev/null || echo unknown
}

# Ends the process that waits for what will not come; at once, for it would take its lock along.
end_holder () {
  kill -9 "$holder" 2>/dev/null || :
  holder=
}

# lock OWNER TEXT: nobody else deploys here until this ends. Whoever has the lock already, by a connection that is lost,
# gets it at once, when what was begun is finished.
take_lock () {
  mkdir -p "$own/versions"
  enter_lock
  if [ -d "$own/lock" ]; then
    find_lock_holder
    [ -z "$holder" ] || [ "$(cat "$own/lock/by" 2>/dev/null)" != "$1" ] || take_over
    [ -z "$holder" ] || refuse_lock
    rm -rf "$own/lock"
  fi
  mkdir "$own/lock"
  name_boot >"$own/lock/boot"
  echo "$1" >"$own/lock/by"
  shift
  echo "$*" >"$own/lock/owner"
  : >"$own/lock/heard"
  echo $$ >"$own/lock/holder"
  rmdir "$own/locking"
}

refuse_lock () {
  rmdir "$own/locking" 2>/dev/null || :
  complain "locked: $(cat "$own/lock/owner" 2>/dev/null)"
}

# One at a time looks at the lock and takes it; who ends meanwhile is in nobody's way for more than a minute.
enter_lock () {
  tries=0
  until mkdir "$own/locking" 2>/dev/null; do
    [ -d "$own/locking" ] || mkdir "$own/locking" # says why it cannot be made
    [ -z "$(find "$own/locking" -mmin +1 2>/dev/null)" ] || rmdir "$own/locking" 2>/dev/null || :
    tries=$((tries + 1))
    [ "$tries" -lt 400 ] || complain "locked: somebody is just taking the lock, says $own/locking"
    sleep 0.2
  done
}

take_over () {
  [ ! -e "$own/lock/busy" ] || say "log the host finishes what was begun before"
  while [ -e "$own/lock/busy" ] && kill -0 "$holder" 2>/dev/null; do
    touch "$own/locking"
    sleep 0.2
  done
  end_holder
}

# unlock: takes the lock away from whoever holds it; who is at work finishes that, and does nothing more.
break_lock () {
  find_lock_holder
  [ -z "$holder" ] || [ -e "$own/lock/busy" ] || end_holder
  rm -rf "$own/lock"
}

has_lock () {
  read -r holder <"$own/lock/holder" 2>/dev/null || holder=
  [ "$holder" = $$ ]
}

# shellcheck shell=sh
# The files of versions: what is sent and fetched, made of what is there, checked, and put beside the others. Read by
# host.sh.

# part DIGEST: what a transfer that broke off has left, each file with its checksum.
show_stage () {
  cd "$own/stage-$1"
  [ ! -d tree ] || find tree -type f -exec sha256sum {} + | sed 's/^\([0-9a-f]*\)  tree\//part \1 /' >&3
}

# show VERSION: the manifest of a version that is installed.
show_manifest () {
  set -- "$root/releases/$1/manifest.json"
  say "data $(wc -c <"$1")"
  cat "$1" >&3
}

# fetch SIZE, and so many bytes of paths, a line each: those files of the release, in a tar that gzip has packed.
send_files () {
  head -c "$1" >"$own/fetch.list"
  tar -cf - -C "$root" -T "$own/fetch.list" | gzip -6 >"$own/fetch.pack"
  say "data $(wc -c <"$own/fetch.pack")"
  cat "$own/fetch.pack" >&3
  rm -f "$own/fetch.list" "$own/fetch.pack"
}

# receive DIGEST SIZE VERSION BASE SOURCE, and so many bytes of a tar that gzip has packed: makes the version of them and
# of what is there, checks all of it, and puts it beside the others. A base of "-" is none.
receive () {
  stage=$own/stage-$1
  for other in "$own"/stage-*; do
    [ "$other" = "$stage" ] || rm -rf "$other"
  done
  mkdir -p "$stage"
  # Nothing is sent behind the bytes until this has answered, so it does no harm where head reads ahead.
  if ! head -c "$2" | gzip -dc | tar -xof - -C "$stage"; then
    free=$(find_free)
    # What runs needs the disk, too. Of a connection that was lost, what has come stays for the next one.
    if [ "$free" -lt 1024 ] || ! echo >"$stage/room"; then rm -rf "$stage"; fi
    complain "the files could not be unpacked: $free kB are free in $root"
  fi
  install_version "$1" "$3" "$4" "$5"
}

# install DIGEST VERSION BASE SOURCE: the same for whoever has filled the stage by other means. The version is there when
# its folder is.
install_version () {
  stage=$own/stage-$1
  cd "$stage"
  mkdir -p "tree/releases/$2"
  if [ -f plan/manifest ]; then
    # Lines "= FIRST LAST" stand for those of the base, "~ FIRST LAST" for those with the folder of the new version in
    # the place of the old one, others for themselves, behind a space.
    awk -v old="\"releases/$3/" -v new="\"releases/$2/" 'NR == FNR { line[NR] = $0; next }
      /^[=~]/ {
        for (number = $2 + 0; number <= $3 + 0; number++) {
          at = index(line[number], old)
          if ($1 == "~" && at)
            print substr(line[number], 1, at - 1) new substr(line[number], at + length(old))
          else
            print line[number]
        }
        next
      }
      { print substr($0, 2) }' "$root/releases/$3/manifest.json" plan/manifest >"tree/releases/$2/manifest.json"
  fi
  [ "$(sha256 <"tree/releases/$2/manifest.json" | cut -c 1-64)" = "$1" ] ||
    complain "the manifest is not the one that was sent: it is damaged"
  (
    cd tree
    # shellcheck source=/dev/null
    . ../plan/links
  )
  check_files "$2"
  while IFS= read -r path; do
    case $path in */*) mkdir -p "$root/${path%/*}" ;; esac
    [ ! -d "$root/$path" ] || rm -rf "${root:?}/$path"
    mv -f "tree/$path" "$root/$path"
  done <plan/fresh
  keep_state "$2" ready "$4"
  cd "$root"
  rm -rf "$stage"
}

# Compares every file of a version with its manifest, those that are new in the stage, the others where they are.
check_files () {
  awk -F '"' -v stage="$stage/sums.stage" -v root="$stage/sums.root" '
    NR == FNR { fresh[$0] = 1; next }
    $2 == "path" && $8 == "sha256" && $4 !~ /\\/ {
      count = split($4, part, "/")
      place = part[1]
      here = place in fresh
      for (number = 2; number <= count && !here; number++) {
        place = place "/" part[number]
        here = place in fresh
      }
      # What says which versions there are changes with them, and an appup says where its own version came from.
      if (here || ($4 != "releases/RELEASES" && $4 != "releases/start_erl.data" && $4 !~ /\.appup$/))
        print $10 "  " $4 >(here ? stage : root)
    }' plan/fresh "tree/releases/$1/manifest.json"
  [ ! -f plan/sums ] || cat plan/sums >>sums.stage
  for part in stage root; do
    [ -f "sums.$part" ] || continue
    [ "$part" = stage ] && place=tree || place=$root
    (cd "$place" && sha256 -c "$stage/sums.$part") >checked 2>&1 ||
      complain "damaged, so that nothing was switched: $(grep -v ': OK$' checked | head -n 3 | tr '\n' ' ')"
  done
}

# keep_state VERSION STATE SOURCE.
keep_state () {
  mkdir -p "$own/versions"
  printf '%s %s %s\n' "$2" "$(date +%s)" "$3" >"$own/versions/$1.new"
  mv "$own/versions/$1.new" "$own/versions/$1"
}

# shellcheck shell=sh
# What runs: its variables, its service, the version that it is taken to, and whether that is well. Read by host.sh.

# environment SIZE, and so many bytes: the variables of the service, which nobody else may read. What they were is kept
# until a version is found well with the new ones.
keep_environment () {
  # shellcheck source=/dev/null
  . "$own/places"
  (umask 077 && head -c "$1" >"$environment_file.new")
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
  mkdir -p "$own/versions"
  head -c "$1" | gzip -dc | tar -xof - -C "$own"
}

# setup SIZE, and so many bytes of a tar that gzip has packed: files, and the commands that install them, a line each.
setup () {
  rm -rf "$own/setup"
  mkdir -p "$own/setup" "$own/versions"
  head -c "$1" | gzip -dc | tar -xof - -C "$own/setup"
  cd "$own/setup/files"
  while IFS= read -r line; do
    say "log $line"
    sh -euc "$line" >../said 2>&1 </dev/null || complain "$line: $(tail -n 2 ../said | tr '\n' ' ')"
  done <../commands
  cd "$root"
  rm -rf "$own/setup"
}

# activate VERSION HOW: runs the version, hot or by a restart; HOW is auto, hot, restart, or anew: what runs keeps
# nothing of what it was started with.
activate () {
  [ "$2" != anew ] || run_logged "$own/service" stop
  case $("$own/command" status --json 2>/dev/null) in
    *'"state": "stopped"'* | '')
      read -r _ permanent <"$root/releases/start_erl.data" || :
      [ "$permanent" = "$1" ] || run_logged "$own/command" upgrade --json "$1"
      run_logged "$own/service" start
      ;;
    *)
      case $2 in
        auto) run_logged "$own/command" upgrade --json "$1" ;;
        *) run_logged "$own/command" upgrade --json "--$2" "$1" ;;
      esac
      ;;
  esac
}

# Runs a program: what it says is logged, and a line of JSON at its end is its report.
run_logged () {
  report=$own/report.$$
  result=$( {
    status=0
    "$@" 3>&- 4>&- || status=$?
    echo "$status" >"$report.status"
  } 2>&1 >"$report" | while IFS= read -r line; do
    say "log $line"
    printf '%s\n' "$line"
  done | tail -n 3)
  read -r status <"$report.status"
  reported=$(tail -n 1 "$report")
  rm -f "$report" "$report.status"
  case $reported in
    '{'*) say "report $reported" ;;
    ?*) say "log $reported" ;;
  esac
  [ "$status" -eq 0 ] || complain "${result:-$* ended with status $status}"
}

# check SECONDS KIND WHAT: waits until the release is ready, or until what it is asked for is as it should be.
check () {
  check_end=$(($(date +%s) + $1))
  until check_once "$2" "$3" >"$own/check.$$" 2>&1; do
    if [ "$(date +%s)" -ge "$check_end" ]; then
      said=$(tail -n 3 "$own/check.$$" | tr '\n' ' ')
      rm -f "$own/check.$$"
      complain "after $1 s not $2 ${3:+($3)}: ${said:-no answer}"
    fi
    sleep 0.2
  done
  rm -f "$own/check.$$"
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
  rm -f "$own/versions/$1"
}

# tail COUNT: the last lines of the log, for whoever wants to know why.
show_log () {
  "$own/service" logs "$1" 2>&1 | tail -n "$1" | while IFS= read -r line; do say "log $line"; done
}

audit () {
  mkdir -p "$own"
  printf '%s\n' "$1" >>"$own/audit.log"
}

while IFS= read -r line; do
  if [ -n "$is_owner" ] && has_lock; then : >"$own/lock/heard"; fi
  command=${line%% *}
  text=${line#"$command"}
  text=${text# }
  set -f
  # shellcheck disable=SC2086 # words
  set -- $text
  set +f
  case $command in
    receive | install | environment | environment_back | activate | start | stop | mark | remove)
      # What was sent behind the command is nobody's: this connection is of no use any more.
      if [ -n "$is_owner" ] && ! has_lock; then
        say "failed the lock was taken away, and nothing more is done"
        break
      fi
      ;;
  esac
  # What needs nothing more from the other end is finished before anybody else gets the lock.
  case $command in
    alive | receive | environment | prepare) ;;
    *) if [ -n "$is_owner" ] && has_lock; then : >"$own/lock/busy"; fi ;;
  esac
  case $command in
    alive) ;;
    look) attempt look ;;
    running) attempt show_running ;;
    lock)
      attempt take_lock "$@"
      ! has_lock || is_owner=yes
      ;;
    unlock) attempt break_lock ;;
    part) attempt show_stage "$@" ;;
    show) attempt show_manifest "$@" ;;
    fetch) attempt send_files "$@" ;;
    prepare) attempt prepare "$@" ;;
    setup) attempt setup "$@" ;;
    receive) attempt receive "$@" ;;
    install) attempt install_version "$@" ;;
    environment) attempt keep_environment "$@" ;;
    environment_back) attempt restore_environment ;;
    activate) attempt activate "$@" ;;
    check)
      what=${text#* }
      what=${what#"${2-}"}
      attempt check "${1-}" "${2-}" "${what# }"
      ;;
    settle) attempt settle "$@" ;;
    mark) attempt mark "$@" ;;
    start | stop) attempt run_logged "$own/service" "$command" ;;
    remove) attempt remove_version "$@" ;;
    tail) attempt show_log "$@" ;;
    audit) attempt audit "$text" ;;
    end) break ;;
    *) say "failed there is no command $command" ;;
  esac
  if [ -n "$is_owner" ] && has_lock; then rm -f "$own/lock/busy"; fi
done
