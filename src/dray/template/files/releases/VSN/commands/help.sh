# shellcheck shell=sh
# help: Lists the commands
{
  echo "Usage: $RELEASE_PROG COMMAND [ARGS]

The known commands are:
"
{% for command in commands %}
  echo {{ "    %-22s %s" | format(command.usage, command.summary) | sh }}
{% endfor %}
  echo
} >&2

case ${1:-} in
  '' | help | -h | --help) ;;
  *) fail "Unknown command $1" ;;
esac
