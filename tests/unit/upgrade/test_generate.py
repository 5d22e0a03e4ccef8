"""From builds to what a release carries of its upgrades."""

from __future__ import annotations

import pytest

from dray.beam.appup import parse_appup
from dray.beam.terms import parse_terms
from dray.core.upgrade import Verdict
from dray.errors import StepError
from dray.memory import Memory
from dray.upgrade.generate import generate_upgrade
from dray.upgrade.helpers import Helpers
from dray.upgrade.systools import Question
from tests.unit.upgrade.fake_otp import otp_shell
from tests.unit.upgrade.releases import app, make_beam, make_build


def code(text, name="m"):
    return (name, make_beam(name, code=text))


@pytest.fixture
def generate(tmp_path):
    """Return a function that generates; it takes the new release and the bases as their options."""

    def do(new, *bases, own=None, purge="soft", sources=None):
        (tmp_path / "sources").mkdir(exist_ok=True)
        for name, text in (sources or {}).items():
            (tmp_path / "sources" / name).write_text(text)
        do.shell = otp_shell()
        return generate_upgrade(
            make_build(**new),
            tuple(make_build(**base) for base in bases),
            purge=purge,
            own_appups=own or {},
            helpers=Helpers(Memory(tmp_path / "memory"), "25", tmp_path / "sources"),
            shell=do.shell,
            work=tmp_path,
        )

    return do


def release(number, /, *modules, erts="13.1", **given):
    return {"version": number, "apps": {"shop": app(*modules, **given)}, "erts": erts}


def texts(generated):
    return {file.path: file.source.decode() for file in generated.files()}


def test_a_hot_upgrade_brings_appup_relup_and_verdict(generate):
    generated = generate(release("2", code(b"new"), version="0.2.0"), release("1", code(b"old")))
    files = texts(generated)
    assert sorted(files) == [
        "lib/shop-0.2.0/ebin/shop.appup",
        "releases/2/relup",
        "releases/2/upgrade/from/1",
    ]
    assert files["releases/2/upgrade/from/1"] == "hot\n"
    (relup,) = parse_terms(files["releases/2/relup"])
    assert (relup[0], [way[0] for way in relup[1]], [way[0] for way in relup[2]]) == ("2", ["1"], ["1"])
    (decided,) = generated.upgrades()
    assert (decided.base, decided.verdict, decided.reasons) == ("1", Verdict.HOT, ())
    assert decided.changes[0] == "shop 0.1.0 -> 0.2.0"


def test_an_application_without_a_version_of_its_own_is_renamed(generate):
    generated = generate(release("2", code(b"new")), release("1", code(b"old")))
    (version,) = generated.versions.values()
    assert version.startswith("0.1.0+")
    appup = parse_appup(texts(generated)[f"lib/shop-{version}/ebin/shop.appup"].encode(), file="x")
    assert (appup.version, [entry.version for entry in appup.up]) == (version, ["0.1.0"])


def test_a_restart_brings_its_reasons_and_no_relup(generate):
    generated = generate(release("2", "m"), release("1", "m", erts="12.0"))
    assert texts(generated) == {
        "releases/2/upgrade/from/1": "restart\nERTS 12.0 -> 13.1: a node cannot change its runtime\n"
    }
    assert generate.shell.calls == []


def test_each_base_has_its_own_verdict_and_one_start_of_the_beam_is_enough(generate):
    generated = generate(
        release("4", code(b"new"), version="0.2.0"),
        release("3", code(b"old")),
        release("2", code(b"old"), "gone"),
        release("1", code(b"old"), erts="12.0"),
    )
    files = texts(generated)
    assert [(item.base, item.verdict.value) for item in generated.upgrades()] == [
        ("3", "hot"),
        ("2", "hot"),
        ("1", "restart"),
    ]
    (relup,) = parse_terms(files["releases/4/relup"])
    assert [way[0] for way in relup[1]] == ["3", "2"]
    # 3 and 2 hold two applications under one version: each has a script of its own, the appup that of the first.
    assert [len(way[2]) for way in relup[1]] == [8, 9]
    appup = parse_appup(files["lib/shop-0.2.0/ebin/shop.appup"].encode(), file="x")
    assert [entry.version for entry in appup.up] == ["0.1.0"]
    assert len(generate.shell.calls) == 1


def test_what_a_running_node_tells_can_turn_an_upgrade_into_a_restart(generate):
    generated = generate(release("2", code(b"new"), version="0.2.0"), release("1", code(b"old")))
    assert generated.with_reasons("1") == generated
    assert generated.with_reasons("7", "no such base") == generated
    restart = generated.with_reasons("1", "the top supervisor is none")
    files = texts(restart)
    assert files["releases/2/upgrade/from/1"] == "restart\nthe top supervisor is none\n"
    assert "releases/2/relup" not in files


def test_an_appup_that_restarts_the_emulator_is_a_restart(generate):
    own = {"shop": b'{"0.2.0",[{"0.1.0",[restart_new_emulator]}],[{"0.1.0",[restart_emulator]}]}.'}
    generated = generate(release("2", code(b"new"), version="0.2.0"), release("1", code(b"old")), own=own)
    assert generated.upgrades()[0].reasons == ("the appup of shop restarts the emulator",)


def test_an_appup_of_another_version_is_a_warning(generate):
    own = {"shop": b'{"0.1.9",[],[]}.'}
    generated = generate(release("2", code(b"new"), version="0.2.0"), release("1", code(b"old")), own=own)
    assert generated.warnings == ("rel/appups/shop.appup is for shop 0.1.9, not 0.2.0, and does not count",)


def test_helpers_are_compiled_once_and_with_the_relups(generate):
    releases = (release("2", code(b"new"), version="0.2.0"), release("1", code(b"old")))
    sources = {"dray_node.erl": "-module(dray_node).", "make_relup.erl": "no helper"}
    generated = generate(*releases, sources=sources)
    assert texts(generated)["releases/2/upgrade/dray_node.beam"] == "compiled dray_node.erl"
    assert len(generate.shell.calls) == 1
    again = generate(release("2", "m"), release("1", "m", erts="12.0"))
    assert texts(again)["releases/2/upgrade/dray_node.beam"] == "compiled dray_node.erl"
    assert generate.shell.calls == []
    changed = generate(*releases, sources={"dray_node.erl": "-module(dray_node). % new"})
    assert dict(changed.helpers) == {"dray_node.beam": b"compiled dray_node.erl"}
    assert len(generate.shell.calls) == 1


BAD = {
    "of another release": ({**release("1"), "name": "other"}, "is a release of other, not of shop"),
    "of the same version": (release("2"), "an upgrade leads from one version to another"),
}


@pytest.mark.parametrize(("base", "message"), BAD.values(), ids=BAD)
def test_a_base_that_does_not_fit_is_refused(generate, base, message):
    with pytest.raises(StepError, match=message):
        generate(release("2"), base)


def test_the_same_version_has_a_hint_how_to_give_versions(generate):
    with pytest.raises(StepError) as caught:
        generate(release("2"), release("2"))
    assert caught.value.hint == 'give each build a version of its own: release(version="{mix}+{git}")'


def test_two_bases_of_one_version_are_refused(generate):
    with pytest.raises(StepError, match="two bases have the version 1"):
        generate(release("2"), release("1"), release("1"))


def test_what_systools_refuses_is_said_without_the_folder_it_looked_in(generate, monkeypatch):
    monkeypatch.setattr("dray.upgrade.generate._ask", lambda item, own: _question(item))
    with pytest.raises(StepError, match=r"from 1 to 2: Could not open file shop\.appup"):
        generate(release("2", code(b"new"), version="0.2.0"), release("1", code(b"old")))


def _question(item):
    return Question(item.plan.base, item.plan.new, {})


def test_a_script_that_leaves_something_out_is_never_shipped(generate, monkeypatch):
    monkeypatch.setattr("dray.upgrade.generate.transform_script", lambda script, direction: ())
    with pytest.raises(StepError, match="would leave something out: m of shop is not loaded"):
        generate(release("2", code(b"new"), version="0.2.0"), release("1", code(b"old")))


def test_an_application_that_comes_or_goes_is_in_the_script(generate):
    old = {"version": "1", "apps": {"old": app("o")}}
    new = {"version": "2", "apps": {"new": app("n")}}
    (relup,) = parse_terms(texts(generate(new, old))["releases/2/relup"])
    shown = [[item for item in way[0][2] if item[0] in {"load", "remove"}] for way in relup[1:]]
    assert shown == [
        [("load", ("n", "soft_purge", "soft_purge")), ("remove", ("o", "soft_purge", "soft_purge"))],
        [("load", ("o", "soft_purge", "soft_purge")), ("remove", ("n", "soft_purge", "soft_purge"))],
    ]
