"""What has to travel to a host, and what it makes of what it has: worked out from manifests alone.

    transfer = plan_transfer(new, (installed,))
    transfer.sent     # the files whose bytes travel
    transfer.links    # the files that the host has elsewhere already
    transfer.fresh    # what is moved to its place when all of it is there and checked

Versions share folders of applications and runtimes, as OTP's layout has it; so a folder either is new as a whole, or
is there with the same content.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.deploy.manifest import format_difference, is_of_upgrade, is_plain
from dray.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.deploy.manifest import Item, Manifest

MUTABLE = ("releases/RELEASES", "releases/start_erl.data")
"""Files that say which versions there are: the host keeps its own."""
_ALWAYS_ARGUMENTS = 200
"""So many files are given to one command; all systems take far more."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What travels to a host that has certain versions.

    Args:
        new: The manifest of the release.
        base: The version whose manifest the new one is made of; empty where it travels whole.
        manifest: What travels of the manifest.
        sent: The files that travel.
        links: Where a file is, and where it is to be, too.
        fresh: Folders and files to move to their places, in this order.
    """

    new: Manifest
    base: str
    manifest: bytes
    sent: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    fresh: tuple[str, ...]

    @property
    def key(self) -> object:
        """What two hosts share that the same bytes can be sent to."""
        return self.base, self.sent, self.links, self.fresh

    @property
    def size(self) -> int:
        """The bytes of the files that travel, before they are packed."""
        return sum(self.new.items[path].size for path in self.sent)

    def format_links(self) -> str:
        """Return the shell commands that make what does not travel, run where the fresh files are gathered.

        The variable ``root`` is the folder of the release on the host.
        """
        lines = [f"mkdir -p {words}" for words in _group(map(shlex.quote, self._list_folders()))]
        lines += [f"chmod {mode} {shlex.quote(path)}" for path, mode in self.new.directories if self._is_fresh(path)]
        lines += [
            f"ln -sf {shlex.quote(item.target)} {shlex.quote(path)}"
            for path, item in self.new.items.items()
            if item.target and self._is_fresh(path)
        ]
        return "".join(f"{line}\n" for line in (*lines, *_link_files(self.links)))

    def format_sums(self) -> str:
        """Return the checksums of the files whose names a manifest escapes, in the form of sha256sum."""
        odd = (path for path in self.new.items if not is_plain(path) and self._is_fresh(path))
        return "".join(_format_sum(self.new.items[path]) for path in odd if self.new.items[path].sha256)

    def _is_fresh(self, path: str) -> bool:
        return find_top(path, self.new.version) in self.fresh

    def _list_folders(self) -> list[str]:
        folders = {path.rpartition("/")[0] for path in self.new.items if self._is_fresh(path)}
        folders |= {path for path, _ in self.new.directories if self._is_fresh(path)}
        return sorted(folders - {""})


def find_top(path: str, version: str) -> str:
    """Return what a file is moved to its place with: the folder of an application, runtime or version, or itself.

    Args:
        path: The file's path.
        version: The release's version.
    """
    parts = path.split("/")
    if len(parts) > 1 and parts[0].startswith("erts-"):
        return parts[0]
    if len(parts) > 2 and (parts[0] == "lib" or (parts[0] == "releases" and parts[1] == version)):
        return f"{parts[0]}/{parts[1]}"
    return path


def plan_transfer(
    new: Manifest, installed: Iterable[Manifest], *, there: Mapping[str, str] | None = None, first: bool = False
) -> Transfer:
    """Return what has to travel.

    Args:
        new: The manifest of the release.
        installed: Those of the versions that the host has, the one that resembles the new one most last.
        there: What an earlier transfer has left, path and checksum.
        first: Whether no version of the release has been started on the host.

    Raises:
        IntegrityError: The host has a folder of the same name with other content.
    """
    known = tuple(installed)
    have = {path: item for manifest in known for path, item in manifest.items.items()}
    places = {item.identity: path for path, item in have.items() if item.sha256 and _stays(path)}
    tops = {find_top(path, manifest.version) for manifest in known for path in manifest.items}
    fresh: dict[str, None] = {}
    sent, links = [], []
    for path, item in new.items.items():
        top = find_top(path, new.version)
        if top in tops and top != path:
            if not is_of_upgrade(path):
                _require_equal(path, item, have)
            continue
        if (path in MUTABLE and not first) or (top == path and _is_everywhere(item, known)):
            continue
        fresh[top] = None
        if there and there.get(path) == item.sha256:
            continue
        if item.identity in places and path not in MUTABLE:
            links.append((places[item.identity], path))
        elif item.sha256:
            sent.append(path)
    fresh[f"releases/{new.version}"] = None
    base = known[-1] if known else None
    difference = format_difference(base, new) if base else b""
    return Transfer(
        new,
        base.version if base else "",
        difference if base else new.data,
        tuple(sent),
        tuple(links),
        tuple(sorted(fresh, key=lambda top: (_rank(top, new.version), top))),
    )


def _stays(path: str) -> bool:
    """Tell whether a file of an installed version stays as it is as long as the version does."""
    return path.startswith(("lib/", "erts-")) or (path.startswith("releases/") and path.count("/") > 1)


def _rank(top: str, version: str) -> int:
    """What names the version comes last, and behind it only what makes it the one to start."""
    return 2 if top == MUTABLE[1] else 1 if top == f"releases/{version}" else 0


def _is_everywhere(item: Item, known: tuple[Manifest, ...]) -> bool:
    """Tell whether a file that belongs to no folder is there already: every version has it with this content."""
    return bool(known) and all(
        item.path in manifest.items and manifest.items[item.path].identity == item.identity for manifest in known
    )


def _require_equal(path: str, item: Item, have: Mapping[str, Item]) -> None:
    if path in have and have[path].identity == item.identity:
        return
    raise IntegrityError(
        f"{path} is installed with other content, and two versions share its folder",
        hint='give the application another version, or deploy with upgrade="auto"',
    )


def _link_files(links: tuple[tuple[str, str], ...]) -> Iterable[str]:
    """Yield commands that link files: many at once where they keep their names."""
    groups: dict[str, list[str]] = {}
    for source, path in links:
        folder, _, name = path.rpartition("/")
        if folder and source.rpartition("/")[2] == name:
            groups.setdefault(folder, []).append(source)
        else:
            yield f"ln -f {_there(source)} {shlex.quote(path)}"
    for folder, sources in groups.items():
        for words in _group(map(_there, sources)):
            yield f"ln -f {words} {shlex.quote(folder)}/"


def _group(words: Iterable[str]) -> Iterable[str]:
    """Yield words as the arguments of few commands."""
    listed = list(words)
    for start in range(0, len(listed), _ALWAYS_ARGUMENTS):
        yield " ".join(listed[start : start + _ALWAYS_ARGUMENTS])


def _there(path: str) -> str:
    return f'"$root"/{shlex.quote(path)}'


def _format_sum(item: Item) -> str:
    """A name with a backslash or a line end is escaped, and its line says so with a backslash of its own."""
    escaped = item.path.replace("\\", "\\\\").replace("\n", "\\n")
    return f"{chr(92) if escaped != item.path else ''}{item.sha256}  {escaped}\n"
