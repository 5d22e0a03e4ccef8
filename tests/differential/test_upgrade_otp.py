"""Upgrades through dray and through OTP: facts of modules, versions in appups, and what systools makes of appups."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dray.beam.appup import Entry
from dray.beam.etf import decode
from dray.beam.module import read_chunks
from dray.beam.module_facts import parse_module
from dray.core.term import Atom
from dray.errors import StepError
from dray.shell import LocalShell
from dray.upgrade.appups import build_appup, choose_scripts
from dray.upgrade.coverage import list_left_out
from dray.upgrade.direction import build_directions, list_wanted
from dray.upgrade.plan import plan_upgrade
from dray.upgrade.relup import transform_script
from dray.upgrade.systools import Question, run_systools
from tests.differential.erlang import ask_erlang
from tests.unit.beam.test_appup import MATCHES
from tests.unit.upgrade.releases import app, make_beam, make_build

pytestmark = pytest.mark.beam


def test_facts_are_those_that_beam_lib_says(tmp_path):
    expression = (
        'Files = filelib:wildcard(code:lib_dir() ++ "/*/ebin/*.beam") ++ '
        'filelib:wildcard("/usr/lib/elixir/lib/*/ebin/*.beam"), '
        "[begin {ok, {M, [{exports, E}, {imports, I}, {attributes, A}]}} = "
        "beam_lib:chunks(F, [exports, imports, attributes]), "
        "Bs = [X || {K, L} <- A, lists:member(K, [behaviour, behavior]), X <- L], "
        "{list_to_binary(F), M, E, I, lists:usort(Bs)} end || F <- Files]"
    )
    answers = ask_erlang(expression, tmp_path)
    assert len(answers) > 500
    for path, name, exports, imports, behaviours in answers:
        facts = parse_module(Path(path.decode()).read_bytes())
        assert facts.name == name
        # module_info/0 and /1 are in the chunk, and in what beam_lib says of it.
        assert facts.exports == set(exports), name
        assert facts.imports == set(imports), name
        assert sorted(facts.behaviours) == behaviours, name


PATTERNS = [
    *(version for version, _, _ in MATCHES.values()),
    rb"0\.1\.[[:alpha:]]",
    b"(0|0\\.1)\\.0",
    b"^1\\.0$",
    b"1\\.0\\Z",
    b"(?i)RC",
    b"1\\.\\d++",
    b".*",
    b"",
]
VERSIONS = ["1.0", "1.0.1", "1.12", "0.1.0", "0.1.0+3f2a9c", "1.ü", "rc", "0.1.a", "1.0\n", ""]


def test_versions_are_looked_up_as_systools_does_it(tmp_path):
    asked = [(version, pattern) for pattern in PATTERNS for version in VERSIONS]
    expression = "[systools_relup:appup_search_for_version(V, [{P, []}]) =/= error || {V, P} <- Given]"
    answers = ask_erlang(expression, tmp_path, asked)
    for (version, pattern), answer in zip(asked, answers, strict=True):
        assert Entry(pattern, ()).matches(version) is (answer == Atom("true")), (version, pattern)


BEHAVIOURS = {"m0": ["gen_server"], "m1": ["supervisor"], "m2": ["gen_event"]}
"""What a module is in all versions: another behaviour needs a restart."""
NAMES = [f"m{number}" for number in range(6)]
FACTS = st.fixed_dictionaries(
    {
        "exports": st.lists(st.sampled_from([("code_change", 3), ("init", 1)]), unique=True, max_size=2),
        "imports": st.lists(st.sampled_from([(name, "f", 0) for name in NAMES]), unique=True, max_size=3),
        "code": st.sampled_from([b"one", b"two"]),
    }
)
MODULES = st.dictionaries(st.sampled_from(NAMES), FACTS, max_size=6)
APPLICATIONS = st.fixed_dictionaries({"shop": MODULES}, optional={"extra": st.just({}), "more": st.just({})})


def describe(version, applications):
    """Return a release; ``extra`` and ``more`` have modules of their own, and need each other."""
    apps = {}
    for name, modules in applications.items():
        beams = [
            (module, make_beam(module, behaviours=BEHAVIOURS.get(module, []), **facts))
            for module, facts in modules.items()
        ]
        if name != "shop":
            beams = [(f"{name}_module", make_beam(f"{name}_module"))]
        needs = ("kernel", "stdlib", "more") if name == "extra" and "more" in applications else ("kernel", "stdlib")
        apps[name] = app(*beams, version=version, applications=needs)
    return make_build(version, apps=apps)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(APPLICATIONS, APPLICATIONS), min_size=4, max_size=4))
def test_systools_takes_every_appup_and_the_script_leaves_nothing_out(tmp_path, pairs):
    plans = [plan_upgrade(describe("1", old), describe("2", new)) for old, new in pairs]
    # extra and more keep their modules, and change their versions nevertheless.
    scripts = [choose_scripts(plan, {}, "soft") for plan in plans]
    questions = tuple(
        Question(plan.base, plan.new, {item.application: build_appup(None, "2", (item,)) for item in chosen})
        for plan, chosen in zip(plans, scripts, strict=True)
    )
    assert not any(plan.reasons for plan in plans)
    relups, _ = run_systools(LocalShell(print), tmp_path, questions)
    for plan, chosen, relup in zip(plans, scripts, relups, strict=True):
        up, down = build_directions(plan, chosen, "soft")
        assert list_left_out(transform_script(relup.up, up), list_wanted(plan.base, plan.new)) == ()
        assert list_left_out(transform_script(relup.down, down), list_wanted(plan.new, plan.base)) == ()


def test_helpers_are_the_same_wherever_they_are_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("ERL_COMPILER_OPTIONS", "[debug_info]")
    sources = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        sources.append(tmp_path / name / "dray_x.erl")
        sources[-1].write_text("-module(dray_x).\n-export([f/0]).\nf() -> error(here).\n")
    relups, compiled = run_systools(LocalShell(print), tmp_path, (), tuple(sources))
    assert relups == ()
    assert compiled[0] == compiled[1]
    assert parse_module(compiled[0]).exports >= {("f", 0)}
    _, _, (code, _) = decode(dict(read_chunks(compiled[0]))[b"Dbgi"])
    assert code == "none"


def test_a_helper_that_does_not_compile_says_where(tmp_path):
    source = tmp_path / "dray_x.erl"
    source.write_text("-module(dray_x).\n-export([f/0]).\n")
    with pytest.raises(StepError, match=r"dray_x\.erl does not compile: .*dray_x\.erl.*function f/0 undefined"):
        run_systools(LocalShell(print), tmp_path, (), (source,))


def test_what_systools_refuses_is_said(tmp_path):
    base, new = (make_build(version, apps={"shop": app("m", version=version)}) for version in ("1", "2"))
    with pytest.raises(StepError, match=r"no relup from 1 to 2: Could not open file shop\.appup"):
        run_systools(LocalShell(print), tmp_path, (Question(base, new, {}),))
