"""The command line: arguments in, a pipeline or a room called, and the result printed."""

from dray.cli.main import main

__all__ = ["main"]
