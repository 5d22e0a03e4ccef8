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
  head -c "$1" <&4 >"$own/fetch.list"
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
    [ "$other" = "$stage" ] || [ ! -d "$other" ] || rm -rf "$other"
  done
  [ -d "$stage" ] || mkdir -p "$stage"
  # Nothing is sent behind the bytes until this has answered, so it does no harm where head reads ahead.
  if ! head -c "$2" <&4 | gzip -dc | tar -xof - -C "$stage"; then
    find_free
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
  [ -d "tree/releases/$2" ] || mkdir -p "tree/releases/$2"
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
  sum=$($sha256 <"tree/releases/$2/manifest.json")
  [ "${sum%% *}" = "$1" ] || complain "the manifest is not the one that was sent: it is damaged"
  (
    cd tree
    # shellcheck source=/dev/null
    . ../plan/links
  )
  check_files "$2" "$3"
  move_fresh
  keep_state "$2" ready "$4"
  cd "$root"
  rm -rf "$stage"
}

# Moves what is new to its place, in the order of the plan; neighbours by one program.
move_fresh () {
  set --
  folder=.
  while IFS= read -r path; do
    case $path in */*) into=${path%/*} ;; *) into=. ;; esac
    if [ "$into" != "$folder" ] || [ $# -ge 200 ]; then
      [ $# -eq 0 ] || mv -f "$@" "$root/$folder/"
      set --
      folder=$into
      [ -d "$root/$into" ] || mkdir -p "$root/$into"
    fi
    [ ! -d "$root/$path" ] || rm -rf "${root:?}/$path"
    set -- "$@" "tree/$path"
  done <plan/fresh
  [ $# -eq 0 ] || mv -f "$@" "$root/$folder/"
}

# check_files VERSION BASE: compares every file of a version with its manifest, those that are new in the stage, the
# others where they are. Of these, what the base has, too, was compared when that came. Where it has not changed since, it
# is not compared again: nobody can set the change time of a file. In a folder that has changed itself there may be other
# files than before. Where the clock has been put back, times say nothing, nor does what was read from memory before the
# host was booted anew.
check_files () {
  now=$own/checked/$1 before=$own/checked/$2 compared_in=''
  [ -d "$own/checked" ] || mkdir "$own/checked"
  name_boot >"$now"
  : >seen
  read -r boot <"$now"
  read -r compared_in 2>/dev/null <"$before" || :
  if [ "$compared_in" = "$boot" ] && [ ! "$before" -nt "$now" ]; then
    (cd "$root" && exec find lib erts-* releases \( -type f ! -cnewer "$before" \) -o \( -type d -cnewer "$before" \)) \
      >seen 2>/dev/null || : >seen
  fi
  [ -s seen ] && base=$root/releases/$2/manifest.json || base=seen
  awk -F '"' -v root="$root" '
    FILENAME == "plan/fresh" { fresh[$0] = 1; next }
    FILENAME == "seen" { seen[$0] = 1; next }
    $2 != "path" || $8 != "sha256" || $4 ~ /\\/ { next }
    FILENAME == ARGV[3] { known[$4] = $10; next }
    {
      count = split($4, part, "/")
      place = part[1]
      here = place in fresh
      unchanged = $4 in seen && known[$4] == $10
      for (number = 2; number <= count && !here; number++) {
        if (place in seen && place != "lib" && place != "releases")
          unchanged = 0
        place = place "/" part[number]
        here = place in fresh
      }
      # What says which versions there are changes with them, and an appup says where its own version came from.
      if (here || (!unchanged && $4 != "releases/RELEASES" && $4 != "releases/start_erl.data" && $4 !~ /\.appup$/))
        print $10 "  " (here ? "" : root "/") $4
    }' plan/fresh seen "$base" "tree/releases/$1/manifest.json" >sums
  [ ! -s plan/sums ] || cat plan/sums >>sums
  [ -s sums ] || return 0
  # shellcheck disable=SC2086 # words
  (cd tree && exec $sha256 -c ../sums) >said 2>&1 ||
    complain "damaged, so that nothing was switched: $(grep -v ': OK$' said | sed "s|^$root/||" | head -n 3 | tr '\n' ' ')"
}

# keep_state VERSION STATE SOURCE.
keep_state () {
  [ -d "$own/versions" ] || mkdir -p "$own/versions"
  tell_time
  set -- "$1" "$2 $now $3"
  if [ -e "$own/versions/$1" ]; then
    printf '%s\n' "$2" >"$own/versions/$1.new"
    mv "$own/versions/$1.new" "$own/versions/$1"
  else
    printf '%s\n' "$2" >"$own/versions/$1"
  fi
}
