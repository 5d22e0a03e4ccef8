"""What a package says of itself, found in the project where the user does not say it."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.package.deb.identity import (
    full_version,
    package_name,
    upstream_version,
    validate_maintainer,
    validate_name,
    validate_section,
)

if TYPE_CHECKING:
    from dray.core.project import Project
    from dray.core.release import Release
    from dray.package.deb.options import DebOptions

_WEB = frozenset({"phoenix", "plug", "cowboy", "bandit", "elli", "mochiweb", "yaws", "inets"})
_SYNOPSIS = 76
_ARTICLE = re.compile(r"(?:an?|the)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Description:
    """What a package says of itself.

    Args:
        name: The package.
        version: Its whole version.
        maintainer: ``Name <mail>``.
        section: Debian's section.
        homepage: An address, or empty.
        synopsis: What it is, in a line.
        text: What it is, in a paragraph or more.
        licence: An SPDX name, or several joined by ``and``.
    """

    name: str
    version: str
    maintainer: str
    section: str
    homepage: str
    synopsis: str
    text: str
    licence: str

    @property
    def field(self) -> str:
        """The control field ``Description`` (Debian Policy 5.6.13)."""
        paragraphs = [textwrap.fill(part, 78) for part in re.split(r"\n\s*\n", self.text)]
        return "\n".join((self.synopsis, "\n.\n".join(paragraphs)))


def describe_package(release: Release, project: Project, options: DebOptions, *, author: str) -> Description:
    """Return what a package says of itself.

    Args:
        release: The release.
        project: Its project.
        options: What the user says.
        author: Who wrote the last commit; empty where nobody is known.

    Raises:
        ConfigError: A value breaks Debian's policy.
    """
    name = validate_name(options.name or package_name(release.name))
    upstream = options.version or upstream_version(release.version, project.commit)
    nobody = name_nobody((options.project if options.split else None) or name)
    given = (options.description or project.description).strip()
    text = given or _introduce(release, project)
    return Description(
        name=name,
        version=full_version(upstream, options.revision),
        maintainer=validate_maintainer(options.maintainer or find_person(project) or author or nobody),
        section=validate_section(options.section or _find_section(release)),
        homepage=options.homepage or project.homepage or dict(project.links).get("GitHub", ""),
        synopsis=_shorten(given or f"system {release.name} on the Erlang virtual machine", name),
        text=text,
        licence=options.licence or " and ".join(project.licenses) or "proprietary",
    )


def _introduce(release: Release, project: Project) -> str:
    """Return what can be said of a release whose project says nothing of itself."""
    own = [member.name for member in project.members]
    of = f" with the application{'s' if len(own) > 1 else ''} {', '.join(own)}" if own else ""
    runtime = "brings its own Erlang runtime and " if release.erts and release.erts.included else ""
    return f"The release {release.name}{of}. It {runtime}runs as a service of its own user."


def find_person(project: Project) -> str:
    """Return the first maintainer whom the project names with a mail address; empty where there is none."""
    return next((person for person in project.maintainers if "<" in person), "")


def name_nobody(name: str) -> str:
    """Return a maintainer for a package of whom nobody is known."""
    return f"The maintainers of {name} <{name}@localhost.localdomain>"


def _find_section(release: Release) -> str:
    return "web" if _WEB & {application.name for application in release.applications} else "misc"


def _shorten(text: str, name: str) -> str:
    """Return the first sentence, as a synopsis has it: without an article, the package's name, and a full stop."""
    sentence = re.split(r"[.!?](?:\s|$)|\n", text)[0].strip() or name
    sentence = _ARTICLE.sub("", sentence, count=1) if _ARTICLE.match(sentence) else sentence
    if sentence.lower().startswith(f"{name} ") or sentence.lower() == name:
        sentence = f"application {sentence}"
    return textwrap.shorten(sentence, _SYNOPSIS, placeholder=" ...")
