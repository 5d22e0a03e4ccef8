"""The version of dray, in one place: the build backend reads it here too."""

__version__ = "0.1.0"
