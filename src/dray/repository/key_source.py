"""Where the key of a repository comes from, as users say it.

apt(key=env("APT_KEY"))             the key itself, armoured, from a variable
apt(key="~/keys/shop.key")          a file
apt(key="gpg:0123456789ABCDEF")     a key in gpg's agent, on a token
apt()                               the variable DRAY_APT_KEY, else ~/.config/dray/apt.key
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dray.errors import ConfigError
from dray.repository.keys import parse_certificates, read_gpg_key, read_secret_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.repository.keys import Certificate, Signer

VARIABLE = "DRAY_APT_KEY"
PASSPHRASE_VARIABLE = "DRAY_APT_PASSPHRASE"  # noqa: S105 - its name
_ARMOUR = "-----BEGIN PGP"
_OTHERS = 0o077


def default_key_path(environ: Mapping[str, str]) -> Path:
    """Return where the user's key is, unless they say otherwise."""
    folder = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME") or "~").expanduser() / ".config")
    return Path(folder) / "dray" / "apt.key"


def load_signer(key: str | None, *, environ: Mapping[str, str], passphrase: str | None = None) -> Signer:
    """Return what signs.

    Args:
        key: A key itself, a file, ``gpg:FINGERPRINT``; None for the user's own.
        environ: The environment variables.
        passphrase: What the key is protected with.

    Raises:
        ConfigError: There is no key, or it is none.
        ToolError: gpg fails.
    """
    if key is None:
        if environ.get(VARIABLE):
            return read_secret_key(environ[VARIABLE].encode(), origin=VARIABLE, passphrase=passphrase)
        path = default_key_path(environ)
        if not path.is_file():
            hint = f"dray apt init makes one; elsewhere, export {VARIABLE} with its content, or name it: key=..."
            raise ConfigError(f"there is no key to sign with: no variable {VARIABLE}, no file {path}", hint=hint)
        return _read_file(path, passphrase)
    if key.lstrip().startswith(_ARMOUR):
        return read_secret_key(key.encode(), origin="the key", passphrase=passphrase)
    if key.startswith("gpg:"):
        return read_gpg_key(key.removeprefix("gpg:"))
    return _read_file(Path(key).expanduser(), passphrase)


def _read_file(path: Path, passphrase: str | None) -> Signer:
    try:
        if path.stat().st_mode & _OTHERS:
            raise ConfigError(f"the key {path} can be read by others", hint=f"chmod 600 {path}")
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the key {path} cannot be read: {error.strerror}", hint="dray apt init makes one"
        ) from error
    return read_secret_key(text, origin=str(path), passphrase=passphrase)


def read_certificates(files: Iterable[str]) -> tuple[Certificate, ...]:
    """Return the public keys of some files.

    Raises:
        ConfigError: A file cannot be read, or is none.
    """
    found: list[Certificate] = []
    for file in files:
        try:
            data = Path(file).expanduser().read_bytes()
        except OSError as error:
            raise ConfigError(f"the public key {file} cannot be read: {error.strerror}") from error
        found += parse_certificates(data, origin=file)
    return tuple(found)
