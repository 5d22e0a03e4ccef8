"""The files that describe a release to OTP: ``.rel``, ``RELEASES`` and ``start_erl.data``.

Follows rel(4) and what ``release_handler:create_RELEASES/4`` writes with an empty root: paths relative to the
release, so that it can be moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.beam.term_writer import format_pretty
from dray.beam.terms import decode_source, parse_terms
from dray.core.term import Atom
from dray.errors import IntegrityError, Location

if TYPE_CHECKING:
    from dray.core.term import Term


@dataclass(frozen=True, slots=True)
class RelApplication:
    """An application of a ``.rel`` file; ``included`` only where it includes others."""

    name: str
    version: str
    mode: str = "permanent"
    included: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RelFile:
    """What a ``.rel`` file says."""

    name: str
    version: str
    erts_version: str
    applications: tuple[RelApplication, ...]


def format_rel(rel: RelFile) -> bytes:
    """Return the text of a ``.rel`` file."""
    applications: list[Term] = []
    for app in rel.applications:
        item: tuple[Term, ...] = (Atom(app.name), app.version, Atom(app.mode))
        included: list[Term] = [Atom(name) for name in app.included]
        applications.append((*item, included) if included else item)
    term = (Atom("release"), (rel.name, rel.version), (Atom("erts"), rel.erts_version), applications)
    return consultable(term)


def parse_rel(data: bytes, *, file: str) -> RelFile:
    """Return what a ``.rel`` file says.

    Raises:
        IntegrityError: It is no release resource file.
    """
    match parse_terms(decode_source(data, file=file), file=file):
        case [
            (
                Atom("release"),
                (str() as name, str() as version),
                (Atom("erts"), str() as erts),
                list() as apps,
            )
        ]:
            return RelFile(name, version, erts, tuple(_parse_application(app, file) for app in apps))
        case _:
            raise IntegrityError("a .rel file holds one term {release, ...}", location=Location(file))


def _parse_application(term: Any, file: str) -> RelApplication:
    match term:
        case (Atom() as name, str() as version):
            return RelApplication(str(name), version)
        case (Atom() as name, str() as version, Atom() as mode):
            return RelApplication(str(name), version, str(mode))
        case (Atom() as name, str() as version, list() as included):
            return RelApplication(str(name), version, included=tuple(map(str, included)))
        case (Atom() as name, str() as version, Atom() as mode, list() as included):
            return RelApplication(str(name), version, str(mode), tuple(map(str, included)))
        case _:
            raise IntegrityError(
                "an application of a .rel file is {Name, Version, Mode}",
                got=repr(term),
                location=Location(file),
            )


def format_releases(rel: RelFile) -> bytes:
    """Return the text of ``RELEASES`` for a release that is the only one installed, and permanent."""
    libraries: list[Term] = [
        (Atom(app.name), app.version, f"lib/{app.name}-{app.version}") for app in rel.applications
    ]
    release = (Atom("release"), rel.name, rel.version, rel.erts_version, libraries, Atom("permanent"))
    return consultable([release])


def format_start_erl(erts_version: str, version: str) -> bytes:
    """Return ``start_erl.data``: one line without an end, as ``mix release`` writes it."""
    return f"{erts_version} {version}".encode()


def consultable(term: Term) -> bytes:
    """Return a file that ``file:consult/1`` reads as one term."""
    return f"%% coding: utf-8\n{format_pretty(term)}.\n".encode()
