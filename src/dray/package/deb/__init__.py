"""Debian packages: a release as a ``.deb``."""
