"""An ``erl`` that does what ``make_relup.erl`` asks of OTP, as far as generated appups go."""

from __future__ import annotations

from pathlib import Path

from dray.beam.app_file import parse_app
from dray.beam.appup import find_entry, parse_appup
from dray.beam.etf import decode, encode
from dray.beam.relfile import parse_rel
from dray.core.context import Completed
from dray.core.term import Atom
from tests.fakes import FakeShell

PONR = Atom("point_of_no_return")


def fake_erl(argv, *, cwd, env, stdin):
    """Answer a request."""
    upgrades, sources = decode(Path(env["DRAY_REQUEST"]).read_bytes())
    relups = [make_relup(Path(new), Path(base)) for new, base, _ in upgrades]
    modules = [(Atom("ok"), b"compiled " + Path(source).name.encode()) for source in sources]
    Path(env["DRAY_REPLY"]).write_bytes(encode((relups, modules)))
    return Completed(argv, 0)


def otp_shell():
    """Return a shell that has only this ``erl``."""
    return FakeShell({"erl": fake_erl})


def make_relup(new, base):
    new_apps, base_apps = (read_applications(place) for place in (new, base))
    up, down = [], []
    for name, spec in new_apps.items():
        old = base_apps.get(name)
        if old is None:
            up += [("load", module, name, spec.version) for module in spec.modules]
            down += [("remove", module, None, None) for module in spec.modules]
        elif old.version != spec.version:
            file = new / f"{name}.appup"
            if not file.is_file():
                return (Atom("error"), f"Could not open file /somewhere/{name}.appup\n".encode())
            appup = parse_appup(file.read_bytes(), file=str(file))
            up += list(translate(find_entry(appup.up, old.version), name, spec.version))
            down += list(translate(find_entry(appup.down, old.version), name, old.version))
    for name, spec in base_apps.items():
        if name not in new_apps:
            up += [("remove", module, None, None) for module in spec.modules]
            down += [("load", module, name, spec.version) for module in spec.modules]
    (to, start) = (parse_rel(place.with_suffix(".rel").read_bytes(), file="x").version for place in (new, base))
    return (Atom("ok"), (to, [(start, [], script(up))], [(start, [], script(down))]), [])


def read_applications(place):
    rel = parse_rel(place.with_suffix(".rel").read_bytes(), file=place.name)
    return {app.name: parse_app((place / f"{app.name}.app").read_bytes(), file=app.name) for app in rel.applications}


def translate(entry, application, version):
    for instruction in entry.script:
        kind = "remove" if instruction[0] == "delete_module" else "load"
        yield kind, instruction[1], application, version


def script(steps):
    method = Atom("brutal_purge")
    code = [
        (Atom("load_object_code"), (Atom(app), version, [module]))
        for kind, module, app, version in steps
        if kind == "load"
    ]
    return [*code, PONR, *((Atom(kind), (module, method, method)) for kind, module, _, _ in steps)]
