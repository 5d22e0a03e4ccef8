"""An entry of a release as an entry of a tar archive, whatever the format of the archive."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from dray.core.contents import Directory, File, Symlink

if TYPE_CHECKING:
    from dray.core.contents import Entry


def build_tar_info(entry: Entry, size: int, mtime: int) -> tarfile.TarInfo:
    """Return an entry's header: no owner, and the time that all entries have.

    Args:
        entry: The entry.
        size: The number of its bytes.
        mtime: The time, in seconds since 1970.
    """
    info = tarfile.TarInfo(entry.path)
    info.mtime = mtime
    match entry:
        case File():
            info.size, info.mode = size, entry.mode
        case Symlink():
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.target, 0o777
        case Directory():
            info.type, info.mode = tarfile.DIRTYPE, entry.mode
    return info
