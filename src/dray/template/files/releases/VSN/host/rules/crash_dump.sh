# The BEAM writes it into its working folder, which is any, and often cannot be written.
if [ -n "$ERL_CRASH_DUMP" ]; then
  say "# rule crash_dump is left out: yours: ERL_CRASH_DUMP=$ERL_CRASH_DUMP"
else
  case $RELEASE_TMP in
    *[\"\\]*) say '# rule crash_dump is left out: RELEASE_TMP has quotes in its name' ;;
    *)
      rule crash_dump 'RELEASE_TMP can be written' '-env ERL_CRASH_DUMP' "\"$RELEASE_TMP/erl_crash.dump\""
      ;;
  esac
fi
