# shellcheck shell=sh
# What follows from the facts, each by `rule NAME REASON FLAG VALUE...`.
{% for file in own %}

# From {{ file.origin }}
{{ file.text }}
{% endfor %}
{% for part in parts %}

{% include "releases/VSN/host/rules/" ~ part ~ ".sh" %}
{% endfor %}
