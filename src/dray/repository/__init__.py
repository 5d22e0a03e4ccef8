"""Repositories of packages: where they are stored, and the index of apt."""
