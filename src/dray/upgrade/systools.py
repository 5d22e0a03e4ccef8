"""Asks OTP for relups: ``systools:make_relup`` for each base, in one start of the BEAM.

What ``systools`` reads is little, and laid out for it in a folder of its own: the ``.rel`` file of each release, and
the ``.app`` and ``.appup`` files. It sees applications in the order in which they start, since it starts and stops
those that come and go in the order of the ``.rel`` file.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.beam.etf import decode, encode
from dray.beam.relfile import format_rel
from dray.core.term import Atom
from dray.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.beam.relfile import RelFile
    from dray.core.context import Shell
    from dray.core.term import Term
    from dray.upgrade.build import Build

FOLDER = Path(__file__).parent / "beam"

_EVALUATE = (
    'case file:eval(os:getenv("DRAY_SCRIPT")) of ok -> ok; '
    '{error, Reason} -> io:format(standard_error, "~ts~n", [file:format_error(Reason)]), halt(1) end.'
)
_PATHS = re.compile(r"\S*/(?=[^/\s]+\.appup?\b)")


@dataclass(frozen=True, slots=True)
class Question:
    """One relup to make.

    Args:
        base: What it starts from.
        new: What it leads to.
        appups: The appups of the new release's applications, by name.
    """

    base: Build
    new: Build
    appups: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class RawRelup:
    """What ``systools`` made for one base.

    Args:
        up: The low-level instructions of the way up.
        down: Those of the way down.
        warnings: What it warned of.
    """

    up: tuple[Term, ...]
    down: tuple[Term, ...]
    warnings: tuple[str, ...]


def run_systools(
    shell: Shell, work: Path, questions: tuple[Question, ...], sources: tuple[Path, ...] = ()
) -> tuple[tuple[RawRelup, ...], tuple[bytes, ...]]:
    """Return the relups, and the compiled modules.

    Args:
        shell: Starts the BEAM.
        work: A folder for what is read and written meanwhile.
        questions: The relups to make.
        sources: Erlang files to compile.

    Raises:
        StepError: ``systools`` or the compiler refuses.
        ToolError: The BEAM is missing or fails.
    """
    if not questions and not sources:
        return (), ()
    folder = work / "systools"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        upgrades = [_write_question(folder / str(number), question) for number, question in enumerate(questions)]
        request, reply = folder / "request.etf", folder / "reply.etf"
        request.write_bytes(encode((upgrades, [str(source) for source in sources])))
        shell.run(
            ("erl", "+sbtu", "+A1", "-noinput", "-eval", _EVALUATE),
            cwd=folder,
            env={
                "DRAY_SCRIPT": str(FOLDER / "make_relup.erl"),
                "DRAY_REQUEST": str(request),
                "DRAY_REPLY": str(reply),
            },
        )
        relups, modules = decode(reply.read_bytes())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return (
        tuple(_read_relup(answer, question) for answer, question in zip(relups, questions, strict=True)),
        tuple(_read_module(answer, source) for answer, source in zip(modules, sources, strict=True)),
    )


def _write_question(folder: Path, question: Question) -> Term:
    path: list[Term] = []
    for name, build in (("new", question.new), ("base", question.base)):
        place = folder / name
        place.mkdir(parents=True)
        path.append(str(place))
        for app in build.rel.applications:
            (place / f"{app.name}.app").write_bytes(build.find(build.app_path(app.name)).read())
        (folder / f"{name}.rel").write_bytes(format_rel(_order(build)))
    for application, data in question.appups.items():
        (folder / "new" / f"{application}.appup").write_bytes(data)
    return (str(folder / "new"), str(folder / "base"), path)


def _order(build: Build) -> RelFile:
    """Return the ``.rel`` file with the applications in the order in which they start."""
    rank = {name: number for number, name in enumerate(build.order_applications())}
    return replace(build.rel, applications=tuple(sorted(build.rel.applications, key=lambda app: rank[app.name])))


def _read_relup(answer: Any, question: Question) -> RawRelup:
    match answer:
        case (Atom("ok"), (_, [(_, _, up)], [(_, _, down)]), warnings):
            return RawRelup(tuple(up), tuple(down), tuple(text.decode().strip() for text in warnings))
        case (_, text):
            raise StepError(
                f"systools makes no relup from {question.base.version} to {question.new.version}: "
                f"{_PATHS.sub('', text.decode()).strip()}",
                hint="an appup that was written by hand may name a module that does not change",
            )
    raise StepError("systools gave no answer", got=repr(answer))


def _read_module(answer: Any, source: Path) -> bytes:
    match answer:
        case (Atom("ok"), bytes() as beam):
            return beam
        case (_, text):
            raise StepError(f"{source.name} does not compile: {text.decode().strip()}")
    raise StepError("the compiler gave no answer", got=repr(answer))
