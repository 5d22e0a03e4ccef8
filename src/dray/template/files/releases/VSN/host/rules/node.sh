say "# rule node: ${node_reason:-the system is no node} (set by the launcher: $RELEASE_DISTRIBUTION $RELEASE_NODE)"
