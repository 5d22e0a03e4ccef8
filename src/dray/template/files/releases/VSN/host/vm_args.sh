# shellcheck shell=sh
# Renders the flags of the VM for this host: facts, rules with their reasons, and what is yours.

vm_args_origin={{ origin | sh }}
sys_config_sets_interface={{ sys_config_sets_interface | sh }}
vm_args_skip={{ skip | sh }}
line_end='
'

# A fact of this host: fact NAME VALUE SOURCE.
fact () {
  eval "$1=\$2"
  say "## $1=$2: $3"
}

say () {
  vm_args_text=$vm_args_text$*$line_end
}

# Flags by a rule: rule NAME REASON FLAG VALUE [FLAG VALUE]... A flag that is yours is left out, and so is one that an
# earlier rule has set. FLAG may name others that set the same: '+S|+SP'.
rule () {
  rule_name=$1
  rule_reason=$2
  shift 2
  case " $vm_args_skip " in
    *" $rule_name "*)
      say "# rule $rule_name is left out: yours: config(\"vm_args\", skip=...)"
      return 0
      ;;
  esac
  rule_said=
  while [ "$#" -ge 2 ]; do
    if find_flag "$1"; then
      say "# rule $rule_name leaves out ${1%%|*} $2: $flag_source"
    else
      [ -n "$rule_said" ] || say "# rule $rule_name: $rule_reason"
      rule_said=yes
      say "${1%%|*} $2"
      rule_words="$rule_words ${1%%|*} "
    fi
    shift 2
  done
}

# Sets flag_source: where one of these flags is set already; fails where it is not: find_flag 'FLAG|FLAG'.
find_flag () {
  flag_rest=$1\|
  while [ -n "$flag_rest" ]; do
    flag=${flag_rest%%|*}
    flag_rest=${flag_rest#*|}
    if has_flag "$file_words"; then
      flag_source="yours: $vm_args_origin"
    elif has_flag "$config_words"; then
      flag_source='yours: config("vm_args", flags=...)'
    elif has_flag "$ELIXIR_ERL_OPTIONS"; then
      flag_source='yours: ELIXIR_ERL_OPTIONS'
    elif has_flag "$ERL_AFLAGS $ERL_FLAGS $ERL_ZFLAGS"; then
      flag_source='yours: ERL_AFLAGS, ERL_FLAGS or ERL_ZFLAGS'
    elif has_flag "$rule_words"; then
      flag_source='an earlier rule sets it'
    else
      continue
    fi
    return 0
  done
  return 1
}

has_flag () {
  case " $1 " in
    *" $flag "* | *" $flag"[0-9:]*) return 0 ;;
  esac
  return 1
}

# Reads the flags that are yours: sets file_text, and the words of the file and of the configuration.
read_own_flags () {
  file_text=
  file_words=
  config_words=
  own_is_config=
  [ -r "$RELEASE_VM_ARGS" ] || fail "$RELEASE_VM_ARGS cannot be read"
  set -f
  while IFS= read -r own_line || [ -n "$own_line" ]; do
    file_text=$file_text$own_line$line_end
    case $own_line in
      '## config("vm_args")'*) own_is_config=yes ;;
      '#'* | '') continue ;;
    esac
    for own_word in $own_line; do
      case $own_word in
        '#'*) break ;;
      esac
      if [ -n "$own_is_config" ]; then
        config_words="$config_words $own_word"
      else
        file_words="$file_words $own_word"
      fi
    done
  done <"$RELEASE_VM_ARGS"
  set +f
}

# Sets vm_args_text.
build_vm_args () {
  vm_args_text=
  rule_words=
  [ "$RELEASE_VM_ARGS" = "$REL_VSN_DIR/vm.args" ] || vm_args_origin="RELEASE_VM_ARGS=$RELEASE_VM_ARGS"
  read_own_flags
  say "## node $RELEASE_NODE $RELEASE_DISTRIBUTION *$dist_address"
  say "## The flags of $RELEASE_NAME $RELEASE_VSN on this host, made by its launcher: do not edit."
  # shellcheck source=/dev/null
  . "$REL_VSN_DIR/host/facts.sh"
  for fact_file in "$REL_VSN_DIR"/host/facts.d/*.sh; do
    # shellcheck source=/dev/null
    [ ! -r "$fact_file" ] || . "$fact_file"
  done
  # shellcheck source=/dev/null
  . "$REL_VSN_DIR/host/rules.sh"
  for own_name in ELIXIR_ERL_OPTIONS ERL_AFLAGS ERL_FLAGS ERL_ZFLAGS; do
    eval "own_value=\${$own_name:-}"
    case $own_value in
      '') ;;
      *-setcookie*) say "# yours: $own_name, with a cookie" ;;
      *) say "# yours: $own_name=$own_value" ;;
    esac
  done
  say "# yours: $vm_args_origin"
  vm_args_text=$vm_args_text$file_text
}

# The flags of one kind alone, on one line.
render_distribution () {
  read_own_flags
  vm_args_text=
  rule_words=
  apply_distribution_rules
  printf '%s' "$vm_args_text" | while IFS= read -r own_line; do
    case $own_line in
      '#'*) ;;
      *) printf '%s ' "$own_line" ;;
    esac
  done
}

# Writes the file under another name first: a reader sees a whole file or none. Status 3 where it cannot be written;
# any other failure is that of a fact or a rule.
write_vm_args () {
  (
    set -e
    umask 077
    build_vm_args
    exec 2>/dev/null
    [ -d "$RELEASE_TMP" ] || mkdir -p "$RELEASE_TMP" || exit 3
    ! has_text "$vm_args_file" "$vm_args_text" || exit 0
    if printf '%s' "$vm_args_text" >"$vm_args_file.$$" && mv -f "$vm_args_file.$$" "$vm_args_file"; then
      exit 0
    fi
    # What an earlier start has left there is not what this one starts with.
    rm -f "$vm_args_file.$$" "$vm_args_file"
    exit 3
  )
}

# Whether a file holds just this text; to read it takes less time than to write it.
has_text () {
  [ -r "$1" ] || return 1
  text_found=
  while IFS= read -r text_line; do
    text_found=$text_found$text_line$line_end
  done <"$1"
  [ "$text_found" = "$2" ]
}

{% include "releases/VSN/host/rules/distribution.sh" %}
