"""Makes the user's own modules importable for a while, without a trace.

No compiled files are written beside the user's, and modules from ``rel`` are forgotten afterwards. What else is
imported meanwhile, dray's own modules among it, Python compiles once and keeps as ever.
"""

from __future__ import annotations

import contextlib
import sys
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.abc import PathEntryFinder
    from pathlib import Path


@contextlib.contextmanager
def importable(root: Path) -> Iterator[None]:
    """Make the modules of a project importable as long as the block lasts.

    Args:
        root: The project's folder, which holds ``rel``.
    """
    before = set(sys.modules)
    hook = _make_hook(str(root))
    sys.path_hooks.insert(0, hook)
    _forget_finders(str(root))
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))
        sys.path_hooks.remove(hook)
        _forget_finders(str(root))
        for name in set(sys.modules) - before:
            if name == "rel" or name.startswith("rel."):
                del sys.modules[name]


class _TracelessLoader(SourceFileLoader):
    """Loads a module as ever, but keeps nothing of what it compiles."""

    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        """Write nothing."""


def _make_hook(root: str) -> Callable[[str], PathEntryFinder]:
    """Return the hook for ``sys.path_hooks`` that is in charge of the folders of a project."""
    make_finder = FileFinder.path_hook(
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_TracelessLoader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )
    # A virtual environment in the project is not the project's own.
    installed = tuple(f"{folder}/" for folder in sys.path if folder.startswith(f"{root}/"))

    def hook(path: str) -> PathEntryFinder:
        folder = f"{path}/"
        if not folder.startswith(f"{root}/") or folder.startswith(installed):
            raise ImportError
        return make_finder(path)

    return hook


def _forget_finders(root: str) -> None:
    """Let Python ask anew who is in charge of the folders of a project."""
    for path in list(sys.path_importer_cache):
        if f"{path}/".startswith(f"{root}/"):
            del sys.path_importer_cache[path]
