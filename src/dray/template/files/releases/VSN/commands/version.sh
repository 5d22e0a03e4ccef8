# shellcheck shell=sh
# version: Prints the release name and version to be booted
echo "$RELEASE_NAME $RELEASE_VSN"
