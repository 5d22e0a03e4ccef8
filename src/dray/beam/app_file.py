"""``.app`` files: the application resource file of OTP, app(4).

    {application, shop, [{vsn, "1.0.0"}, {modules, [...]}, {applications, [kernel, stdlib]}, ...]}.

Reads what ``systools`` reads, with the same rules for what a key may hold, plus Elixir's ``compile_env``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dray.beam.terms import decode_source, parse_terms
from dray.core.application import AppSpec
from dray.core.term import INFINITY, UNDEFINED, Atom
from dray.errors import IntegrityError, Location

if TYPE_CHECKING:
    from dray.core.term import Term


_REQUIRED = ("vsn", "description", "modules", "registered", "applications")


def parse_app(data: bytes, *, file: str) -> AppSpec:
    """Return what an ``.app`` file says.

    Args:
        data: The file's bytes.
        file: Its path, for messages.

    Raises:
        IntegrityError: It is no application resource file, or a key holds what it may not.
    """
    match parse_terms(decode_source(data, file=file), file=file):
        case [(Atom("application"), Atom() as name, list() as pairs)]:
            return _read_spec(str(name), pairs, file)
        case _:
            raise IntegrityError(
                "an .app file holds one term {application, Name, Properties}", location=Location(file)
            )


def _read_spec(name: str, pairs: list[Any], file: str) -> AppSpec:
    properties: dict[str, Any] = {}
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], Atom)):
            raise IntegrityError("a property of an .app file is {Key, Value}", location=Location(file))
        properties.setdefault(str(pair[0]), pair[1])
    read = _Properties(properties, file)
    return AppSpec(
        name=name,
        version=read.text("vsn", empty=False),
        description=read.text("description"),
        id=read.text("id"),
        modules=read.atoms("modules"),
        registered=read.atoms("registered"),
        applications=read.atoms("applications"),
        optional_applications=read.atoms("optional_applications"),
        included_applications=read.atoms("included_applications"),
        mod=read.callback(),
        env=read.pairs("env"),
        start_phases=read.phases(),
        max_time=read.limit("maxT"),
        max_processes=read.limit("maxP"),
        compile_env=properties.get("compile_env", []),
    )


class _Properties:
    """The properties of one file, each checked when it is asked for."""

    def __init__(self, values: dict[str, Any], file: str) -> None:
        self.values = values
        self.file = file
        for key in _REQUIRED:
            if key not in values:
                raise IntegrityError(f"an .app file says its {key}", location=Location(file))

    def fail(self, key: str, rule: str) -> IntegrityError:
        return IntegrityError(
            f"{key} of an .app file is {rule}", got=repr(self.values.get(key)), location=Location(self.file)
        )

    def text(self, key: str, *, empty: bool = True) -> str:
        value = self.values.get(key, [])
        if isinstance(value, str) and not isinstance(value, Atom):
            return value
        if value == [] and empty:
            return ""
        raise self.fail(key, "a string")

    def atoms(self, key: str) -> tuple[Atom, ...]:
        value = self.values.get(key, [])
        if not (isinstance(value, list) and all(isinstance(item, Atom) for item in value)):
            raise self.fail(key, "a list of atoms")
        if len(set(value)) != len(value):
            raise self.fail(key, "a list without duplicates")
        return tuple(value)

    def pairs(self, key: str) -> Term:
        value = self.values.get(key, [])
        if isinstance(value, list) and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return value
        raise self.fail(key, "a list of {Key, Value}")

    def phases(self) -> Term:
        if self.values.get("start_phases", UNDEFINED) == UNDEFINED:
            return UNDEFINED
        return self.pairs("start_phases")

    def callback(self) -> Term:
        value = self.values.get("mod", [])
        if value == [] or (isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], Atom)):
            return value  # type: ignore[no-any-return]
        raise self.fail("mod", "{Module, Arguments}")

    def limit(self, key: str) -> Term:
        value = self.values.get(key, INFINITY)
        if value == INFINITY or (isinstance(value, int) and value > 0):
            return value  # type: ignore[no-any-return]
        raise self.fail(key, "a positive integer or infinity")


def pack_application(spec: AppSpec) -> Term:
    """Return the term that a boot script loads an application from, as ``systools:pack_app/1`` writes it."""
    properties: list[Term] = [
        (Atom("description"), spec.description or []),
        (Atom("vsn"), spec.version),
        (Atom("id"), spec.id or []),
        (Atom("modules"), list(spec.modules)),
        (Atom("registered"), list(spec.registered)),
        (Atom("applications"), list(spec.applications)),
        (Atom("optional_applications"), list(spec.optional_applications)),
        (Atom("included_applications"), list(spec.included_applications)),
        (Atom("env"), spec.env),
        (Atom("maxT"), spec.max_time),
        (Atom("maxP"), spec.max_processes),
    ]
    if spec.start_phases != UNDEFINED:
        properties.append((Atom("start_phases"), spec.start_phases))
    if spec.mod != []:
        properties.append((Atom("mod"), spec.mod))
    return (Atom("application"), Atom(spec.name), properties)
