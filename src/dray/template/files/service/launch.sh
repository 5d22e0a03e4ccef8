#!/bin/sh
# {{ process.name }}: hands over to {{ service.launcher }} in the service's environment.
#
#   {{ target }} start      what the init system runs
#   {{ target }} remote     any command of the launcher, for {{ service.user }}
#   {{ target }} /bin/env   any program, by its whole path
set -eu
{% block environment %}
{% include "service/environment.sh" %}
{% endblock %}

[ $# -gt 0 ] || set -- start
cd {{ process.state }}
{% if log_file %}
if [ "$1" = start ]; then
  exec >>{{ log_file }} 2>&1
fi
{% endif %}
case $1 in
  /*) exec "$@" ;;
  *) exec {{ service.launcher }} "$@" ;;
esac
