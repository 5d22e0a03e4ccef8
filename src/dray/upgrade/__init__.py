"""From one release to another: what differs, and whether a running node can follow."""
