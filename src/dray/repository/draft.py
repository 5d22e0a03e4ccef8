"""A draft of what a suite becomes, and the files that it is packed into."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dray.package.codec import CODECS, GZIP, XZ, ZSTD
from dray.repository.index import Index
from dray.repository.release_file import Listed
from dray.repository.store import Upload
from dray.repository.suite import index_path, load_index

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.package.codec import Codec
    from dray.repository.release_file import ReleaseFile
    from dray.repository.store import Store
    from dray.repository.suite import Suite

MANY_PACKAGES = 5000
"""From so many packages on, an index is packed with gzip and zstd: xz would take seconds."""


@dataclass
class Draft:
    """What a publication changes of a suite.

    Args:
        store: Where the repository is.
        suite: The suite as it is.
        release: What becomes of ``Release``; sizes and checksums of changed indices come later.
        changed: The indices that are not as they were, by component and architecture.
        uploads: New packages.
        restored: Further files that are written with the indices.
    """

    store: Store
    suite: Suite
    release: ReleaseFile
    changed: dict[tuple[str, str], Index] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    restored: list[Upload] = field(default_factory=list)
    _loaded: dict[tuple[str, str], Index] = field(default_factory=dict)

    def index(self, component: str, architecture: str) -> Index:
        """Return an index as the draft has it."""
        key = (component, architecture)
        if key in self.changed:
            return self.changed[key]
        if key not in self._loaded:
            self._loaded[key] = load_index(self.store, self.suite, component, architecture)
        return self._loaded[key]

    def set_index(self, component: str, architecture: str, index: Index) -> None:
        """Change an index; one that stays as it was is not written anew."""
        if (component, architecture) in self.changed or index.blocks != self.index(component, architecture).blocks:
            self.changed[component, architecture] = index

    def add_architectures(self, component: str, architectures: Iterable[str]) -> None:
        """Make room for a component and for architectures: what runs everywhere is in the index of each."""
        release = self.release
        components = release.components if component in release.components else (*release.components, component)
        wanted = tuple(sorted({*release.architectures, *architectures} - {"all"}))
        for new in [name for name in wanted if name not in release.architectures]:
            for part in release.components:
                everywhere = self._everywhere(part)
                self.changed[part, new] = Index(everywhere)
        if component not in release.components:
            self.changed |= {(component, name): Index() for name in wanted}
        self.release = replace(release, components=components, architectures=wanted)

    def _everywhere(self, component: str) -> tuple[str, ...]:
        if not self.release.architectures:
            return ()
        index = self.index(component, self.release.architectures[0])
        return tuple(block for block in index.blocks if "\nArchitecture: all\n" in f"{block}\n")


def pack_indices(draft: Draft) -> tuple[ReleaseFile, list[Upload]]:
    """Return ``Release`` with the changed indices, and the files that they become."""
    kept = {item.path: item for item in draft.release.listed}
    uploads = list(draft.restored)
    folder = draft.suite.folder
    for (component, architecture), index in sorted(draft.changed.items()):
        path = index_path(component, architecture)
        data = index.format()
        codecs = (GZIP, ZSTD) if len(index) > MANY_PACKAGES else (GZIP, XZ)
        packed = _pack_side_by_side(data, codecs)
        for suffix in CODECS:
            kept.pop(path + suffix, None)
        kept[path] = Listed(path, len(data), hashlib.sha256(data).hexdigest())
        for codec, body in zip(codecs, packed, strict=True):
            listed = Listed(path + codec.suffix, len(body), hashlib.sha256(body).hexdigest())
            kept[listed.path] = listed
            uploads += [Upload(f"{folder}/{listed.by_hash}", body), Upload(f"{folder}/{listed.path}", body)]
    return replace(draft.release, listed=tuple(kept[path] for path in sorted(kept))), uploads


def _pack_side_by_side(data: bytes, codecs: tuple[Codec, ...]) -> tuple[bytes, ...]:
    """Return data in two compressions, made at the same time."""
    first, second = codecs
    made: list[bytes] = []
    other = threading.Thread(target=lambda: made.append(second.compress(data)))
    other.start()
    mine = first.compress(data)
    other.join()
    return mine, made[0]
