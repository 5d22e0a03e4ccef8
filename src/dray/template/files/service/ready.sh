#!/bin/sh
# Waits until {{ process.name }} is ready, {{ service.start_timeout }} seconds at most.
left={{ service.start_timeout }}
until {{ target }} {{ check }} >/dev/null 2>&1; do
  left=$((left - 1))
  [ "$left" -gt 0 ] || { echo "{{ process.name }} was not ready after {{ service.start_timeout }} s" >&2; exit 1; }
  sleep 1
done
