"""Opens a repository to publish in: its store, and a key that hosts will accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.repository.key_policy import validate_certificate
from dray.repository.key_source import load_signer, read_certificates
from dray.repository.keys import format_expiry
from dray.repository.update import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.core.context import Clock
    from dray.repository.store import Store


@dataclass(frozen=True, slots=True)
class Opened:
    """A repository that can be published to, and what its owner should know."""

    repository: Repository
    warnings: tuple[str, ...] = ()


def open_repository(
    store: Store,
    *,
    key: str | None,
    environ: Mapping[str, str],
    clock: Clock,
    passphrase: str | None = None,
    trust: Iterable[str] = (),
) -> Opened:
    """Return a repository to publish in.

    Args:
        store: Where it is.
        key: A key itself, a file, ``gpg:FINGERPRINT``; None for the user's own.
        environ: The environment variables.
        clock: Tells the time.
        passphrase: What the key is protected with.
        trust: Files of further public keys that may have signed what is there.

    Raises:
        ConfigError: There is no key.
        RepositoryError: apt would not accept it.
    """
    signer = load_signer(key, environ=environ, passphrase=passphrase)
    now = clock.now()
    validate_certificate(signer.certificate, now)
    warning = format_expiry(signer.certificate, now)
    repository = Repository(store, signer, clock, read_certificates(trust))
    return Opened(repository, (warning,) if warning else ())
