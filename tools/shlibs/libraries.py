"""Puts the libraries of several packages together, and writes them as the JSON that ships with dray."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from dray.package.deb.catalogue import describe_library
from dray.package.debian_version import version_key

if TYPE_CHECKING:
    from pathlib import Path

    from dray.package.deb.library import Library


def merge_libraries(libraries: dict[str, Library], library: Library, package: str) -> None:
    """Add a library of a package to those that were found.

    The same library of two architectures is one: what both list counts as it stands for the first, and each adds what
    only it has.
    """
    known = libraries.get(library.soname)
    if known is None:
        libraries[library.soname] = library
        return
    if known.depends != library.depends:
        sys.stderr.write(f"{library.soname}: {known.depends}, but {package} has {library.depends}\n")
        return
    versions = {**library.versions, **known.versions}
    symbols = dict(known.symbols)
    for key, need in library.symbols.items():
        name, _, version = key.partition("@")
        if version not in known.versions:
            symbols[key] = need
        elif known.find_need(name, version) != need:
            sys.stderr.write(f"{library.soname}: {key} {known.find_need(name, version)}, but {package} has {need}\n")
            symbols.setdefault(key, need)
    libraries[library.soname] = replace(
        known,
        minimum=min(known.minimum, library.minimum, key=version_key),
        versions=versions,
        symbols=symbols,
    )


def write_libraries(path: Path, distribution: str, origin: str, libraries: dict[str, Library]) -> None:
    """Write the file of a distribution: JSON, and each library a line of it, so that changes can be read."""
    lines = (f"  {json.dumps(name)}: {json.dumps(describe_library(libraries[name]))}" for name in sorted(libraries))
    head = f'{{\n "distribution": {json.dumps(distribution)},\n "origin": {json.dumps(origin)},\n "libraries": {{\n'
    path.write_text(head + ",\n".join(lines) + "\n }\n}\n")
