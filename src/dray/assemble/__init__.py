"""Facts in, release out: applications, boot scripts, configuration, launcher, and the tree on disk."""
