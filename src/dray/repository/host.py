"""What a host needs to install from a repository: a source in the format of deb822, and the key.

The three commands of a host fetch both from the repository itself. Later keys come through the package
``NAME-archive-keyring``, for which ``build_keyring_entries`` gives the files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.core.contents import File
from dray.package.deb822 import Stanza, format_stanza

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.contents import Entry
    from dray.repository.keys import Certificate

KEYRINGS = "/usr/share/keyrings"


@dataclass(frozen=True, slots=True)
class Source:
    """A repository as a host sees it.

    Args:
        name: Names the files on the host.
        url: Where it is served.
        suite: The suite.
        component: The component.
    """

    name: str
    url: str
    suite: str = "stable"
    component: str = "main"

    @property
    def keyring(self) -> str:
        """The name of the file with the key."""
        return f"{self.name}-archive-keyring.gpg"


def format_source(source: Source) -> str:
    """Return the file for ``/etc/apt/sources.list.d``; see sources.list(5)."""
    fields = (
        ("Types", "deb"),
        ("URIs", source.url),
        ("Suites", source.suite),
        ("Components", source.component),
        ("Signed-By", f"{KEYRINGS}/{source.keyring}"),
    )
    return format_stanza(Stanza(fields))


def list_host_commands(source: Source) -> tuple[str, ...]:
    """Return what is typed on a host, as root."""
    fetch = f"cp {source.url.removeprefix('file:')}" if source.url.startswith("file:") else f"curl -fsS {source.url}"
    to = " " if source.url.startswith("file:") else " -o "
    return (
        f"{fetch}/{source.keyring}{to}{KEYRINGS}/{source.keyring}",
        f"{fetch}/{source.name}.sources{to}/etc/apt/sources.list.d/{source.name}.sources",
        "apt-get update",
    )


def source_name(text: str) -> str:
    """Return what names the files of a repository on a host, made of whose packages these are."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "dray"


def build_keyring(certificates: Iterable[Certificate]) -> bytes:
    """Return the file that ``Signed-By`` names."""
    return b"".join(certificate.data for certificate in certificates)


def build_keyring_entries(source: Source, certificates: Iterable[Certificate]) -> tuple[Entry, ...]:
    """Return the files of the package ``NAME-archive-keyring``, by which keys reach hosts.

    Args:
        source: The repository.
        certificates: The keys that hosts accept: the present one, and for a change the next one, too.
    """
    return (File(f"{KEYRINGS.lstrip('/')}/{source.keyring}", build_keyring(certificates)),)
