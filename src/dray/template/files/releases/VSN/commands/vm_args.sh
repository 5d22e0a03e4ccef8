# shellcheck shell=sh
# vm_args: Prints the flags of the running system, or of a start now, with their reasons
check_distribution
# shellcheck source=/dev/null
. "$REL_VSN_DIR/host/vm_args.sh"
if [ -n "$vm_args_file" ] && [ -r "$vm_args_file" ] &&
  (recall_node && reach_node && call_node erlang node) >/dev/null 2>&1; then
  echo "# $RELEASE_NAME is running with:"
  cat "$vm_args_file"
else
  echo "# $RELEASE_NAME is not running; a start would use:"
  (
    build_vm_args
    printf '%s' "$vm_args_text"
  )
fi
