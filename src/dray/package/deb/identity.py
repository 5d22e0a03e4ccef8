"""Names, versions and architectures in Debian's terms, and what its policy asks of them.

Debian Policy 5.6.1 (Source and Package), 5.6.12 (Version), 5.6.2 (Maintainer), 2.4 (sections); deb-version(7).

    package_name("shop_web")                # shop-web
    upstream_version("1.2.0-rc.1")          # 1.2.0~rc.1, which is older than 1.2.0
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from dray.errors import ConfigError
from dray.package.debian_version import parse_version

if TYPE_CHECKING:
    from dray.core.project import Commit

PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
"""Debian Policy 5.6.1."""
_PERSON = re.compile(r"[^<>@\n]+ <[^<>@\s]+@[^<>@\s]+>")
_SEMVER = re.compile(r"(?P<core>[^-+]+)(?:-(?P<pre>[^+]*))?(?:\+(?P<build>.*))?")
_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "arm": "armhf",
    "i686": "i386",
    "riscv64": "riscv64",
    "powerpc64le": "ppc64el",
    "s390x": "s390x",
    "loongarch64": "loong64",
}
_SECTIONS = """
admin cli-mono comm database debug devel doc editors education electronics embedded erlang fonts games gnome
gnu-r gnustep golang graphics hamradio haskell httpd interpreters introspection java javascript kde kernel
libdevel libs lisp localization mail math metapackages misc net news ocaml oldlibs otherosfs perl php python
ruby rust science shells sound tasks tex text utils vcs video web x11 xfce zope
"""
SECTIONS = frozenset(_SECTIONS.split())
"""The sections of Debian's archive, https://packages.debian.org/unstable/."""


def package_name(release: str) -> str:
    """Return the package of a release's name: Debian has no underscores and no capitals."""
    return release.lower().replace("_", "-")


def upstream_version(version: str, commit: Commit | None = None) -> str:
    """Return a version that orders in Debian as it does in SemVer 2.0.

    A pre-release is older than its release, which Debian says with a tilde. What stands behind a plus sign has no
    order in SemVer; the time of the commit in front of it gives it one, so that a later build is an upgrade.

    Args:
        version: The release's version.
        commit: The commit that it is built from.
    """
    found = _SEMVER.fullmatch(version)
    if found is None:
        return version
    text = found["core"]
    if found["pre"]:
        text += "~" + re.sub(r"[^A-Za-z0-9.+~]", "~", found["pre"])
    if found["build"]:
        when = time.strftime("%Y%m%d%H%M%S", time.gmtime(commit.time)) if commit else ""
        text += "+" + ".".join(part for part in (when, re.sub(r"[^A-Za-z0-9.+~]", ".", found["build"])) if part)
    return text


def full_version(upstream: str, revision: str) -> str:
    """Return the version of a package: upstream's, a hyphen and the revision.

    Raises:
        ConfigError: One of them breaks a rule of deb-version(7).
    """
    version = f"{upstream}-{revision}"
    try:
        parse_version(version)
    except ValueError as error:
        raise ConfigError(f"deb: {error} (deb-version(7))") from None
    return version


def find_architecture(cpus: frozenset[str]) -> str:
    """Return the architecture of a package with machine code for these CPUs; ``all`` for one without.

    Raises:
        ConfigError: Debian has none, or they are several.
    """
    if not cpus:
        return "all"
    names = sorted(_ARCHITECTURES.get(cpu, "") for cpu in cpus)
    if len(names) > 1 or not names[0]:
        raise ConfigError(
            "deb: a package has machine code for one CPU that Debian knows", got=", ".join(sorted(cpus))
        )
    return names[0]


def validate_name(name: str) -> str:
    """Return a package's name.

    Raises:
        ConfigError: It breaks Debian Policy 5.6.1.
    """
    if not PACKAGE_NAME.fullmatch(name):
        raise ConfigError(
            "deb: a package's name has two letters or more: a-z, 0-9 and + - . (Debian Policy 5.6.1)", got=name
        )
    return name


def validate_maintainer(person: str) -> str:
    """Return a maintainer.

    Raises:
        ConfigError: It is not of the form that Debian Policy 5.6.2 asks for.
    """
    if not _PERSON.fullmatch(person):
        raise ConfigError('deb: maintainer is "Name <mail>" (Debian Policy 5.6.2)', got=person)
    return person


def validate_section(section: str) -> str:
    """Return a section.

    Raises:
        ConfigError: Debian has no such section (Debian Policy 2.4).
    """
    area, _, name = section.rpartition("/")
    if name not in SECTIONS or area not in {"", "contrib", "non-free"}:
        raise ConfigError(
            "deb: section is one of Debian's (Debian Policy 2.4)", got=section, choices=tuple(sorted(SECTIONS))
        )
    return section
