# shellcheck shell=sh
# The host's side of a deployment: does what it reads from its standard input, a command a line, and answers with lines.
# Run by dray over a connection: sh -c THIS dray-host ROOT. Each command ends with "ok", or "failed" and why; lines
# of "log" are what programs say meanwhile. What it keeps for itself is in ROOT/.dray. When the connection is lost, the
# input ends, and so does this: what has begun is finished, and nothing else begins. A command behind the word "then" is
# done if the one before it went well. A fleet has many hosts, and each program takes a millisecond or two: what the shell
# itself can do, it does.
set -u
umask 022
root=$1
own=$root/.dray
stage='' is_owner='' holder='' went_well='' environment_file='' environment_owner=''
newline='
'
if command -v sha256sum >/dev/null; then sha256=sha256sum; else sha256='shasum -a 256'; fi
began=$(date +%s) began_up=''
read -r began_up _ 2>/dev/null </proc/uptime || :
# Nobody else reads what is read here, nor says what is said.
exec 3>&1 4<&0 </dev/null
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
  [ -n "$is_owner" ] || return 0
  set -- "$own/report.$$" "$own/status.$$" "$own/check.$$"
  ! has_lock || set -- "$own/lock" "$@"
  rm -rf "$@"
}

# Does a command; the last line that it says to its standard error is why it failed.
attempt () {
  message=$(
    exec 2>&1 >&3
    set -e
    "$@"
  )
  # Within an "if", set -e would mean nothing.
  # shellcheck disable=SC2181
  if [ $? -eq 0 ]; then
    went_well=yes
    say ok
  else
    went_well=
    say "failed $(printf '%s' "$message" | tail -n 3 | tr '\n' ' ')"
  fi
}

# Sets now: the seconds since 1970; never later than it is, so that what comes after it has no earlier time.
tell_time () {
  if [ -n "$began_up" ] && read -r up _ 2>/dev/null </proc/uptime; then
    now=$((began + (${up%.*} * 100 + 1${up#*.} - ${began_up%.*} * 100 - 1${began_up#*.}) / 100))
  else
    now=$(date +%s)
  fi
}

# Sets last: the last of some lines.
take_last () {
  last=${1%"$newline"}
  last=${last##*"$newline"}
}

{% include "deploy/look.sh" %}

{% include "deploy/lock.sh" %}

{% include "deploy/files.sh" %}

{% include "deploy/run.sh" %}

while IFS= read -r line <&4; do
  if [ -n "$is_owner" ] && has_lock; then : >"$own/lock/heard"; fi
  case $line in
    'then '*)
      if [ -z "$went_well" ]; then
        say "failed what came before it went wrong"
        continue
      fi
      line=${line#then }
      ;;
  esac
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
        went_well=
        say "failed the lock was taken away, and nothing more is done"
        break
      fi
      ;;
  esac
  # What needs nothing more from the other end is finished before anybody else gets the lock.
  case $command in
    alive | receive | environment | prepare) ;;
    *) if [ -n "$is_owner" ] && has_lock; then echo busy >"$own/lock/heard"; fi ;;
  esac
  case $command in
    alive) ;;
    look) attempt look ;;
    running) attempt show_running ;;
    begin) attempt begin ;;
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
  if [ -n "$is_owner" ] && has_lock; then : >"$own/lock/heard"; fi
done
