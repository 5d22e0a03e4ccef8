# Sets the variables of a file: lines NAME=value, NAME='value' or NAME="value", as systemd reads them. Nothing in the
# file is run. A file that is not there sets nothing; one that cannot be read is an error.
read_environment () {
  [ -e "$1" ] || return 0
  [ -r "$1" ] || { echo "ERROR: $1 cannot be read by $(id -un)" >&2; exit 78; }
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line#"${line%%[! 	]*}"}
    line=${line%"${line##*[! 	]}"}
    case $line in
      '' | '#'* | ';'*) continue ;;
    esac
    variable=${line%%=*}
    case $variable in
      "$line" | '' | [0-9]* | *[!A-Za-z0-9_]*)
        echo "ERROR: $1 has a line that is not NAME=value: ${variable%%[!A-Za-z0-9_]*}..." >&2
        exit 78
        ;;
    esac
    value=${line#*=}
    case $value in
      \'*\') value=${value#?} value=${value%?} ;;
      \"*\")
        value=${value#?} value=${value%?}
        take_backslashes '["\\$`]'
        ;;
      *) take_backslashes '?' ;;
    esac
    export "$variable=$value"
  done <"$1"
}

# Takes the backslash away that stands before a character of a pattern.
take_backslashes () {
  rest=$value
  value=
  while :; do
    case $rest in
      *\\?*) ;;
      *) break ;;
    esac
    value=$value${rest%%\\*}
    rest=${rest#*\\}
    letter=${rest%"${rest#?}"}
    rest=${rest#?}
    # shellcheck disable=SC2254 # a pattern
    case $letter in
      $1) value=$value$letter ;;
      *) value=$value\\$letter ;;
    esac
  done
  value=$value$rest
}

{% for name, value in variables %}
export {{ name }}={{ quote(value) }}
{% endfor %}
{% for file in process.environment_files %}
read_environment {{ file }}
{% endfor %}
