"""A repository in a folder, which a web server may serve as it is.

Files are written beside the repository, in ``.dray``, and moved to their place when they are safely on disk, so that
a reader never sees a half of one and a power cut leaves none. Publishers take turns by ``flock(2)``.

A file is never moved onto a hard link of itself: rename(2) would do nothing, and leave it where it was.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dray.errors import RepositoryError
from dray.repository.files import flush_all, write_file
from dray.repository.store import Item, Stored, Upload, fail, validate_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OWN = ".dray"
_WAIT_SECONDS = 300.0
_LIST = ".list"
_FEW = 8
"""So many files are flushed one by one; for more, the file system is flushed once."""


class FolderStore:
    """A folder of this machine.

    Args:
        root: The folder; it is made when the first file is stored.
        wait: How many seconds to wait for another publisher.
    """

    def __init__(self, root: Path, *, wait: float = _WAIT_SECONDS) -> None:
        self._root = root
        self._wait = wait
        self._made: set[str] = set()

    @property
    def address(self) -> str:
        """The folder's path."""
        return str(self._root)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other publishers out; what one that was killed has left is removed."""
        try:
            (self._root / _OWN / "new").mkdir(parents=True, exist_ok=True)
            handle = os.open(self._root / _OWN / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise fail(self, "the folder cannot be written", error.strerror) from error
        try:
            self._take(handle)
            self._clean_up()
            yield
        finally:
            os.close(handle)

    def _take(self, handle: int) -> None:
        until = time.monotonic() + self._wait
        pause = 0.001
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise RepositoryError(
                        f"{self.address} is being published to for more than {self._wait:.0f} s by another process",
                        hint=f"find it: fuser {self._root / _OWN / 'lock'}",
                    ) from None
                time.sleep(pause)
                pause = min(pause * 2, 0.05)
            else:
                return

    def _clean_up(self) -> None:
        """Remove what a killed publisher has left: files beside the repository, and those that a list names."""
        for left in sorted((self._root / _OWN / "new").iterdir()):
            if left.suffix == _LIST:
                for key in left.read_text(encoding="utf-8").splitlines():
                    self._path(key).unlink(missing_ok=True)
            left.unlink(missing_ok=True)

    def get(self, key: str) -> Stored | None:
        """Return a file."""
        try:
            data = self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise fail(self, f"{key} cannot be read", error.strerror) from error
        return Stored(data, hashlib.sha256(data).hexdigest())

    def put_new(self, uploads: Sequence[Upload]) -> tuple[str, ...]:
        """Store files that are not there yet."""
        root = str(self._root)
        there = [upload.key for upload in uploads if os.path.lexists(f"{root}/{validate_key(upload.key)}")]
        known = frozenset(there)
        new = [upload for upload in uploads if upload.key not in known] if there else uploads
        if len(new) <= _FEW:
            self._write(new)
        else:
            self._write_many(new)
        return tuple(there)

    def put(self, uploads: Sequence[Upload]) -> None:
        """Store files."""
        for upload in uploads:
            validate_key(upload.key)
        self._write(uploads)

    def replace(self, key: str, data: bytes, etag: str | None) -> bool:
        """Store a file if it has not changed; two publishers take turns already."""
        found = self.get(key)
        if (found.etag if found else None) != etag:
            return False
        path = self._path(key)
        try:
            before = int(path.stat().st_mtime) if found else 0
        except OSError as error:
            raise fail(self, f"{key} cannot be read", error.strerror) from error
        self._write([Upload(key, data)], modified=before + 1)
        return True

    def list_items(self, prefix: str) -> tuple[Item, ...]:
        """Return the files below a folder."""
        items = []
        for folder, folders, names in os.walk(self._root / prefix):
            folders[:] = [name for name in folders if not name.startswith(".")]
            relative = os.path.relpath(folder, self._root)
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    found = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - there may be many
                    key = name if relative == "." else f"{relative}/{name}"
                    items.append(Item(key, found.st_size, found.st_mtime))
        return tuple(sorted(items, key=lambda item: item.key))

    def delete(self, keys: Sequence[str]) -> None:
        """Remove files, and folders that are empty then."""
        for key in keys:
            path = self._path(key)
            try:
                path.unlink(missing_ok=True)
                for folder in path.parents:
                    if folder == self._root:
                        break
                    folder.rmdir()
            except OSError:  # not empty, or not ours to remove
                continue
            finally:
                self._made.clear()

    def _path(self, key: str) -> Path:
        return self._root / validate_key(key)

    def _write(self, uploads: Sequence[Upload], *, modified: int = 0) -> None:
        """Write all files beside the repository, flush them, then move them to their places in order.

        Args:
            uploads: The files.
            modified: The least time of change that they get: HTTP tells two contents of a file apart by seconds.
        """
        staged: list[tuple[str, str]] = []
        handles: list[int] = []
        new, root = str(self._root / _OWN / "new"), str(self._root)
        few = len(uploads) <= _FEW
        try:
            os.makedirs(new, exist_ok=True)  # noqa: PTH103
            for number, upload in enumerate(uploads):
                temporary = f"{new}/{os.getpid()}-{id(self):x}-{number}"
                staged.append((temporary, f"{root}/{upload.key}"))
                handles += write_file(temporary, upload, keep=few)
                if modified > time.time():
                    os.utime(temporary, (modified, modified))
            flush_all(handles, few=few)
            for temporary, path in staged:
                self._make_folder(path.rpartition("/")[0])
                os.replace(temporary, path)  # noqa: PTH105
            folders = {path.rpartition("/")[0] for _, path in staged}
            handles += (opened := [os.open(folder, os.O_RDONLY | os.O_DIRECTORY) for folder in folders if few])
            flush_all(opened, few=few)
        except OSError as error:
            for temporary, _ in staged:
                Path(temporary).unlink(missing_ok=True)
            raise fail(self, f"{error.filename or 'a file'} cannot be written", error.strerror) from error
        finally:
            for handle in handles:
                os.close(handle)

    def _write_many(self, uploads: Sequence[Upload]) -> None:
        """Write many new files, which nobody reads yet, right at their places: to move each would take twice as long.

        A list of them is on disk before and is removed when they are safely there, so that what is left of an
        interrupted publisher is found.
        """
        root = str(self._root)
        listed = f"{_OWN}/new/{os.getpid()}-{id(self):x}{_LIST}"
        self._write([Upload(listed, "".join(f"{upload.key}\n" for upload in uploads).encode())])
        try:
            for upload in uploads:
                path = f"{root}/{upload.key}"
                self._make_folder(path.rpartition("/")[0])
                write_file(path, upload, keep=False)
            os.sync()
        except OSError as error:
            self.delete([upload.key for upload in uploads])
            raise fail(self, f"{error.filename or 'a file'} cannot be written", error.strerror) from error
        finally:
            Path(root, listed).unlink(missing_ok=True)

    def _make_folder(self, folder: str) -> None:
        if folder in self._made:
            return
        try:
            os.mkdir(folder)  # noqa: PTH102 - there may be many
        except FileExistsError:
            pass
        except FileNotFoundError:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        self._made.add(folder)
