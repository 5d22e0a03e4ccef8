"""dray on other machines: Debian 13 (OTP 27, Elixir 1.18) and Debian sid (OTP 29, Elixir 1.20).

What it builds there is compared with what `mix release` of that machine builds, and started there.
"""

from __future__ import annotations

import json
import re

import pytest

from dray.beam.etf import decode, encode
from dray.beam.terms import parse_terms
from tests.differential.test_mix_release import plain, version_folder
from tests.harness import EXAMPLES, copy_project
from tests.hosts.debian_roots import DebianRoot, find_root

pytestmark = pytest.mark.root

SUITES = [
    pytest.param("trixie", marks=pytest.mark.debian13, id="debian13"),
    pytest.param("sid", marks=pytest.mark.sid, id="sid"),
]

# Project, release, an expression and what its answer holds.
PROJECTS = [
    pytest.param(EXAMPLES / "shop_umbrella", "shop", 'IO.inspect(Shop.describe("lamp"))', "12 left", id="shop"),
    pytest.param("single", "greeter", 'IO.puts(Greeter.greet("Ada"))', "Hello Ada, you are number 1", id="single"),
    pytest.param("two_releases", "both", "IO.puts(Alpha.name() <> Beta.name())", "alphabeta", id="two_releases"),
    pytest.param("providers", "rebooting", "IO.inspect(Application.get_all_env(:providers))", "yes", id="providers"),
    pytest.param("eex", "eex", "IO.inspect(EexApp.flag() > 262_144)", "true", id="eex"),
]
NAMED = {"two_releases", "providers", "eex"}
TOOLS = {"trixie": ("27", "1.18."), "sid": ("29", "1.20.")}


@pytest.fixture(scope="session")
def machine(request, tmp_path_factory):
    """A Debian root, and a folder that it may write to."""
    return DebianRoot(find_root(request.param), tmp_path_factory.mktemp(request.param))


def make_copy(machine, project):
    name = project if isinstance(project, str) else project.name
    return copy_project(project, machine.shared / name), name


@pytest.mark.parametrize("machine", SUITES, indirect=True)
@pytest.mark.parametrize(("project", "release", "expression", "answer"), PROJECTS)
def test_a_release_is_that_of_the_machines_own_mix_and_runs(
    machine, launch, port, project, release, expression, answer
):
    folder, name = make_copy(machine, project)
    names = (release,) if name in NAMED else ()
    done = machine.dray("build", *names, "--json", cwd=folder)
    assert done.status == 0, done.err
    assert json.loads(done.out)["release"]["name"] == release
    ours, theirs = folder / "_build/prod/rel" / release, folder / "by_mix"
    done = machine.run("mix", "release", *names, "--quiet", "--path", theirs, cwd=folder, env={"MIX_ENV": "prod"})
    assert done.status == 0, done.out + done.err
    compare_trees(ours, theirs)
    manifest = json.loads((version_folder(ours) / "manifest.json").read_text())
    assert (manifest["otp"], manifest["elixir"][:5]) == TOOLS[machine.path.name]

    (machine.shared / f"run-{name}").mkdir()
    env = {"PORT": str(port), "ONLY_ON_THE_HOST": "yes", "RELEASE_TMP": str(machine.shared / f"run-{name}")}
    launcher = launch(ours, release, **env)
    launcher.shell = machine.prefix
    assert launcher("version").out.startswith(f"{release} ")
    assert launcher("status").status == 3
    done = launcher("eval", "IO.puts(6 * 7)")
    assert (done.status, done.out) == (0, "42\n"), done.err
    with launcher.running():
        done = launcher("rpc", expression)
        assert done.status == 0, done.err
        assert answer in done.out
        assert launcher("ping").out == "pong\n"
        assert re.search(r"is running: pid \d+", launcher("status").out)
    assert launcher("ping").status == 1


def compare_trees(ours, theirs):
    """Compare what the two put into the same release."""
    one, two = version_folder(ours), version_folder(theirs)
    assert one.name == two.name
    assert encode(decode((one / "start.boot").read_bytes())) == encode(decode((two / "start.boot").read_bytes()))
    texts = [(folder / "sys.config").read_text() for folder in (one, two)]
    assert texts[0].splitlines()[:2] == texts[1].splitlines()[:2]
    assert plain(parse_terms(texts[0])[0]) == plain(parse_terms(texts[1])[0])
    mine, other = (
        {path.relative_to(tree).as_posix() for path in (tree / "lib").rglob("*")} for tree in (ours, theirs)
    )
    assert mine == other


@pytest.mark.parametrize("machine", SUITES, indirect=True)
def test_doctor_finds_all_that_a_build_needs(machine):
    folder, _ = make_copy(machine, "mix_steps")
    done = machine.dray("doctor", "--json", cwd=folder)
    assert done.status == 0, done.out
    found = {item["subject"]: item for item in json.loads(done.out)}
    otp, elixir = TOOLS[machine.path.name]
    assert found["Elixir"]["text"].startswith(elixir)
    assert f"OTP {otp}," in found["Erlang"]["text"]


@pytest.mark.parametrize("machine", SUITES, indirect=True)
def test_an_erlang_project_is_built_and_runs(machine, launch):
    folder, _ = make_copy(machine, "rebar")
    done = machine.dray("build", cwd=folder)
    assert done.status == 0, done.err
    (machine.shared / "run-rebar").mkdir()
    launcher = launch(folder / "_build/prod/rel/counter", "counter", RELEASE_TMP=str(machine.shared / "run-rebar"))
    launcher.shell = machine.prefix
    assert launcher("eval", 'io:format("~p", [6 * 7])').out == "42"
    with launcher.running():
        assert launcher("rpc", "counter:next()").out == "{ok, 42}\n"


@pytest.mark.parametrize("machine", SUITES, indirect=True)
def test_an_upgrade_is_made_with_the_machines_own_systools(machine):
    folder, _ = make_copy(machine, "upgraded")
    done = machine.dray("build", "--set", "release.version=1", cwd=folder)
    assert done.status == 0, done.err
    counter = folder / "lib/upgraded/counter.ex"
    counter.write_text(counter.read_text().replace("{:ok, count}\nend", "{:ok, count + 1}\nend"))
    done = machine.dray("build", "--set", "release.version=2", cwd=folder)
    assert "from 1: hot" in done.err
    (relup,) = parse_terms((folder / "_build/prod/rel/upgraded/releases/2/relup").read_text())
    ((base, _, up),) = relup[1]
    assert base == "1"
    assert ("code_change", "up", [("Elixir.Upgraded.Counter", [])]) in up
