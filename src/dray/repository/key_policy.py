"""Which keys apt's own verifier would refuse, now or soon: an expired or revoked one, and a weak one.

apt 3 refuses DSA, signatures with MD5 and, since February 2026, with SHA-1; RSA of 2048 bits ends in 2030. dray asks
for RSA of 3072 bits, so that a key that is made today serves for as long as it is valid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dray.errors import RepositoryError
from dray.repository.keys import first_line, format_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dray.repository.keys import Certificate

_LEAST_RSA_BITS = 3072
_WEAK_HASHES = {"MD5", "SHA1", "RipeMD"}
_SELF_SIGNATURES = {
    "GenericCertification",
    "PersonaCertification",
    "CasualCertification",
    "PositiveCertification",
    "DirectKey",
    "SubkeyBinding",
}
_HINT = "dray apt init --key FILE makes another one; docs/apt.md says how hosts change over"


def validate_certificate(certificate: Certificate, now: float) -> None:
    """Check that apt will accept signatures of a key.

    Args:
        certificate: The public half.
        now: The time, in seconds since 1970.

    Raises:
        RepositoryError: It will not, and why.
    """
    import pysequoia  # noqa: PLC0415 - 10 MB of machine code

    fingerprint = certificate.fingerprint
    for reason in _list_weaknesses(certificate):
        raise RepositoryError(f"apt refuses the key {fingerprint}: {reason}", hint=_HINT)
    try:
        revoked = pysequoia.Cert.from_bytes(certificate.data).is_revoked
    except Exception as error:  # noqa: BLE001 - the library has no class of its own
        raise RepositoryError(f"apt refuses the key {fingerprint}: {first_line(error)}", hint=_HINT) from None
    if revoked:
        raise RepositoryError(f"apt refuses the key {fingerprint}: it is revoked", hint=_HINT)
    if certificate.expires is not None and certificate.expires <= now:
        raise RepositoryError(
            f"apt refuses the key {fingerprint}: it expired on {format_day(certificate.expires)}", hint=_HINT
        )


def _list_weaknesses(certificate: Certificate) -> Iterator[str]:
    """Yield what is weak about keys that can sign, and about the newest signatures that they make of themselves."""
    from pysequoia.packet import PacketPile  # noqa: PLC0415

    newest: dict[tuple[str, str], tuple[Any, str]] = {}
    subject, algorithm = "", ""
    for packet in PacketPile.from_bytes(certificate.data):
        tag = _name(packet.tag)
        if tag in {"PublicKey", "PublicSubkey"}:
            subject, algorithm = str(packet.fingerprint), _name(packet.key_algorithm)
            if algorithm == "DSA":
                yield "it is a DSA key"
            elif algorithm.startswith("RSA") and _rsa_bits(packet.body) < _LEAST_RSA_BITS:
                yield f"it is an RSA key of {_rsa_bits(packet.body)} bits, and dray asks for {_LEAST_RSA_BITS}"
        elif tag == "UserID":
            subject = str(packet.user_id)
        elif tag == "Signature" and _name(packet.signature_type) in _SELF_SIGNATURES:
            if packet.issuer_fingerprint not in {None, certificate.fingerprint}:
                continue  # someone else's
            made, key = packet.signature_created, (subject, _name(packet.signature_type))
            if key not in newest or newest[key][0] <= made:
                newest[key] = (made, _name(packet.hash_algorithm))
    for (subject, _), (_, hash_algorithm) in newest.items():
        if hash_algorithm in _WEAK_HASHES:
            yield f"it vouches for {subject} with {hash_algorithm}; gpg can renew that: gpg --quick-set-expire"


def _rsa_bits(body: bytes) -> int:
    """Return the length of the modulus, behind version, time and algorithm of a key (RFC 9580, 5.5.2)."""
    start = 6 if body[:1] == b"\4" else 10
    return int.from_bytes(body[start : start + 2], "big")


def _name(value: Any) -> str:
    """Return the name of one of the library's enumerations, ``SHA512`` of ``HashAlgorithm.SHA512``."""
    return str(value).rpartition(".")[2]
