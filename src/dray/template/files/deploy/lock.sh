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
  elif ! is_busy && ! hears "$own/lock/heard" "$own"/stage-*; then
    end_holder
  fi
}

# Whether the holder of the lock is at work.
is_busy () {
  read -r word 2>/dev/null <"$own/lock/heard" && [ "$word" = busy ]
}

# Whether something came within the last minute; of a transfer, the files that it writes tell it.
hears () {
  [ -z "$(find "$1" -mmin +1 2>/dev/null)" ] || [ -n "$(find "$@" -cmin -1 2>/dev/null | head -n 1)" ]
}

name_boot () {
  if read -r word 2>/dev/null </proc/sys/kernel/random/boot_id; then
    echo "$word"
    return
  fi
  sysctl -n kern.boottime 2>/dev/null || echo unknown
}

# Ends the process that waits for what will not come; at once, for it would take its lock along.
end_holder () {
  kill -9 "$holder" 2>/dev/null || :
  holder=
}

# begin: makes the folder of the release, where nobody sets a host up for it.
begin () {
  [ -d "$own" ] || mkdir -p "$own"
}

# lock OWNER TEXT: nobody else deploys here until this ends. Whoever has the lock already, by a connection that is lost,
# gets it at once, when what was begun is finished.
take_lock () {
  [ -d "$own" ] || complain "not set up: there is no $own"
  entered=
  if ! mkdir "$own/lock" 2>/dev/null; then
    enter_lock "$1"
  fi
  name_boot >"$own/lock/boot"
  echo "$1" >"$own/lock/by"
  shift
  echo "$*" >"$own/lock/owner"
  : >"$own/lock/heard"
  echo $$ >"$own/lock/holder"
  [ -z "$entered" ] || rmdir "$own/locking"
}

refuse_lock () {
  rmdir "$own/locking" 2>/dev/null || :
  complain "locked: $(cat "$own/lock/owner" 2>/dev/null)"
}

# enter_lock OWNER: makes the folder of the lock where there is one already, if that is nobody's any more. One at a time
# looks at it; who ends meanwhile is in nobody's way for more than a minute.
enter_lock () {
  tries=0
  until mkdir "$own/locking" 2>/dev/null; do
    [ -d "$own/locking" ] || mkdir "$own/locking" # says why it cannot be made
    [ -z "$(find "$own/locking" -mmin +1 2>/dev/null)" ] || rmdir "$own/locking" 2>/dev/null || :
    tries=$((tries + 1))
    [ "$tries" -lt 400 ] || complain "locked: somebody is just taking the lock, says $own/locking"
    sleep 0.2
  done
  entered=yes
  while is_being_taken; do
    touch "$own/locking"
    sleep 0.2
  done
  if [ -d "$own/lock" ]; then
    find_lock_holder
    [ -z "$holder" ] || [ "$(cat "$own/lock/by" 2>/dev/null)" != "$1" ] || take_over
    [ -z "$holder" ] || refuse_lock
    rm -rf "$own/lock"
  fi
  mkdir "$own/lock" 2>/dev/null || refuse_lock
}

# Whether somebody has just made the folder of the lock, and has not said yet who it is.
is_being_taken () {
  [ ! -e "$own/lock/holder" ] && [ -n "$(find "$own/lock" -prune -mmin -1 2>/dev/null)" ]
}

take_over () {
  ! is_busy || say "log the host finishes what was begun before"
  while is_busy && kill -0 "$holder" 2>/dev/null; do
    touch "$own/locking"
    sleep 0.2
  done
  end_holder
}

# unlock: takes the lock away from whoever holds it; who is at work finishes that, and does nothing more.
break_lock () {
  find_lock_holder
  [ -z "$holder" ] || is_busy || end_holder
  rm -rf "$own/lock"
}

has_lock () {
  read -r holder <"$own/lock/holder" 2>/dev/null || holder=
  [ "$holder" = $$ ]
}
