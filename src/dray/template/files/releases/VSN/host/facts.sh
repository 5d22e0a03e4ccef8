# shellcheck shell=sh
# Facts of this host, each by `fact NAME VALUE SOURCE`. In sh alone: a program costs more than all of them together.
{% for part in parts %}

{% include "releases/VSN/host/facts/" ~ part ~ ".sh" %}
{% endfor %}
{% for file in own %}

# From {{ file.origin }}
{{ file.text }}
{% endfor %}
