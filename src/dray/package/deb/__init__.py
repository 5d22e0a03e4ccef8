"""Debian packages of a release: what goes into them, and the file itself."""
