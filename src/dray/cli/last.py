"""What ``last`` stands for: the newest build of another version that is kept here, else the one published last.

Kept are the archives and packages in the build folder. Published are the packages in the repository that the project
names for the step ``apt``; one is taken from there where nothing is kept, as in a fresh checkout.
"""

from __future__ import annotations

import contextlib
import hashlib
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dray.errors import ConfigError, IntegrityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.repository.index import Entry


@contextlib.contextmanager
def open_last(env: str) -> Iterator[Path]:
    """Find the last build, which is there as long as the block.

    Args:
        env: The environment whose builds count.

    Yields:
        Its archive or package.

    Raises:
        UsageError: There is none.
        ConfigError: The configuration of the project is wrong.
        IntegrityError: The repository is damaged.
    """
    built = _find_built(Path.cwd() / "_build" / env)
    kept = _list_kept(built) if built else []
    if kept:
        yield kept[0]
        return
    with _open_published(built, env) as found:
        if found is None:
            raise UsageError(
                f"nothing is kept in _build/{env} of another version{_describe(built)}, and nothing is published",
                hint="keep archives or packages of earlier versions there, or give the path of one",
            )
        yield found


def _find_built(folder: Path) -> Path | None:
    """Return the tree of the release that is built here; None where there is none."""
    trees = sorted(path.parent.parent for path in folder.glob("rel/*/releases/start_erl.data"))
    if len(trees) > 1:
        built = ", ".join(tree.name for tree in trees)
        raise UsageError(f"last is the last build of the one release that is built here; built: {built}")
    return trees[0] if trees else None


def _list_kept(tree: Path) -> list[Path]:
    from dray.upgrade.bases import list_archives  # noqa: PLC0415 - a path needs none of it
    from dray.upgrade.rehearse import read_version  # noqa: PLC0415

    return list_archives(tree.parent.parent, tree.name, read_version(tree))


def _describe(built: Path | None) -> str:
    from dray.upgrade.rehearse import read_version  # noqa: PLC0415

    return f" of {built.name} than {read_version(built)}" if built else ""


@contextlib.contextmanager
def _open_published(built: Path | None, env: str) -> Iterator[Path | None]:
    """Take the package that was published last out of the project's repository; None where there is none."""
    from dray.cli.apt_place import open_to_read, read_place  # noqa: PLC0415
    from dray.repository.draft import Draft  # noqa: PLC0415
    from dray.repository.manage import list_entries  # noqa: PLC0415
    from dray.repository.suite import read_suite  # noqa: PLC0415

    place = read_place(None, None, env)
    if not place.address:
        yield None
        return
    with open_to_read(place) as (store, trusted):
        suite = read_suite(store, place.suite, trusted)
        entries = [entry for _, entry in list_entries(Draft(store, suite, suite.release))]
        entry = _choose(entries, built)
        stored = store.get(entry.filename) if entry else None
    if entry is None:
        yield None
        return
    if stored is None or hashlib.sha256(stored.data).hexdigest() != entry.sha256:
        raise IntegrityError(f"{place.address}/{entry.filename} is missing or damaged", hint="dray apt check --deep")
    click.echo(f"last is {entry.package} {entry.version}, published in {place.address} {place.suite}", err=True)
    with tempfile.TemporaryDirectory(prefix="dray-last-") as folder:
        file = Path(folder, Path(entry.filename).name)
        file.write_bytes(stored.data)
        yield file


def _choose(entries: list[Entry], built: Path | None) -> Entry | None:
    """Return the newest package of a release: of that which is built here and of another version, where one is."""
    from dray.package.deb.identity import find_architecture  # noqa: PLC0415
    from dray.package.debian_version import version_key  # noqa: PLC0415
    from dray.upgrade.rehearse import read_version  # noqa: PLC0415

    titles = [(entry, entry.stanza.get("Dray-Release")) for entry in entries]
    if built is not None:
        own = f"{built.name} {read_version(built)}"
        found = [entry for entry, title in titles if title.startswith(f"{built.name} ") and title != own]
    else:
        found = [entry for entry, title in titles if title]
    names = sorted({entry.package for entry in found})
    if len(names) > 1:
        raise UsageError(f"several packages are published: {', '.join(names)}", hint="build the release first")
    here = ""
    with contextlib.suppress(ConfigError):  # a machine that Debian does not know
        here = find_architecture(frozenset({platform.machine()}))
    return max(found, key=lambda entry: (version_key(entry.version), entry.architecture == here), default=None)
