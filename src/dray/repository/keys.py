"""Keys that repositories are signed with (OpenPGP, RFC 9580 and RFC 4880).

A key is made, read and used by Sequoia, the engine by which apt 3 verifies: what it would refuse is refused here,
before anything is published. Keys in an agent, on a token or in a security module are used by the program ``gpg``.

Nothing besides this file and ``key_policy`` knows of the library, whose interface may change with its next version.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from dray.errors import ConfigError, IntegrityError, RepositoryError, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

WARN_DAYS = 60
_DAY = 86400
_CLEARTEXT = re.compile(
    rb"\A-----BEGIN PGP SIGNED MESSAGE-----\n.*?\n\n(.*?)-----BEGIN PGP SIGNATURE-----", re.DOTALL
)


# apt takes no file in which something stands around the signed text; lines of that begin with no five hyphens.
_SIGNED_ALONE = re.compile(
    rb"-----BEGIN PGP SIGNED MESSAGE-----\n(?:(?!-----).*\n)+"
    rb"-----BEGIN PGP SIGNATURE-----\n(?:(?!-----).*\n)+-----END PGP SIGNATURE-----\s*"
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The public half of a key.

    Args:
        data: As a keyring of apt holds it, not armoured.
        fingerprint: Of the primary key, in lowercase hexadecimal.
        user: Whose key it says to be.
        expires: When it expires, in seconds since 1970; None for never.
    """

    data: bytes
    fingerprint: str
    user: str
    expires: float | None


class Signer(Protocol):
    """Signs a text."""

    @property
    def certificate(self) -> Certificate:
        """The public half of the key."""

    def sign(self, text: bytes) -> bytes:
        """Return the text with a signature, in the cleartext signature framework.

        Raises:
            RepositoryError: The key cannot sign.
        """


class KeySigner:
    """Signs with a secret key that dray holds itself."""

    def __init__(self, secret: Any, certificate: Certificate, passphrase: str | None) -> None:
        self._secret = secret
        self._passphrase = passphrase
        self._certificate = certificate

    @property
    def certificate(self) -> Certificate:
        """The public half."""
        return self._certificate

    def sign(self, text: bytes) -> bytes:
        """Return the signed text."""
        import pysequoia  # noqa: PLC0415

        try:
            signer = self._secret.signer(self._passphrase)
            return bytes(pysequoia.sign(signer, text, mode=pysequoia.SignatureMode.CLEAR))
        except Exception as error:  # noqa: BLE001 - the library has no class of its own
            raise RepositoryError(
                f"the key {self.certificate.fingerprint} cannot sign: {first_line(error)}",
                hint='has it a passphrase? apt(passphrase=env("..."))',
            ) from None


class GpgSigner:
    """Signs with the program ``gpg``, which asks its agent for the key."""

    def __init__(self, certificate: Certificate) -> None:
        self._certificate = certificate

    @property
    def certificate(self) -> Certificate:
        """The public half."""
        return self._certificate

    def sign(self, text: bytes) -> bytes:
        """Return the signed text."""
        argv = ("--local-user", self._certificate.fingerprint, "--digest-algo", "SHA512", "--clearsign")
        return _run_gpg(*argv, stdin=text)


def generate_key(user: str, *, valid_days: int) -> tuple[str, Certificate]:
    """Return a new key, armoured, and its public half: Ed25519, signatures with SHA-512.

    Args:
        user: Whose key it says to be, such as ``Shop <ops@shop.example>``.
        valid_days: When it expires; 0 for never.
    """
    import pysequoia  # noqa: PLC0415 - 10 MB of machine code

    secret = pysequoia.Tsk.generate(
        user,
        cipher_suite=pysequoia.CipherSuite.Cv25519,
        profile=pysequoia.Profile.RFC4880,  # apt before 3 verifies with gpgv, which reads no newer one
        validity_seconds=valid_days * _DAY or None,
    )
    return str(secret), _describe(secret.extract_certificate())


def write_key(path: Path, text: str) -> None:
    """Write a secret key to a new file that only its owner reads.

    Raises:
        ConfigError: There is a file already, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            target.write(text)
    except OSError as error:
        raise ConfigError(f"the key cannot be written to {path}: {error.strerror}") from error


def read_secret_key(text: bytes, *, origin: str, passphrase: str | None = None) -> KeySigner:
    """Return the signer of a secret key.

    Args:
        text: The key, armoured or not.
        origin: Where it comes from, for messages; never its value.
        passphrase: What it is protected with.

    Raises:
        ConfigError: It is no secret key.
    """
    import pysequoia  # noqa: PLC0415

    try:
        secret = pysequoia.Tsk.from_bytes(text)
        certificate = _describe(secret.extract_certificate())
    except Exception:  # noqa: BLE001 - its message could tell of the key
        hint = "dray apt init makes one; gpg --armor --export-secret-keys FINGERPRINT writes out one of yours"
        raise ConfigError(f"{origin} is no secret OpenPGP key", hint=hint) from None
    return KeySigner(secret, certificate, passphrase)


def read_gpg_key(fingerprint: str) -> GpgSigner:
    """Return the signer of a key that gpg knows.

    Raises:
        ToolError: gpg is missing or fails.
        ConfigError: gpg has no such key.
    """
    exported = _run_gpg("--export", fingerprint)
    if not exported:
        raise ConfigError(f"gpg has no key {fingerprint}", hint="gpg --list-secret-keys shows those that it has")
    return GpgSigner(parse_certificates(exported, origin=f"the key {fingerprint} of gpg")[0])


def parse_certificates(data: bytes, *, origin: str) -> tuple[Certificate, ...]:
    """Return the public keys of a keyring, armoured or not.

    Raises:
        ConfigError: It is none.
    """
    import pysequoia  # noqa: PLC0415

    try:
        return tuple(_describe(cert) for cert in pysequoia.Cert.split_bytes(data))
    except Exception as error:  # noqa: BLE001 - the library has no class of its own
        raise ConfigError(f"{origin} is no OpenPGP key: {first_line(error)}") from None


def first_line(error: Exception) -> str:
    """Return what an error of the library says, without where in its code it happened."""
    return str(error).strip().partition("\n")[0]


def _describe(cert: Any) -> Certificate:
    try:
        expires, users = cert.expiration, [str(user) for user in cert.user_ids]
    except Exception:  # noqa: BLE001 - a key without a valid signature of its own; validate_certificate says so
        expires, users = None, []
    return Certificate(bytes(cert), cert.fingerprint, users[0] if users else "", expires and expires.timestamp())


def verify_text(data: bytes, certificates: Iterable[Certificate], *, file: str) -> bytes:
    """Return the text of a cleartext signature that one of the keys has made.

    Args:
        data: The signed text.
        certificates: The keys that count.
        file: Where it was read, for messages.

    Raises:
        IntegrityError: No signature is valid.
    """
    import pysequoia  # noqa: PLC0415

    known = [pysequoia.Cert.from_bytes(certificate.data) for certificate in certificates]
    try:
        found = pysequoia.verify(bytes=data, store=lambda _ids: known)
        text = found.bytes
    except Exception as error:  # noqa: BLE001 - see above
        raise IntegrityError(
            f"{file} has no valid signature of {' or '.join(cert.fingerprint for cert in known)}",
            got=first_line(error),
            hint="if it was signed with an earlier key of yours: apt(trust=FILE), --trust FILE; "
            "if it was changed by hand: dray apt rollback",
        ) from None
    if not text:
        raise IntegrityError(f"{file} signs nothing")
    if not _SIGNED_ALONE.fullmatch(data):
        raise IntegrityError(f"{file} holds more than a signed text, which apt refuses", hint="dray apt rollback")
    return bytes(text).rstrip(b"\n") + b"\n"  # whose last newline belongs to the signature


def strip_signature(data: bytes, *, file: str) -> bytes:
    """Return the text of a cleartext signature that nobody has verified.

    Raises:
        IntegrityError: It is none.
    """
    found = _CLEARTEXT.search(data)
    if found is None:
        raise IntegrityError(f"{file} is no text with a signature")
    return found[1]


def format_expiry(certificate: Certificate, now: float) -> str | None:
    """Return a warning of a key that expires soon."""
    if certificate.expires is None or certificate.expires - now > WARN_DAYS * _DAY:
        return None
    day = format_day(certificate.expires)
    days = int((certificate.expires - now) // _DAY)
    return (
        f"the key {certificate.fingerprint} expires on {day}, in {days} days: hosts will refuse the repository then"
    )


def format_day(seconds: float) -> str:
    """Return the day of a time."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def _run_gpg(*arguments: str, stdin: bytes = b"") -> bytes:
    import subprocess  # noqa: PLC0415 - most keys are files

    argv = ("gpg", "--batch", "--no-tty", "--yes", *arguments)
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, check=False)
    except FileNotFoundError:
        raise ToolError("the program gpg is missing", hint="install gnupg, or use a key in a file") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise ToolError(f"gpg failed with status {done.returncode}", output=said or None)
    return done.stdout
