"""Content suffixes: versions for applications whose code changed and whose version did not.

    "0.1.0" with other content than the base's "0.1.0" becomes "0.1.0+3f2a9c"

OTP upgrades an application only where its version changes, and many never change it: children of an umbrella, path
dependencies. The suffix is made of the content alone, so that equal content has the equal version wherever it was
built. Like is compared with like: modules by their MD5 as ``beam_lib`` counts it, the ``.app`` without its version,
the ``.appup`` not at all, and all other files by their bytes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dray.upgrade.build import Build
    from dray.upgrade.content import Content

_LENGTH = 6
_AFTER_PLUS = re.compile(r"(.*\+.+)\.[0-9a-f]{6}\Z")
_PLAIN = re.compile(r"([^+]*)\+[0-9a-f]{6}\Z")


def strip_suffix(version: str) -> str:
    """Return a version without a content suffix."""
    found = _AFTER_PLUS.match(version) or _PLAIN.match(version)
    return found[1] if found else version


def add_suffix(version: str, digest: str) -> str:
    """Return a version with the suffix of some content; one that has build metadata gets one part more of it."""
    return f"{version}{'.' if '+' in version else '+'}{digest[:_LENGTH]}"


def digest_application(build: Build, application: str) -> str:
    """Return what identifies the content of an application, in hexadecimal."""
    digest = hashlib.sha256()
    for path, content in sorted(_list_contents(build, application).items()):
        digest.update(f"{path}\0{content.md5 or content.sha256}\n".encode("utf-8", "surrogateescape"))
    digest.update(_format_spec(build, application).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def is_same_application(one: Build, other: Build, application: str) -> bool:
    """Tell whether two builds have the same content of an application: without a digest, since most are the same."""
    before, after = (_list_contents(build, application) for build in (one, other))
    return (
        before.keys() == after.keys()
        and all(content.is_same_as(after[path]) for path, content in before.items())
        and _format_spec(one, application) == _format_spec(other, application)
    )


def _list_contents(build: Build, application: str) -> dict[str, Content]:
    """Return what the files of an application hold, without those that speak of its version."""
    described = {f"ebin/{application}.app", f"ebin/{application}.appup"}
    return {path: item for path, item in build.side.list_application(application).items() if path not in described}


def _format_spec(build: Build, application: str) -> str:
    return repr(replace(build.read_spec(application), version=""))


def choose_versions(new: Build, bases: Iterable[Build]) -> dict[str, str]:
    """Return the applications of a release that need another version than their own, each with that version.

    Args:
        new: The release.
        bases: What it is upgraded from. Where several have the same content, the version of the first counts.
    """
    chosen: dict[str, str] = {}
    for name, version in new.side.applications.items():
        if new.is_of_runtime(name) or not new.carries(name):
            continue
        plain = strip_suffix(version)
        similar = [
            base for base in bases if base.carries(name) and strip_suffix(base.side.applications[name]) == plain
        ]
        if not similar:
            continue
        equal = [base.side.applications[name] for base in similar if is_same_application(new, base, name)]
        wanted = equal[0] if equal else add_suffix(plain, digest_application(new, name))
        if wanted != version:
            chosen[name] = wanted
    return chosen
