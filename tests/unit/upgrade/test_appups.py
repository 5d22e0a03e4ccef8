"""An appup that somebody wrote wins where it covers every change; what it does not know is generated."""

from __future__ import annotations

import pytest

from dray.beam.appup import parse_appup
from dray.beam.term_writer import format_term
from dray.errors import StepError
from dray.upgrade.appups import build_appup, choose_scripts, read_own_appups
from dray.upgrade.plan import plan_upgrade
from tests.unit.upgrade.releases import app, make_beam, make_build

OLD = app("a", "gone", "same")
NEW = app(("a", make_beam("a", code=b"new")), "added", "same", version="0.2.0")
WHOLE = "{load_module,a},{add_module,added},{delete_module,gone}"


def plan(old=OLD, new=NEW, **given):
    return plan_upgrade(make_build("1", apps={"shop": old}), make_build("2", apps={"shop": new}, **given))


def own(text, version="0.2.0"):
    return {"shop": parse_appup(f'{{"{version}",[{text}],[{text}]}}.'.encode(), file="shop.appup")}


def choose(planned, appups):
    (scripts,) = choose_scripts(planned, appups, "soft")
    return scripts


COVERING = {
    "high-level instructions": WHOLE,
    "low-level instructions": (
        '{load_object_code,{shop,"0.2.0",[a,added]}},point_of_no_return,{load,{a,soft_purge,soft_purge}},'
        "{load,{added,soft_purge,soft_purge}},{remove,{gone,soft_purge,soft_purge}}"
    ),
    "more than what changes": WHOLE + ",{update,same,soft},{apply,{m,f,[]}}",
    "a restart of the application": "{restart_application,shop}",
}


@pytest.mark.parametrize("script", COVERING.values(), ids=COVERING)
@pytest.mark.parametrize("version", ['"0.1.0"', r'<<"0\\.1\\.[0-9]+">>'], ids=["string", "pattern"])
def test_an_appup_that_covers_every_change_wins(version, script):
    scripts = choose(plan(), own(f"{{{version},[{script}]}}"))
    assert ",".join(map(format_term, scripts.up)) == ",".join(map(format_term, scripts.down)) == script
    assert not scripts.generated


LACKING = {
    "a changed module": ("{add_module,added},{delete_module,gone}", r"0\.1\.0 -> 0\.2\.0\): a \(load\)"),
    "a new module": ("{load_module,a},{delete_module,gone}", r"added \(added\)"),
    "one that goes": ("{load_module,a},{add_module,added}", r"gone \(removed\)"),
    "everything": ("", r"added \(added\), a \(load\), gone \(removed\)"),
    "a restart of another application": ("{restart_application,other}", r"a \(load\)"),
}


@pytest.mark.parametrize(("script", "missing"), LACKING.values(), ids=LACKING)
def test_an_appup_that_leaves_something_out_is_an_error_that_says_what(script, missing):
    with pytest.raises(StepError, match=missing):
        choose(plan(), own(f'{{"0.1.0",[{script}]}}'))


def test_an_appup_that_does_not_know_the_version_is_completed():
    appups = own(f'{{"0.0.9",[{WHOLE}]}}')
    scripts = choose(plan(), appups)
    assert scripts.generated
    made = parse_appup(build_appup(appups["shop"], "0.2.0", (scripts,)), file="x")
    assert [entry.version for entry in made.up] == ["0.1.0", "0.0.9"]
    assert made.up[0].script == scripts.up


def test_one_way_may_be_written_and_the_other_generated():
    text = f'{{"0.2.0",[{{"0.1.0",[{WHOLE}]}}],[]}}.'.encode()
    scripts = choose(plan(), {"shop": parse_appup(text, file="x")})
    assert len(scripts.up) == len(scripts.down) == 3
    assert format_term(scripts.down[0]) == "{add_module,gone}"
    assert not scripts.generated


def test_an_entry_that_matches_is_not_written_twice():
    appups = own(rf'{{<<"0\\.1.*">>,[{WHOLE}]}}')
    made = parse_appup(build_appup(appups["shop"], "0.2.0", (choose(plan(), appups),)), file="x")
    assert [entry.version for entry in made.up] == [rb"0\.1.*"]


def test_what_was_written_for_a_version_is_for_it_with_a_suffix_too():
    old = app("a", "gone", "same", version="0.1.0+abcdef")
    appups = own(f'{{"0.1.0",[{WHOLE}]}}')
    scripts = choose(plan(old), appups)
    assert not scripts.generated
    made = parse_appup(build_appup(appups["shop"], "0.2.0", (scripts,)), file="x")
    assert [entry.version for entry in made.up] == ["0.1.0+abcdef", "0.1.0"]


def test_protocols_need_no_instruction():
    old, new = app("Elixir.P"), app(("Elixir.P", make_beam("Elixir.P", code=b"new")), version="0.2.0")
    planned = plan_upgrade(
        *(
            make_build(
                version,
                apps={"shop": item},
                files={f"releases/{version}/consolidated/Elixir.P.beam": make_beam("Elixir.P")},
            )
            for version, item in (("1", old), ("2", new))
        )
    )
    assert [change.name for change in planned.applications[0].modules] == ["Elixir.P"]
    assert choose(planned, own('{"0.1.0",[]}')).up == ()


@pytest.mark.parametrize("instruction", ["restart_emulator", "restart_new_emulator"])
def test_an_appup_may_ask_for_a_restart(instruction):
    assert choose(plan(), own(f'{{"0.1.0",[{instruction}]}}')).restarts


APPUP = b'{"%s",[{"0.1.0",[{load_module,a}]}],[]}.'


def read(ebin=None, given=None, changing=("shop",), version="0.2.0"):
    files = {} if ebin is None else {"ebin/shop.appup": ebin}
    return read_own_appups(
        make_build("2", apps={"shop": app("a", version=version, files=files)}), changing, given or {}
    )


def test_an_appup_is_found_in_ebin_and_in_the_project():
    found, notes = read(APPUP % b"0.2.0")
    assert (found["shop"].version, notes) == ("0.2.0", [])
    found, _ = read(APPUP % b"0.2.0", {"shop": b'{"0.2.0",[],[]}.'})
    assert found["shop"].up == ()


def test_an_appup_is_for_its_version_with_a_suffix_too():
    found, _ = read(APPUP % b"0.2.0", version="0.2.0+abcdef")
    assert found["shop"].version == "0.2.0+abcdef"


def test_an_appup_of_another_version_does_not_count():
    found, notes = read(APPUP % b"0.1.9")
    assert found == {}
    assert notes == ["lib/shop-0.2.0/ebin/shop.appup is for shop 0.1.9, not 0.2.0, and does not count"]


def test_an_appup_of_an_application_that_does_not_change_is_left_alone():
    assert read(APPUP % b"0.1.9", changing=()) == ({}, [])


def test_an_appup_of_an_unknown_application_is_noticed():
    assert read(given={"shpo": b""}) == ({}, ["rel/appups/shpo.appup: the release has no application shpo"])
