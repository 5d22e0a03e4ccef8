"""Packages: from a manifest to bytes."""
