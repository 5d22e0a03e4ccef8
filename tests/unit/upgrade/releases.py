"""Small releases for the tests of upgrades: modules with facts, and builds made of them."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from dray.beam.boot import format_script
from dray.beam.etf import encode
from dray.beam.relfile import RelApplication, RelFile, consultable, format_rel, format_releases
from dray.core.term import Atom
from dray.upgrade.build import Build
from dray.upgrade.content import Content
from dray.upgrade.side import build_side
from tests.unit.beam.test_module import make_module

RUNTIME = {"kernel": "8.5", "stdlib": "4.2", "sasl": "4.2"}


def make_beam(name, *, behaviours=(), exports=(), imports=(), code=b"code"):
    """Return a module that exports function and arity, and calls module, function and arity."""
    atoms = [name]

    def index(atom):
        if atom not in atoms:
            atoms.append(atom)
        return atoms.index(atom) + 1

    exported = [(index(function), arity, 0) for function, arity in exports]
    imported = [(index(module), index(function), arity) for module, function, arity in imports]
    table = b"".join(bytes([len(atom.encode())]) + atom.encode() for atom in atoms)
    attributes = [(Atom("vsn"), [1]), *((Atom("behaviour"), [Atom(item)]) for item in behaviours)]
    return make_module(
        (b"AtU8", struct.pack(">i", len(atoms)) + table),
        (b"Code", code),
        (b"ImpT", struct.pack(">I", len(imported)) + b"".join(struct.pack(">III", *item) for item in imported)),
        (b"ExpT", struct.pack(">I", len(exported)) + b"".join(struct.pack(">III", *item) for item in exported)),
        (b"Attr", encode(attributes)),
    )


@dataclass
class App:
    """An application of a test's release.

    Args:
        version: Its version.
        modules: Names and bytes; a name alone is a module that does nothing.
        files: Its other files, by their paths in its folder.
        mode: How it is started.
        more: Further properties of its ``.app``.
    """

    version: str = "0.1.0"
    modules: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    mode: str = "permanent"
    more: tuple = ()
    applications: tuple[str, ...] = ("kernel", "stdlib")

    def app_file(self, name):
        return consultable(
            (
                Atom("application"),
                Atom(name),
                [
                    (Atom("description"), name),
                    (Atom("vsn"), self.version),
                    (Atom("modules"), [Atom(module) for module in self.modules]),
                    (Atom("registered"), []),
                    (Atom("applications"), [Atom(app) for app in self.applications if app != name]),
                    *self.more,
                ],
            )
        )


def app(*modules, version="0.1.0", **given):
    """Return an application; modules are names, or pairs of name and bytes."""
    pairs = [(item, make_beam(item)) if isinstance(item, str) else item for item in modules]
    return App(version, dict(pairs), **given)


def runtime():
    """Return the applications of OTP that every release has."""
    needs = {"kernel": (), "stdlib": ("kernel",)}
    return {
        name: App(version, {f"{name}_m": make_beam(f"{name}_m")}, applications=needs.get(name, ("kernel", "stdlib")))
        for name, version in RUNTIME.items()
    }


def list_files(version="1.0", *, name="shop", apps, erts="13.1", files=None, config=b"[].", installed=True):
    """Return the files of a release."""
    everything = {**runtime(), **apps}
    rel = RelFile(
        name, version, erts, tuple(RelApplication(key, item.version, item.mode) for key, item in everything.items())
    )
    found = {
        f"releases/{version}/{name}.rel": format_rel(rel),
        f"releases/{version}/sys.config": config,
        f"erts-{erts}/bin/beam.smp": b"\x7fELF machine code",
        **({"releases/RELEASES": format_releases(rel)} if installed else {}),
        **(files or {}),
    }
    for key, item in everything.items():
        folder = f"lib/{key}-{item.version}"
        found[f"{folder}/ebin/{key}.app"] = item.app_file(key)
        found |= {f"{folder}/ebin/{module}.beam": data for module, data in item.modules.items()}
        found |= {f"{folder}/{path}": data for path, data in item.files.items()}
    return found


def make_build(version="1.0", **given):
    """Return a release as a build; the options are those of ``list_files``."""
    files = list_files(version, **given)
    return Build(build_side(f"shop-{version}", [Content(path, data) for path, data in sorted(files.items())]))


def write_build(folder, version="1.0", **given):
    """Write a release as a folder, and return it."""
    for path, data in list_files(version, **given).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def make_boot(applications):
    """Return a boot script and its text that load applications, given by name and version."""
    paths = [f"$RELEASE_LIB/{name}-{version}/ebin" for name, version in applications]
    loads = [
        (
            Atom("apply"),
            (
                Atom("application"),
                Atom("load"),
                [(Atom("application"), Atom(name), [(Atom("description"), name), (Atom("vsn"), version)])],
            ),
        )
        for name, version in applications
    ]
    script = (Atom("script"), ("shop", "1.0"), [(Atom("path"), paths), *loads, (Atom("progress"), Atom("started"))])
    return encode(script), format_script(script)
