"""``dray apt serve``: serves a repository in a folder to hosts, with a page for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dray.cli.apt_list import list_latest
from dray.errors import DrayError, UsageError
from dray.repository.collect import list_suites
from dray.repository.draft import Draft
from dray.repository.folder import FolderStore
from dray.repository.host import Source, format_source, list_host_commands, source_name
from dray.repository.serve import make_server
from dray.repository.suite import read_suite
from dray.template.environment import TemplateFolder


@click.command("serve")
@click.argument("folder", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--bind", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port; 0 for a free one.")
@click.option("-q", "--quiet", is_flag=True, help="Do not tell of each request.")
def serve_command(folder: Path, bind: str, port: int, *, quiet: bool) -> None:
    """Serve the repository in FOLDER to hosts, until Ctrl-C; by default the current folder.

    The page at / shows the packages and what a host needs. For the public, put the folder behind nginx or a CDN.
    """
    if not (folder / "dists").is_dir():
        raise UsageError(f"{folder} is no repository: it has no dists", hint=f"dray apt publish FILE --to {folder}")
    try:
        server = make_server(
            folder,
            bind,
            port,
            page=lambda url: render_page(folder, url),
            log=lambda line: None if quiet else click.echo(line, err=True),
        )
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen on {bind}, port {port}: {error}", hint="--port 0 takes a free one") from None
    with server:
        click.echo(f"serving {folder} at http://{bind}:{server.server_address[1]}/")
        server.serve_forever()


def render_page(folder: Path, url: str) -> str:
    """Return the page at ``/``: packages, and what a host needs.

    Args:
        folder: The repository.
        url: Where the reader has found it.
    """
    store = FolderStore(folder)
    suites: list[dict[str, Any]] = []
    for name in list_suites(store):
        try:
            suite = read_suite(store, name, ())
            packages = list_latest(Draft(store, suite, suite.release))
        except DrayError:
            continue  # being mended; the others are shown
        keyrings = sorted(path.name for path in folder.glob("*-archive-keyring.gpg"))
        wanted = source_name(suite.release.about.origin)
        known = [file.removesuffix("-archive-keyring.gpg") for file in keyrings]
        source = Source(
            wanted if wanted in known or not known else known[0], url, name, " ".join(suite.release.components)
        )
        suites.append(
            {
                "name": name,
                "about": suite.release.about,
                "source": format_source(source),
                "commands": "\n".join(list_host_commands(source)),
                "packages": packages,
            }
        )
    return TemplateFolder().render("apt.html", suites=suites)
