"""A restart has a reason, and without one the upgrade is hot."""

from __future__ import annotations

import pytest

from dray.core.term import Atom
from dray.upgrade.plan import describe_changes, plan_upgrade
from tests.unit.upgrade.releases import RUNTIME, App, app, make_beam, make_build, runtime

PLAIN = {"apps": {"shop": app("m")}}
NIF = make_beam("m", imports=[("erlang", "load_nif", 2)])
NIF_CHANGED = make_beam("m", imports=[("erlang", "load_nif", 2)], code=b"new")
PROTOCOL = make_beam("Elixir.P")


def shop(*modules, **given):
    return {"apps": {"shop": app(*modules, **given)}}


def plan(old, new):
    return plan_upgrade(make_build("1", **old), make_build("2", **new))


REASONS = {
    "another runtime": (PLAIN, {**PLAIN, "erts": "14.0"}, "ERTS 13.1 -> 14.0: a node cannot change its runtime"),
    "another application of OTP": (
        {"apps": {"crypto": app("c", version="5.1")}},
        {"apps": {"crypto": app("c", version="5.2")}},
        "crypto 5.1 -> 5.2: it belongs to the runtime, which a node cannot change",
    ),
    "OTP is not the same under the same version": (
        {"apps": {"crypto": app("c")}},
        {"apps": {"crypto": app(("c", make_beam("c", code=b"new")))}},
        "crypto 0.1.0 is not what it was under the same version: it belongs to the runtime",
    ),
    "another Elixir": (
        {"apps": {"elixir": app("e", version="1.14.0")}},
        {"apps": {"elixir": app("e", version="1.15.0")}},
        "Elixir 1.14.0 -> 1.15.0: a node cannot change its runtime",
    ),
    "a rebuilt emulator": (
        PLAIN,
        {**PLAIN, "files": {"erts-13.1/bin/beam.smp": b"\x7fELF other machine code"}},
        "erts-13.1/bin/beam.smp is not what it was under the same version: a node cannot change its runtime",
    ),
    "an unversioned change that has no suffix": (
        PLAIN,
        shop(("m", make_beam("m", code=b"new"))),
        "shop 0.1.0 is not what it was under the same version",
    ),
    "made by mix release": (
        {**PLAIN, "installed": False},
        PLAIN,
        "the old release has no releases/RELEASES (mix release makes none): OTP would not know what is running",
    ),
    "other flags of the runtime": (
        {**PLAIN, "files": {"releases/1/vm.args": b"+P 1"}},
        {**PLAIN, "files": {"releases/2/vm.args": b"+P 2"}},
        "vm.args changed: the runtime reads its flags when it starts",
    ),
    "another mode": (
        PLAIN,
        shop("m", mode="temporary"),
        "shop is temporary and was permanent: a running application keeps its mode",
    ),
    "sasl is only loaded": (
        {"apps": {**PLAIN["apps"], "sasl": App(RUNTIME["sasl"], {"sasl_m": make_beam("sasl_m")}, mode="load")}},
        PLAIN,
        "the old release does not start sasl, which installs versions",
    ),
    "other included applications": (
        shop("m"),
        shop("m", version="0.2.0", more=((Atom("included_applications"), [Atom("stdlib")]),)),
        "shop includes other applications than before: which ones it starts is settled",
    ),
    "another callback": (
        shop("m", more=((Atom("mod"), (Atom("m"), [])),)),
        shop("m", version="0.2.0", more=((Atom("mod"), (Atom("n"), [])),)),
        "shop has another application callback: its processes were started by the old one",
    ),
    "other start phases": (
        shop("m"),
        shop("m", version="0.2.0", more=((Atom("start_phases"), [(Atom("go"), [])]),)),
        "shop has other start phases: its own are over",
    ),
    "a module that loads machine code": (
        shop(("m", NIF)),
        shop(("m", NIF_CHANGED), version="0.2.0"),
        "shop: m loads machine code, which a node does once",
    ),
    "another behaviour": (
        shop(("m", make_beam("m", behaviours=["gen_server"]))),
        shop(("m", make_beam("m", behaviours=["gen_statem", "my_own"], code=b"new")), version="0.2.0"),
        "shop: m is a gen_statem and was a gen_server: a process stays what it was started as",
    ),
    "a process that is none any more": (
        shop(("m", make_beam("m", behaviours=["Elixir.GenServer"]))),
        shop(("m", make_beam("m", code=b"new")), version="0.2.0"),
        "shop: m is no process and was a GenServer: a process stays what it was started as",
    ),
    "machine code": (
        shop("m", files={"priv/x.so": b"\x7fELF one"}),
        shop("m", files={"priv/x.so": b"\x7fELF two"}, version="0.2.0"),
        "shop: priv/x.so is machine code, which a node does not load a second time",
    ),
    "a module that the .app does not list": (
        shop("m"),
        shop("m", version="0.2.0", files={"ebin/hidden.beam": make_beam("hidden")}),
        "shop: hidden is not listed in shop.app",
    ),
    "a protocol that is consolidated now": (
        shop(("Elixir.P", PROTOCOL)),
        {**shop(("Elixir.P", PROTOCOL)), "files": {"releases/2/consolidated/Elixir.P.beam": PROTOCOL}},
        "the protocol P is now consolidated",
    ),
    "a protocol that is no longer consolidated": (
        {**shop(("Elixir.P", PROTOCOL)), "files": {"releases/1/consolidated/Elixir.P.beam": PROTOCOL}},
        shop(("Elixir.P", PROTOCOL)),
        "the protocol P is no longer consolidated",
    ),
}


@pytest.mark.parametrize(("old", "new", "reason"), REASONS.values(), ids=REASONS)
def test_what_a_running_node_cannot_follow_is_a_reason(old, new, reason):
    planned = plan(old, new)
    assert reason in planned.reasons
    assert not planned.is_hot
    assert planned.applications == ()


def test_a_release_without_a_runtime_of_its_own_says_so():
    files = {"files": {}, **PLAIN}
    base, new = make_build("1", **files), make_build("2", **files)
    for build in (base, new):
        del build.side.files["erts-13.1/bin/beam.smp"]
    assert plan_upgrade(base, new).reasons == (
        "the old release has no runtime of its own: OTP would look for its versions in the host's",
        "the new release has no runtime of its own: OTP would look for its versions in the host's",
    )


def test_a_release_without_sasl_says_so(monkeypatch):
    reduced = {name: item for name, item in runtime().items() if name != "sasl"}
    monkeypatch.setattr("tests.unit.upgrade.releases.runtime", lambda: reduced)
    assert plan(PLAIN, PLAIN).reasons == (
        "the old release has no sasl, which installs versions",
        "the new release has no sasl, which installs versions",
    )


HOT = {
    "nothing but the version": (PLAIN, PLAIN),
    "a new application of OTP": (PLAIN, {"apps": {**PLAIN["apps"], "crypto": app("c")}}),
    "machine code in a new application": (
        PLAIN,
        {"apps": {**PLAIN["apps"], "nif": app(("n", NIF), files={"priv/n.so": b"\x7fELF"})}},
    ),
    "a new protocol": (
        PLAIN,
        {
            **shop("m", ("Elixir.P", PROTOCOL), version="0.2.0"),
            "files": {"releases/2/consolidated/Elixir.P.beam": PROTOCOL},
        },
    ),
    "configuration": (PLAIN, {**PLAIN, "config": b"[{shop,[{a,1}]}]."}),
}


@pytest.mark.parametrize(("old", "new"), HOT.values(), ids=HOT)
def test_without_a_reason_an_upgrade_is_hot(old, new):
    assert plan(old, new).reasons == ()


def test_all_that_changes_is_described():
    old = {
        "apps": {
            "shop": app(("m", make_beam("m", behaviours=["gen_server"])), "Elixir.Gone"),
            "old": app("o"),
            "kept": app("k", files={"priv/x": b"1"}),
        },
        "files": {"releases/1/consolidated/Elixir.P.beam": PROTOCOL, "share/x": b"1"},
    }
    new = {
        "apps": {
            "shop": app(
                "Elixir.New",
                ("m", make_beam("m", behaviours=["gen_server"], exports=[("code_change", 3)])),
                version="0.2.0",
            ),
            "new": app("n"),
            "kept": app("k", files={"priv/x": b"2"}, version="0.2.0"),
        },
        "files": {
            "releases/2/consolidated/Elixir.P.beam": make_beam("Elixir.P", code=b"new"),
            "share/x": b"2",
        },
        "config": b"[{shop,[{a,1}]}].",
    }
    assert describe_changes(plan(old, new)) == (
        "kept 0.1.0 -> 0.2.0",
        "kept: priv/x: data, which comes with the new version's folder",
        "new 0.1.0: a new application, which is started",
        "old 0.1.0: an application that goes, and is stopped",
        "shop 0.1.0 -> 0.2.0",
        "shop: New: added: only in the new version",
        "shop: m: code_change: a gen_server that exports code_change/3",
        "shop: Gone: removed: only in the old version",
        "P: protocol: it is consolidated anew",
        "shop.a: configuration, which is computed anew",
        "share/x: a file of the release",
    )


def test_a_module_that_goes_to_another_application_is_loaded_not_removed():
    old = {"apps": {"a": app("m", "x"), "b": app("y")}}
    new = {"apps": {"a": app("x", version="0.2.0"), "b": app("m", "y", version="0.2.0")}}
    planned = {
        item.name: [(change.name, change.kind) for change in item.modules] for item in plan(old, new).applications
    }
    assert planned == {"a": [], "b": [("m", "load")]}
