#!/bin/sh
# Read before every command. Set what the release should start with, for example:
#
#   export RELEASE_DISTRIBUTION=name
#   export RELEASE_NODE={{ name }}@$(hostname -f)
#   export RELEASE_MODE=interactive
