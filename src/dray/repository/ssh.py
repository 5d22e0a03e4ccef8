"""A repository on another machine, reached by the program ``ssh``.

The machine needs a POSIX shell, tar, sha256sum, find and stat, nothing else. Files travel as one tar archive into a
folder beside the repository and are moved to their places when all of them are there, so a connection that breaks
changes nothing that hosts see. A folder made by mkdir(1) is the lock: whoever holds it touches it with each command,
and one that nobody has touched for ten minutes is left over and is taken away.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import secrets
import shlex
import subprocess
import tarfile
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from dray.errors import RepositoryError, ToolError
from dray.repository.store import Item, Stored, Upload, fail, validate_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_WAIT_SECONDS = 300.0
_STALE_MINUTES = 10
_MISSING, _CHANGED, _HELD, _LOST = 44, 45, 46, 47
_OWNED = f'[ "$(cat .dray/lock/owner 2>/dev/null)" = "$id" ] || exit {_LOST}\ntouch .dray/lock\n'
_TAKE = f"""\
mkdir -p .dray
if [ -n "$(find .dray/lock -prune -mmin +{_STALE_MINUTES} 2>/dev/null)" ]; then
  mv .dray/lock ".dray/stale-$id" 2>/dev/null && rm -rf ".dray/stale-$id" .dray/new-*
fi
mkdir .dray/lock 2>/dev/null || exit {_HELD}
echo "$id" >.dray/lock/owner
"""
_GIVE = '[ "$(cat .dray/lock/owner 2>/dev/null)" = "$id" ] && rm -rf .dray/lock ".dray/new-$id"; exit 0\n'
_GET = f'[ -f "$1" ] || exit {_MISSING}\ncat "$1"\n'
_STAGE = f"""\
{_OWNED}rm -rf ".dray/new-$id"
mkdir ".dray/new-$id"
tar -xmf - -C ".dray/new-$id"
sync
"""
_MOVE = """\
while read -r number key; do
  mkdir -p "$(dirname "$key")"
  mv -f ".dray/new-$id/$number" "$key"
done <".dray/new-$id/list"
sync
"""
_COMPARE = f"""\
if [ -f "$1" ]; then found=$(sha256sum "$1" | cut -c 1-64); else found=; fi
[ "$found" = "$2" ] || exit {_CHANGED}
if [ -f "$1" ]; then  # HTTP tells two contents of a file apart by seconds
  next=$(($(stat -c %Y "$1") + 1))
  [ "$next" -le "$(date +%s)" ] || touch -d "@$next" ".dray/new-$id/0"
fi
"""
_FIND_THERE = 'while read -r key; do [ -e "$key" ] && printf "%s\\n" "$key"; done; exit 0\n'
_LIST = '[ -d "$1" ] || exit 0\nfind "$1" -name .dray -prune -o -type f -exec stat -c "%s %Y %n" {} +\n'
_DELETE = f"""\
{_OWNED}while read -r key; do
  rm -f "$key"
  rmdir -p "$(dirname "$key")" 2>/dev/null || :
done
"""


@dataclass(frozen=True, slots=True)
class SshPlace:
    """Where a repository is: host, as ssh takes it, path, and port where it is another one."""

    host: str
    path: str
    port: int | None = None


class SshStore:
    """A folder of another machine.

    Args:
        place: Where.
        control: A folder for the socket by which commands share one connection.
        program: What stands for ``ssh``.
        wait: How many seconds to wait for another publisher.
    """

    def __init__(
        self, place: SshPlace, *, control: str, program: tuple[str, ...] = ("ssh",), wait: float = _WAIT_SECONDS
    ) -> None:
        self._place = place
        self._id = secrets.token_hex(8)
        self._wait = wait
        port = ("-p", str(place.port)) if place.port else ()
        shared = ("-o", "ControlMaster=auto", "-o", f"ControlPath={control}/c", "-o", "ControlPersist=60")
        self._ssh = (*program, "-o", "BatchMode=yes", *shared, *port)

    @property
    def address(self) -> str:
        """``ssh://HOST/PATH``."""
        port = f":{self._place.port}" if self._place.port else ""
        return f"ssh://{self._place.host}{port}{self._place.path}"

    def close(self) -> None:
        """End the connection that commands share."""
        argv = (*self._ssh, "-O", "exit", self._place.host)
        with contextlib.suppress(OSError):
            subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other publishers out."""
        until = time.monotonic() + self._wait
        while self._run(_TAKE, "the lock cannot be taken", allowed=(_HELD,))[0] == _HELD:
            if time.monotonic() > until:
                raise RepositoryError(
                    f"{self.address} is being published to for more than {self._wait:.0f} s by someone else",
                    hint=f"if nobody is: ssh {self._place.host} rm -r {self._place.path}/.dray/lock",
                )
            time.sleep(0.2)
        try:
            yield
        finally:
            self._run(_GIVE, "the lock cannot be given back")

    def get(self, key: str) -> Stored | None:
        """Return a file."""
        status, data = self._run(_GET, f"{key} cannot be read", validate_key(key), allowed=(_MISSING,))
        return None if status == _MISSING else Stored(data, hashlib.sha256(data).hexdigest())

    def put_new(self, uploads: Sequence[Upload]) -> tuple[str, ...]:
        """Store files that are not there yet."""
        if not uploads:
            return ()
        keys = "".join(f"{validate_key(upload.key)}\n" for upload in uploads).encode()
        _, found = self._run(_FIND_THERE, "files cannot be looked for", stdin=keys)
        there = frozenset(found.decode().splitlines())
        self.put([upload for upload in uploads if upload.key not in there])
        return tuple(upload.key for upload in uploads if upload.key in there)

    def put(self, uploads: Sequence[Upload]) -> None:
        """Store files."""
        if uploads:
            self._run(_STAGE + _MOVE, "files cannot be written", stdin=lambda pipe: _write_tar(pipe, uploads))

    def replace(self, key: str, data: bytes, etag: str | None) -> bool:
        """Store a file if it has not changed."""
        upload = Upload(validate_key(key), data)
        status, _ = self._run(
            _STAGE + _COMPARE + _MOVE,
            f"{key} cannot be written",
            key,
            etag or "",
            stdin=lambda pipe: _write_tar(pipe, [upload]),
            allowed=(_CHANGED,),
        )
        return status != _CHANGED

    def list_items(self, prefix: str) -> tuple[Item, ...]:
        """Return the files below a folder."""
        _, listed = self._run(_LIST, "the folder cannot be listed", validate_key(prefix) if prefix else ".")
        items = []
        for line in listed.decode("utf-8", "replace").splitlines():
            size, modified, key = line.split(" ", 2)
            items.append(Item(key.removeprefix("./"), int(size), float(modified)))
        return tuple(sorted(items, key=lambda item: item.key))

    def delete(self, keys: Sequence[str]) -> None:
        """Remove files."""
        if keys:
            listed = "".join(f"{validate_key(key)}\n" for key in keys).encode()
            self._run(_DELETE, "files cannot be removed", stdin=listed)

    def _run(
        self,
        script: str,
        what: str,
        *arguments: str,
        stdin: bytes | Callable[[BinaryIO], None] = b"",
        allowed: tuple[int, ...] = (),
    ) -> tuple[int, bytes]:
        """Run a script in the repository's folder; return its status and what it printed."""
        head = f"set -eu\numask 022\nid={self._id}\nmkdir -p {shlex.quote(self._place.path)}\n"
        head += f"cd {shlex.quote(self._place.path)}\n"
        words = ("sh", "-c", head + script, "dray", *arguments)
        argv = (*self._ssh, self._place.host, shlex.join(words))
        status, out, said = _start(argv, stdin)
        if status == 0 or status in allowed:
            return status, out
        if status == _LOST:
            raise RepositoryError(f"{self.address}: someone else has taken the lock", hint="publish again")
        raise fail(self, what, said.strip().splitlines()[-1] if said.strip() else f"ssh ended with {status}")


def _start(argv: tuple[str, ...], stdin: bytes | Callable[[BinaryIO], None]) -> tuple[int, bytes, str]:
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
        except FileNotFoundError:
            raise ToolError(f"the program {argv[0]} is missing", hint="install openssh-client") from None
        with process:
            if isinstance(stdin, bytes):
                out, _ = process.communicate(stdin)
            else:  # which ends before anything is said
                with contextlib.suppress(BrokenPipeError), process.stdin as pipe:  # type: ignore[union-attr]
                    stdin(pipe)  # type: ignore[arg-type]
                out = process.stdout.read()  # type: ignore[union-attr]
        said.seek(0)
        return process.returncode, out, said.read().decode("utf-8", "replace")


def _write_tar(pipe: BinaryIO, uploads: Sequence[Upload]) -> None:
    """Write files under numbers, and a list of where they go."""
    listed = "".join(f"{number} {validate_key(upload.key)}\n" for number, upload in enumerate(uploads)).encode()
    with tarfile.open(fileobj=pipe, mode="w|", format=tarfile.USTAR_FORMAT) as archive:
        for number, upload in enumerate(uploads):
            if isinstance(upload.body, bytes):
                _add(archive, str(number), len(upload.body), io.BytesIO(upload.body))
            else:
                with upload.body.open("rb") as source:
                    _add(archive, str(number), upload.body.stat().st_size, source)
        _add(archive, "list", len(listed), io.BytesIO(listed))


def _add(archive: tarfile.TarFile, name: str, size: int, source: BinaryIO) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    archive.addfile(info, source)
