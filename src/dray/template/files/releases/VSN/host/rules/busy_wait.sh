# Schedulers without work spin for a while before they sleep. That uses up a quota, and takes time from neighbours.
if [ "$HOST_CPU_SHARED" != no ]; then
  rule busy_wait "a scheduler that spins uses up what it is given: $HOST_CPU_SHARED" \
    +sbwt none +sbwtdcpu none +sbwtdio none
fi
