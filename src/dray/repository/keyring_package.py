"""The package ``NAME-archive-keyring``: later keys of a repository reach its hosts through apt itself."""

from __future__ import annotations

import gzip
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dray.core.contents import File
from dray.package.deb.archive import write_deb
from dray.package.deb.changelog import format_changelog
from dray.package.deb.codec import find_codec
from dray.package.deb.copyright import LicensedPart, format_copyright
from dray.package.deb.package import DebPackage
from dray.package.read_deb import read_deb
from dray.repository.host import build_keyring_entries
from dray.repository.publish import publish_packages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.publication import Publication
    from dray.repository.host import Source
    from dray.repository.keys import Certificate
    from dray.repository.publish import Terms
    from dray.repository.update import Repository

_INTRODUCTION = "Hosts accept what was signed by one of:"


def build_keyring_package(
    source: Source, certificates: Iterable[Certificate], *, maintainer: str, moment: int
) -> DebPackage:
    """Return the package of a repository's keys.

    Args:
        source: The repository.
        certificates: The keys that hosts are to accept.
        maintainer: ``Name <mail>``.
        moment: When it is made, in seconds since 1970; its version.
    """
    accepted = tuple(certificates)
    package = f"{source.name}-archive-keyring"
    version = time.strftime("%Y.%m.%d.%H%M%S", time.gmtime(moment))
    folder = f"usr/share/doc/{package}"
    fingerprints = "\n".join(f"{certificate.fingerprint}" for certificate in accepted)
    changelog = format_changelog(
        (), package=package, version=version, current=version, maintainer=maintainer, time=moment
    )
    year = time.gmtime(moment).tm_year
    licence = format_copyright(
        [LicensedPart(("*",), f"{year} {maintainer}", "CC0-1.0")], name=package, source=source.url
    )
    return DebPackage(
        fields=(
            ("Package", package),
            ("Version", version),
            ("Architecture", "all"),
            ("Maintainer", maintainer),
            ("Section", "misc"),
            ("Priority", "optional"),
            ("Multi-Arch", "foreign"),
            ("Description", f"keys of the apt repository {source.name}\n{_INTRODUCTION}\n.\n{fingerprints}"),
        ),
        contents=(
            *build_keyring_entries(source, accepted),
            File(f"{folder}/copyright", licence.encode()),
            File(f"{folder}/changelog.gz", gzip.compress(changelog.encode(), 9, mtime=0)),
        ),
    )


def publish_keyring(
    repository: Repository,
    source: Source,
    certificates: Iterable[Certificate],
    terms: Terms,
    *,
    maintainer: str,
    moment: int,
) -> tuple[Publication, ...]:
    """Publish the keys of a repository as a package.

    Args:
        repository: Where to.
        source: The repository as hosts see it.
        certificates: The keys that hosts are to accept.
        terms: How it is published.
        maintainer: ``Name <mail>``.
        moment: When, in seconds since 1970.
    """
    package = build_keyring_package(source, certificates, maintainer=maintainer, moment=moment)
    with tempfile.TemporaryDirectory(prefix="dray-keyring-") as folder:
        path = Path(folder) / package.file_name
        write_deb(package, path, codec=find_codec("xz"), mtime=moment)  # which every distribution reads
        return publish_packages(repository, [read_deb(path)], terms)
