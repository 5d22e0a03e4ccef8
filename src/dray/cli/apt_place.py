"""Where the commands of ``dray apt`` work: what was typed, else what the project in the current folder says."""

from __future__ import annotations

import contextlib
import functools
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dray.clock import SystemClock
from dray.errors import ConfigError, UsageError
from dray.repository.address import open_store
from dray.repository.key_source import PASSPHRASE_VARIABLE, load_signer, read_certificates
from dray.repository.open import open_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dray.core.secret import Secret
    from dray.repository.keys import Certificate
    from dray.repository.store import Store
    from dray.repository.update import Repository

_Function = Any


@dataclass(frozen=True, slots=True)
class Place:
    """A repository that a command works on.

    Args:
        address: Where it is, as the user names it.
        suite: The suite.
        key: The secret key, a file of it, or ``gpg:FINGERPRINT``; None for the user's own.
        passphrase: What the key is protected with.
        trust: Files of further public keys.
        settings: What the project says besides.
    """

    address: str
    suite: str
    key: str | None = None
    passphrase: str | None = None
    trust: tuple[str, ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()


def place_options(function: _Function) -> _Function:
    """Add the options that say where a command works; it gets them as ``place``."""
    return _add_options(function, needed=True)


def place_options_if_any(function: _Function) -> _Function:
    """Add the same options to a command that works without a repository, too; ``address`` is empty then."""
    return _add_options(function, needed=False)


def _add_options(function: _Function, *, needed: bool) -> _Function:
    @functools.wraps(function)
    def run(
        *, to: str | None, suite: str | None, key: str | None, trust: tuple[str, ...], env: str | None, **rest: Any
    ) -> None:
        place = read_place(to, suite, env)
        if needed and not place.address:
            raise UsageError(
                "which repository? --to says where it is", hint="--to /srv/apt, ssh://HOST/PATH or s3://BUCKET/FOLDER"
            )
        function(place=replace(place, key=key or place.key, trust=(*trust, *place.trust)), **rest)

    options: list[Callable[[_Function], _Function]] = [
        click.option("--to", metavar="STORE", help="The repository; by default that of the project."),
        click.option("--suite", metavar="SUITE", help="The suite; by default that of the project, else stable."),
        click.option("--key", metavar="KEY", help="A file with the secret key, or gpg:FINGERPRINT."),
        click.option("--trust", metavar="FILE", multiple=True, help="A public key that may have signed it, too."),
        click.option("--env", metavar="ENV", help="Environment of the project; by default MIX_ENV, else prod."),
    ]
    command: _Function = run
    for option in reversed(options):
        command = option(command)
    return command


def read_place(to: str | None, suite: str | None, env: str | None) -> Place:
    """Return where a command works; ``address`` is empty where neither the command line nor the project says it.

    Raises:
        ConfigError: The configuration of the project is wrong.
    """
    said: dict[str, Any] = {} if to is not None else _read_project(env or os.environ.get("MIX_ENV") or "prod")
    return Place(
        address=to or said.pop("repository", ""),
        suite=suite or said.pop("suite", None) or "stable",
        key=said.pop("key", None),
        passphrase=said.pop("passphrase", None) or os.environ.get(PASSPHRASE_VARIABLE),
        trust=tuple(said.pop("trust", ())),
        settings=tuple(said.items()),
    )


def _read_project(env: str) -> dict[str, Any]:
    """Return what the project in the current folder says of ``apt``, secrets read."""
    from dray.config.reader import open_configuration  # noqa: PLC0415 - not needed where --to is given
    from dray.core.secret import Secret  # noqa: PLC0415

    with open_configuration(Path.cwd(), env) as configuration:
        said = {name: setting.value for name, setting in configuration.settings.section("apt").items()}
        steps = (step for pipeline in configuration.pipelines.values() for step in pipeline.steps())
        said |= next((dict(step.arguments) for step in steps if step.name == "apt"), {})
    return {name: _reveal(value) if isinstance(value, Secret) else value for name, value in said.items()}


def _reveal(secret: Secret) -> str:
    from dray.core.context import Context  # noqa: PLC0415
    from dray.core.settings import EMPTY  # noqa: PLC0415

    none: Any = None
    here = Path.cwd()
    return Context(here, here, "prod", EMPTY, none, none, none, SystemClock(), os.environ).reveal(secret)


@contextlib.contextmanager
def open_place(place: Place) -> Iterator[Repository]:
    """Open a repository to publish in; a warning about its key is said.

    Raises:
        ConfigError: There is no key.
        RepositoryError: apt would not accept the key.
    """
    with open_store(place.address) as store:
        opened = open_repository(
            store,
            key=place.key,
            passphrase=place.passphrase,
            trust=place.trust,
            environ=os.environ,
            clock=SystemClock(),
        )
        for warning in opened.warnings:
            click.echo(f"warning: {warning}", err=True)
        yield opened.repository


@contextlib.contextmanager
def open_to_read(place: Place) -> Iterator[tuple[Store, tuple[Certificate, ...]]]:
    """Open a repository to look at it; yields the store and the keys by which it is verified, none without a key."""
    certificates = read_certificates(place.trust)
    try:
        signer = load_signer(place.key, environ=os.environ, passphrase=place.passphrase)
        certificates = (signer.certificate, *certificates)
    except ConfigError:
        if place.key is not None:
            raise
    if not certificates:
        click.echo("warning: the signature is not verified, since there is no key; --trust FILE names one", err=True)
    with open_store(place.address) as store:
        yield store, certificates
