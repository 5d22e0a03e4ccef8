r"""The file ``known_hosts``: which key a host has shown before; sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.

    find_keys(read_known_hosts((Path("~/.ssh/known_hosts").expanduser(),)), "web1.shop.example", 22)

A host is looked up by its name, as ssh does it: ``web1``, or ``[web1]:2222`` where the port is another one. Addresses
are not looked up, and lines that nobody can read are passed over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SSH_PORT = 22
_MARKERS = ("", "@cert-authority", "@revoked")


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One line of a file.

    Args:
        names: Whom it speaks of: names, patterns, or one hash.
        algorithm: The kind of the key, such as ``ssh-ed25519``.
        blob: The key, as it travels.
        marker: Empty, ``@cert-authority`` or ``@revoked``.
        file: The file.
        line: The line, from 1.
    """

    names: str
    algorithm: str
    blob: bytes
    marker: str = ""
    file: str = ""
    line: int = 0

    def format_key(self) -> str:
        """Return the key as a line of a public key."""
        return f"{self.algorithm} {base64.b64encode(self.blob).decode()}"


def parse_known_hosts(text: str, file: str = "") -> tuple[KnownKey, ...]:
    """Return the lines of a file that can be read."""
    keys = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        marker = words.pop(0) if words and words[0].startswith("@") else ""
        if len(words) < 3 or words[0].startswith("#") or marker not in _MARKERS:
            continue
        try:
            blob = base64.b64decode(words[2], validate=True)
        except ValueError:
            continue
        keys.append(KnownKey(words[0], words[1], blob, marker, file, number))
    return tuple(keys)


def read_known_hosts(files: Iterable[Path]) -> tuple[KnownKey, ...]:
    """Return the lines of all files that exist and may be read."""
    keys: list[KnownKey] = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        keys.extend(parse_known_hosts(text, str(file)))
    return tuple(keys)


def name_host(name: str, port: int) -> str:
    """Return how a file names a host: ``name``, or ``[name]:port``."""
    return name.lower() if port in {0, _SSH_PORT} else f"[{name.lower()}]:{port}"


def find_keys(keys: Iterable[KnownKey], name: str) -> tuple[KnownKey, ...]:
    """Return the lines that speak of a host.

    Args:
        keys: The lines.
        name: The host, as ``name_host`` writes it.
    """
    return tuple(key for key in keys if _speaks_of(key.names, name))


def _speaks_of(names: str, name: str) -> bool:
    if names.startswith("|"):
        return _is_hash_of(names, name)
    found = False
    for pattern in names.lower().split(","):
        if fnmatchcase(name, pattern.removeprefix("!").replace("[", "[[]")):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _is_hash_of(names: str, name: str) -> bool:
    parts = names.split("|")
    if len(parts) != 4 or parts[1] != "1":
        return False
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[2:])
    except ValueError:
        return False
    return hmac.compare_digest(_hash(salt, name), digest)


def _hash(salt: bytes, name: str) -> bytes:
    return hmac.digest(salt, name.encode(), hashlib.sha1)  # as the format wants it


def append_key(file: Path, key: KnownKey) -> None:
    """Write a key to the end of a file, as ssh does: names are hashed where those of the file are.

    Raises:
        OSError: It cannot be written.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    with file.open("a+b") as target:
        target.seek(0)
        before = target.read()
        names = key.names
        if before.lstrip().startswith(b"|1|") or b"\n|1|" in before:
            salt = secrets.token_bytes(20)
            names = f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(_hash(salt, key.names)).decode()}"
        missing = b"" if not before or before.endswith(b"\n") else b"\n"
        target.write(missing + f"{names} {key.format_key()}\n".encode())
