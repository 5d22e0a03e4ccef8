"""``dray apt init``: a key, an empty repository, and what hosts need."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dray.cli.apt_place import open_place, place_options_if_any
from dray.errors import UsageError
from dray.repository.host import (
    Source,
    build_keyring,
    format_source,
    list_host_commands,
    source_name,
)
from dray.repository.key_source import VARIABLE, default_key_path
from dray.repository.keys import Certificate, generate_key, write_key
from dray.repository.manage import create_suite
from dray.repository.publish import Terms
from dray.repository.release_file import Description
from dray.repository.store import Upload

if TYPE_CHECKING:
    from dray.cli.apt_place import Place


@click.command("init")
@click.argument("name", required=False)
@place_options_if_any
@click.option("--url", metavar="URL", help="Where hosts find the repository; for a folder, by default the folder.")
@click.option("--component", default="main", show_default=True, help="The component.")
@click.option("--architecture", "architectures", multiple=True, metavar="ARCH", help="What the packages will be for.")
@click.option("--user", metavar="NAME", help="Whose key it says to be: 'Shop Operations <ops@shop.example>'.")
@click.option("--key-days", default=1095, show_default=True, help="When the key expires; 0 for never.")
@click.option("--valid-days", type=int, metavar="DAYS", help="When apt takes it for outdated without a refresh.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def init_command(
    name: str | None,
    place: Place,
    url: str | None,
    component: str,
    architectures: tuple[str, ...],
    user: str | None,
    key_days: int,
    valid_days: int | None,
    *,
    as_json: bool,
) -> None:
    """Make a key, unless there is one, and an empty repository; print the source that hosts need.

    NAME names the repository's files on hosts; by default it is the name of the current folder.
    """
    chosen = source_name(name or Path.cwd().name)
    made = make_key_where_missing(place, user or f"{chosen} archive", key_days)
    to = place.address
    if not to:
        if made is None:
            raise UsageError("there is a key already", hint="to make a repository, say where: --to STORE")
        click.echo(
            "the repository itself is made by the first publication: dray apt publish FILE --to STORE", err=True
        )
        return
    source = Source(chosen, (url or _guess_url(to)).rstrip("/"), place.suite, component)
    terms = Terms(
        place.suite, component, valid_days=valid_days, about=Description(name or chosen), architectures=architectures
    )
    with open_place(place) as repository:
        create_suite(repository, terms)
        keyring = Upload(source.keyring, build_keyring(repository.certificates))
        with repository.store.lock():
            repository.store.put([keyring, Upload(f"{chosen}.sources", format_source(source).encode())])
        certificate = repository.signer.certificate
    if as_json:
        said = {
            "repository": to,
            "fingerprint": certificate.fingerprint,
            "source": format_source(source),
            "commands": list_host_commands(source),
        }
        click.echo(json.dumps(said, indent=2))
        return
    click.echo(f"{to} is a repository now, signed with {certificate.fingerprint}.", err=True)
    click.echo("A host needs, as root:\n", err=True)
    for command in list_host_commands(source):
        click.echo(f"    {command}", err=True)
    click.echo(f"\nThe second file, {chosen}.sources, is this one:\n", err=True)
    click.echo(format_source(source), nl=False)
    click.echo(f"\nNext: dray apt publish FILE.deb --to {to}", err=True)


def make_key_where_missing(place: Place, user: str, days: int) -> Certificate | None:
    """Make the key that a place names; return its public half, or None where there is one already."""
    if place.key is None and os.environ.get(VARIABLE):
        return None
    if place.key is not None and place.key.startswith(("gpg:", "-----BEGIN")):
        return None
    path = Path(place.key).expanduser() if place.key is not None else default_key_path(os.environ)
    if path.exists():
        return None
    if days < 0:
        raise UsageError("--key-days is a number of days, 0 for never", got=str(days))
    text, certificate = generate_key(user, valid_days=days)
    write_key(path, text)
    click.echo(f"{path} is a new key; whoever has it can publish. Keep a copy where it is safe.", err=True)
    click.echo(
        f'On a machine that builds, put its content into a secret {VARIABLE}, or say key=env("...").', err=True
    )
    return certificate


def _guess_url(to: str) -> str:
    """Return where hosts may find a repository; where nobody knows, what has to be filled in."""
    scheme, separator, rest = to.partition("://")
    if not separator:
        return f"file:{Path(to.removeprefix('file:')).expanduser().resolve()}"
    if scheme == "s3":
        bucket, _, prefix = rest.partition("/")
        return f"https://{bucket}.s3.amazonaws.com/{prefix}"
    return f"https://{rest.partition('/')[0].rpartition('@')[2].partition(':')[0]}"
