"""The package that stands for all releases of a project: it depends on each of them in its own version.

apt takes all of them to a newer version together. To an older one it does not find the way by the name of this
package alone, since of whatever is not named it considers only the newest version. So the description of each version
tells the whole command that leads to it, and the field ``Dray-Packages`` has its words.
"""

from __future__ import annotations

import gzip
import textwrap
import time as moment
from dataclasses import replace
from typing import TYPE_CHECKING

from dray.core.contents import File
from dray.package.deb.changelog import format_changelog
from dray.package.deb.copyright import LicensedPart, format_copyright
from dray.package.deb.lintian import DESCRIBED, PUBLISHED, format_overrides
from dray.package.deb.package import DebPackage
from dray.package.deb.packaging import read_changes
from dray.package.deb.place import Place

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.package.deb.description import Description
    from dray.package.deb.group import Group
    from dray.package.deb.packaging import Packaging

_WIDTH = 78


def build_metapackage(packaging: Packaging, group: Group, ctx: Context) -> DebPackage:
    """Return the package that stands for all releases of a project.

    It says nothing of the release that is built, so that the builds of all releases make the same package.
    """
    release, described = packaging.release, packaging.described
    commit = release.project.commit if release.project else None
    version = group.version
    fields = (
        ("Package", group.package),
        ("Source", packaging.source),
        ("Version", version),
        ("Architecture", "all"),
        ("Maintainer", described.maintainer),
        ("Depends", ", ".join(f"{member.package} (= {version})" for member in group.members)),
        ("Section", "metapackages"),
        ("Priority", "optional"),
        ("Homepage", described.homepage),
        ("Dray-Environment", release.env),
        ("Dray-Commit", commit.sha if commit and not commit.dirty else ""),
        ("Dray-Packages", " ".join(list_versioned(group))),
        ("Description", _describe(group)),
    )
    return DebPackage(
        fields=tuple((name, value) for name, value in fields if value),
        contents=(*_list_documents(packaging, group, ctx), format_overrides(group.package, PUBLISHED, DESCRIBED)),
        time=packaging.time,
    )


def list_versioned(group: Group) -> tuple[str, ...]:
    """Return the packages of a group as ``apt-get install`` takes them, each with its version."""
    names = (group.package, *(member.package for member in group.members))
    return tuple(f"{name}={group.version}" for name in names)


def _describe(group: Group) -> str:
    names = ", ".join(member.package for member in group.members)
    text = f"It has no files of its own, and holds the packages of the project in one version: {names}."
    command = " \\\n   ".join(("apt-get install --allow-downgrades", *list_versioned(group)))
    return (
        f"all releases of {group.package}, in one version\n{textwrap.fill(text, _WIDTH)}\n.\n"
        f"From any other version, an older or a newer one, this leads to {group.version}:\n.\n {command}"
    )


def _list_documents(packaging: Packaging, group: Group, ctx: Context) -> list[File]:
    described: Description = replace(packaging.described, name=group.package, version=group.version)
    release, time = packaging.release, packaging.time
    root = release.project.root if release.project else ctx.root
    folder = Place(group.package).documents
    changelog = format_changelog(
        read_changes(ctx, root),
        package=group.package,
        version=group.version,
        current=_find_current(group),
        maintainer=described.maintainer,
        time=time,
    )
    year = moment.gmtime(time).tm_year
    part = LicensedPart(("*",), f"{year} {described.maintainer}", described.licence)
    licences = format_copyright([part], name=group.package, source=described.homepage)
    return [
        File(f"{folder}/copyright", licences.encode()),
        File(f"{folder}/changelog.Debian.gz", gzip.compress(changelog.encode(), 9, mtime=0)),
    ]


def _find_current(group: Group) -> str:
    """Return the project's version: that of all releases, or what was set for all packages."""
    versions = {member.release.version for member in group.members}
    return versions.pop() if len(versions) == 1 else group.version.rpartition("-")[0]
