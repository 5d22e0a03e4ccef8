"""The package with ERTS and the applications of OTP and Elixir, which the releases of a project share.

Its name ends in a checksum of all that it is: ``shop-erts-13.1.5-1f0c2a9e``. So equal content has the equal name,
whoever built it and when; other content is another package, which stands beside the first one while a version that
runs, or that was kept, needs it. Its version never changes, and no build has to know of earlier ones.
"""

from __future__ import annotations

import gzip
import hashlib
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dray.assemble.content import digest_of, read_source
from dray.assemble.facts import facts_of
from dray.core.application import AppOrigin
from dray.core.contents import File
from dray.package.deb.changelog import format_changelog
from dray.package.deb.codec import choose_codec, describe_library
from dray.package.deb.copyright import LicensedPart, format_copyright
from dray.package.deb.dependencies import list_relations
from dray.package.deb.description import find_person, name_nobody
from dray.package.deb.identity import validate_name
from dray.package.deb.lintian import PUBLISHED, RUNTIME, format_overrides
from dray.package.deb.package import DebPackage
from dray.package.deb.place import Place
from dray.package.deb.shared import find_erts_of, list_shared_files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.core.context import Templates
    from dray.core.release import Release
    from dray.package.deb.codec import Codec
    from dray.package.deb.dependencies import PackageRelations
    from dray.package.deb.group import Group
    from dray.package.deb.options import DebOptions
    from dray.package.deb.packaging import Packaging

_DATE = 946684800
"""1 January 2000: the time of all files, since neither the commit nor the day says anything of the content."""
_DIGITS = 8
_YEAR_OF_OTP_0 = 1997
"""Each year brings a version of OTP: 25 is of 2022."""


@dataclass(frozen=True, slots=True)
class _Runtime:
    """A runtime, whatever its package is called.

    Args:
        release: The release that is built.
        group: The package of all releases of the project.
        maintainer: ``Name <mail>``.
        homepage: Of the project, or empty.
        files: Its files.
        relations: What it needs.
    """

    release: Release
    group: str
    maintainer: str
    homepage: str
    files: tuple[File, ...]
    relations: PackageRelations

    @property
    def plain(self) -> str:
        """The name without the checksum."""
        return f"{self.group}-erts-{find_erts_of(self.release).version}"

    def build(self, name: str, templates: Templates) -> DebPackage:
        """Return the package under a name."""
        version = f"{find_erts_of(self.release).version}-1"
        values = {"package": name, "root": f"/{Place(name).root}"}
        fields = (
            ("Package", name),
            ("Version", version),
            ("Architecture", self.relations.architecture),
            ("Maintainer", self.maintainer),
            ("Depends", ", ".join(self.relations.depends)),
            ("Provides", self.plain),
            ("Section", "misc"),
            ("Priority", "optional"),
            ("Homepage", self.homepage),
            ("Description", _describe(self.release, self.group)),
        )
        return DebPackage(
            fields=tuple((key, value) for key, value in fields if value),
            contents=(
                *_place(self.files, name),
                *self._list_documents(name, version),
                format_overrides(name, PUBLISHED, RUNTIME),
            ),
            scripts=(File("prerm", templates.render("deb/runtime/prerm", **values).encode(), 0o755),),
            time=_DATE,
        )

    def _list_documents(self, name: str, version: str) -> list[File]:
        folder = Place(name).documents
        changelog = format_changelog(
            (), package=name, version=version, current=version, maintainer=self.maintainer, time=_DATE
        )
        licences = format_copyright(_list_licences(self.release, name), name=self.plain, source=self.homepage)
        return [
            File(f"{folder}/copyright", licences.encode()),
            File(f"{folder}/changelog.Debian.gz", gzip.compress(changelog.encode(), 9, mtime=0)),
        ]


def build_runtime(packaging: Packaging, group: Group, templates: Templates, options: DebOptions) -> DebPackage:
    """Return the package of the runtime that a release takes.

    Args:
        packaging: What all packages of the release have in common.
        group: The releases that are packaged together.
        templates: Renders the files that are made.
        options: What the user says.

    Raises:
        ConfigError: The release wants a file of the runtime otherwise.
        ProjectError: A file cannot be read, or machine code cannot be loaded on one of the distributions.
    """
    release = packaging.release
    project, _ = facts_of(release)
    files = list_shared_files(release, group, templates)
    root = Place(group.package).root
    relations = list_relations(
        _place(files, group.package), (), packaging.distributions, root=root, machine=packaging.machine
    )
    maintainer = options.maintainer or find_person(project) or name_nobody(group.package)
    runtime = _Runtime(release, group.package, maintainer, packaging.described.homepage, files, relations)
    codec = choose_codec(packaging.distributions, options.compression, options.level)
    key = _digest(runtime.build(runtime.plain, templates), release, files, codec)
    return runtime.build(validate_name(f"{runtime.plain}-{key[:_DIGITS]}"), templates)


def _place(files: Iterable[File], package: str) -> tuple[File, ...]:
    root = Place(package).root
    return tuple(replace(file, path=f"{root}/{file.path}") for file in files)


def _digest(package: DebPackage, release: Release, files: Iterable[File], codec: Codec) -> str:
    """Return a checksum of all that a package is, and of how it is compressed: one name always is one file."""
    checksum = hashlib.sha256(repr((package.fields, package.scripts, codec, describe_library(codec))).encode())
    for file in files:
        known = release.digests.get(file.path)
        found = known.sha256 if known is not None else digest_of(read_source(file.source)).sha256
        checksum.update(f"{file.path} {file.mode:o} {found}\n".encode())
    for entry in package.contents:
        if isinstance(entry, File) and isinstance(entry.source, bytes):
            checksum.update(f"{entry.path} ".encode() + entry.source)
    return checksum.hexdigest()


def _describe(release: Release, group: str) -> str:
    project, _ = facts_of(release)
    tools = project.toolchain
    elixir = f" and Elixir {tools.elixir_version}" if tools.elixir_version else ""
    text = (
        "The Erlang runtime system and the applications of OTP"
        f"{' and Elixir' if elixir else ''} that the releases of {group} have in common. Other content is another "
        "package: several may be installed at the same time."
    )
    synopsis = (
        f"ERTS {find_erts_of(release).version} of OTP {tools.otp_release}{elixir}, for the releases of a project"
    )
    return "\n".join((synopsis, textwrap.fill(text, 78)))


def _list_licences(release: Release, package: str) -> list[LicensedPart]:
    elixir = tuple(
        f"{Place(package).root}/{app.directory}/*"
        for app in sorted(release.applications, key=lambda app: app.name)
        if app.origin is AppOrigin.ELIXIR
    )
    project, _ = facts_of(release)
    last = _YEAR_OF_OTP_0 + int(project.toolchain.otp_release)
    parts = [LicensedPart(("*",), f"1996-{last} Ericsson AB and contributors", "Apache-2.0")]
    return parts + (
        [LicensedPart(elixir, "2012 Plataformatec, 2021 The Elixir Team", "Apache-2.0")] if elixir else []
    )
