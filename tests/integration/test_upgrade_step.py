"""Two versions of real projects: what the step upgrade puts into the second one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from dray.beam.appup import parse_appup
from tests.harness import copy_project, run
from tests.integration.versions import Project

pytestmark = pytest.mark.beam


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The Mix project, built in version 1."""
    project = Project(copy_project("upgraded", tmp_path_factory.mktemp("first") / "upgraded"), "upgraded")
    done = project.build("1")
    assert "no earlier version of upgraded to upgrade from" in done.err
    assert "upgrades" not in project.manifest()
    assert project.versions()["upgraded"] == "0.1.0"
    return project


@pytest.fixture(scope="module")
def second(first, tmp_path_factory):
    """The same, changed in every way that a node can follow, and built in version 2."""
    project = first.copy(tmp_path_factory.mktemp("second"))
    project.replace("codec/lib/codec.ex", "<#{value}>", "[#{value}]")
    counter, workers, text = (f"lib/upgraded/{name}.ex" for name in ("counter", "workers", "text"))
    project.replace(
        counter, "def code_change(_, count, _), do: {:ok, count}", "def code_change(_, n, _), do: {:ok, n + 10}"
    )
    project.replace(workers, "[Upgraded.Counter]", "[Upgraded.Counter, Upgraded.Extra]")
    project.replace(text, "defmodule Upgraded.Old do", "defmodule Upgraded.New do")
    project.replace(
        text,
        "def show(value), do: Upgraded.Shown.show(value)",
        'def show(value), do: "=" <> Upgraded.Shown.show(value)',
    )
    project.write(
        "lib/upgraded/extra.ex",
        "defmodule Upgraded.Extra do\n  use Agent\n  def start_link(_), do: Agent.start_link(fn -> 0 end)\nend\n\n"
        "defimpl Upgraded.Shown, for: Atom do\n  def show(value), do: Atom.to_string(value)\nend\n",
    )
    shutil.move(project.root / "spare", project.root / "fresh")
    for path in ("fresh/mix.exs", "fresh/lib/spare.ex", "mix.exs"):
        file = project.root / path
        file.write_text(file.read_text().replace("Spare", "Fresh").replace("spare", "fresh"))
    project.replace("fresh/mix.exs", "do: []", "do: [extra_applications: [:codec]]")
    done = project.build("2")
    assert "from 1: hot" in done.err
    return project


def test_what_changed_under_its_version_has_a_suffix_and_the_rest_has_not(first, second):
    before, after = first.versions(), second.versions()
    assert re.fullmatch(r"0\.1\.0\+[0-9a-f]{6}", after["upgraded"])
    assert re.fullmatch(r"0\.3\.0\+[0-9a-f]{6}", after["codec"])
    assert after["fresh"] == "0.3.0"
    assert "spare" not in after
    same = before.keys() - {"upgraded", "codec", "spare"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    folders = {path.name for path in (second.tree / "lib").iterdir()}
    assert folders == {f"{name}-{version}" for name, version in after.items()}


def test_the_manifest_and_the_host_know_the_verdict_and_what_changes(second):
    (decided,) = second.manifest()["upgrades"]
    assert (decided["from"], decided["verdict"], decided["reasons"]) == ("1", "hot", [])
    assert second.verdict("1") == ["hot"]
    assert {
        "fresh 0.3.0: a new application, which is started",
        "spare 0.3.0: an application that goes, and is stopped",
        "upgraded: Upgraded.Workers: supervisor: a Supervisor, whose children are specified anew",
        "upgraded: Upgraded.Counter: code_change: a GenServer that exports code_change/3",
        "upgraded: Upgraded.Text: load: no process has it as its callback module",
        "upgraded: Upgraded.New: added: only in the new version",
        "upgraded: Upgraded.Old: removed: only in the old version",
        "Upgraded.Shown: protocol: it is consolidated anew",
    } <= set(decided["changes"])


def test_new_modules_come_first_and_those_that_go_last(second):
    up, down = second.relup("1")
    new = {"Upgraded.New", "Upgraded.Extra", "Upgraded.Shown.Atom", "Fresh"}
    assert set(up.modules("load")[:4]) == new
    protocols = up.all.index("{apply,{dray_node,load_protocols,[]}}")
    assert [item for item in up.all[:protocols] if item.startswith("{load,")] == up.all[protocols - 4 : protocols]
    assert set(up.modules("remove")) == {"Upgraded.Old", "Spare"}
    assert up.all[-2].startswith("{remove,")
    assert set(down.modules("load")[:2]) == {"Upgraded.Old", "Spare"}
    assert set(down.modules("remove")) == new
    assert not [item for script in (up, down) for item in script.all if "brutal" in item or "{purge" in item]


def test_every_script_begins_and_ends_with_the_node_itself(second):
    for script in second.relup("1"):
        assert script.all[0] == "{apply,{dray_node,ready,[]}}"
        after = script.all[script.all.index("point_of_no_return") + 1 :]
        assert after[:2] == ["{apply,{dray_node,configure,[]}}", "{apply,{dray_node,stop_children,[]}}"]
        assert after[-1] == "{apply,{dray_node,update_children,[]}}"


def test_processes_change_their_code_while_they_wait_and_protocols_are_not_loaded_from_ebin(second):
    up, down = second.relup("1")
    modules = ("Upgraded.Counter", "Upgraded.Workers")
    assert set(up.of("code_change")) == {f"{{code_change,up,[{{'{name}',[]}}]}}" for name in modules}
    at = up.own.index("{code_change,up,[{'Elixir.Upgraded.Counter',[]}]}")
    assert up.own[at - 1].startswith("{load,")
    at = down.own.index("{code_change,down,[{'Elixir.Upgraded.Counter',[]}]}")
    assert down.own[at - 1].startswith("{suspend,")
    assert "Upgraded.Shown" not in (*up.modules("load"), *down.modules("load"))


def test_modules_are_loaded_after_what_they_use_and_before_it_on_the_way_down(second):
    up, down = second.relup("1")
    changed = ["Upgraded.Text", "Upgraded.Counter"]
    assert [name for name in up.modules("load") if name in changed] == changed
    assert [name for name in down.modules("load") if name in changed] == changed[::-1]


def test_applications_start_and_stop_by_the_relup(second):
    up, down = second.relup("1")
    start = up.own.index("{apply,{application,start,[fresh,permanent]}}")
    assert start > up.own.index("{load,{'Elixir.Codec',soft_purge,soft_purge}}")
    assert "{apply,{application,stop,[spare]}}" in up.own
    assert "{apply,{application,start,[spare,permanent]}}" in down.own
    assert "{apply,{application,stop,[fresh]}}" in down.own


def test_each_changed_application_has_an_appup(first, second):
    versions = second.versions()
    for name in ("upgraded", "codec"):
        file = second.tree / f"lib/{name}-{versions[name]}/ebin/{name}.appup"
        appup = parse_appup(file.read_bytes(), file=file.name)
        assert appup.version == versions[name]
        assert [entry.version for entry in (*appup.up, *appup.down)] == [first.versions()[name]] * 2


def test_the_release_boots_and_says_its_versions(second, launch):
    with launch(second.tree, "upgraded").running() as node:
        told = node("rpc", "IO.puts([Application.spec(:upgraded, :vsn), 32, Upgraded.Counter.next()])")
    assert told.out.split() == [second.versions()["upgraded"], "=[1]"]


INSTALL = """
root = to_charlist(System.fetch_env!("RELEASE_ROOT"))
{:module, :dray_node} = :code.load_abs(~c"NODE/dray_node")
if VERSION == ~c"2", do: {:ok, _} = :release_handler.set_unpacked(root ++ ~c"/releases/upgraded-2.rel", [])
{:ok, _, _} = :release_handler.check_install_release(VERSION)
{:ok, _, _} = :release_handler.install_release(VERSION)
:ok = :release_handler.make_permanent(VERSION)
running = for {name, _, _} <- Application.started_applications(), name in [:fresh, :spare], do: name
IO.inspect({Upgraded.Counter.next(), running, :code.is_loaded(Upgraded.New) != false, :dray_node.calls()})
"""
CALLS = ":ready, :ready, :configure, :stop_children, :load_protocols, :update_children"


def test_a_running_node_follows_up_and_down_with_its_state(first, second, launch, tmp_path):
    node_folder = Path(__file__).parent / "upgrade_node"
    assert run("erlc", "-o", tmp_path, node_folder / "dray_node.erl", cwd=tmp_path).status == 0
    host = shutil.copytree(first.tree, tmp_path / "host", symlinks=True)

    def install(node, version):
        done = node("rpc", INSTALL.replace("NODE", str(tmp_path)).replace("VERSION", f"~c'{version}'"))
        assert done.status == 0, done.err
        return " ".join(done.out.split())

    with launch(host, "upgraded").running() as node:
        assert node("rpc", "IO.puts(Upgraded.Counter.next())").out == "<1>\n"
        ours = ("--exclude=releases/RELEASES", "--exclude=releases/start_erl.data")
        assert run("tar", "-xzf", second.archive("2"), *ours, "-C", host, cwd=host).status == 0
        assert install(node, "2") == f'{{"=[12]", [:fresh], true, [{CALLS}]}}'
        # OTP checks the script of a way down only where the version to come has a relup of its own.
        down = CALLS.removeprefix(":ready, ")
        assert install(node, "1") == f'{{"<23>", [:spare], false, [{CALLS}, {down}]}}'


def test_a_renamed_application_is_as_if_mix_exs_had_said_so(second, tmp_path):
    project = second.copy(tmp_path)
    versions = project.versions()
    for path, name in (("mix.exs", "upgraded"), ("codec/mix.exs", "codec")):
        project.replace(path, f'version: "{versions[name].partition("+")[0]}"', f'version: "{versions[name]}"')
    (project.root / "rel/config.py").unlink()
    project.build("2")
    for path in (
        "RELEASES",
        "start_erl.data",
        "2/upgraded.rel",
        "2/start.boot",
        "2/start.script",
        "2/start_clean.boot",
    ):
        one, other = (item.tree / "releases" / path for item in (second, project))
        assert one.read_bytes() == other.read_bytes(), path


def test_the_same_content_has_the_same_version_whatever_it_is_built_from(first, second, tmp_path):
    project = second.copy(tmp_path)
    project.build("3", "--set", f"upgrade.from_={first.archive('1')}")
    assert project.versions() == second.versions()
    project.build("4", "--set", f"upgrade.from_={first.archive('1')},{second.archive('2')}")
    assert project.versions() == second.versions()
    assert [(item["from"], item["verdict"]) for item in project.manifest()["upgrades"]] == [
        ("1", "hot"),
        ("2", "hot"),
    ]
    assert project.relup("2")[0].own == ["point_of_no_return"]
    assert len(project.relup("1")[0].own) > 10


def test_a_build_with_an_upgrade_is_left_out_when_nothing_changed(second, tmp_path):
    project = second.copy(tmp_path)
    for _ in range(3):
        project.build("2")
    assert "nothing has changed since the last build" in project.build("2").err
    project.archive("1").touch()
    assert "nothing has changed" not in project.build("2").err


def test_a_change_of_the_runtime_is_a_restart(first, tmp_path):
    project = first.copy(tmp_path)
    base = tmp_path / "base"
    shutil.copytree(project.tree, base, symlinks=True)
    manifest = base / "releases/1/manifest.json"
    manifest.write_text(manifest.read_text().replace('"otp": "', '"otp": "1'))
    rel = base / "releases/1/upgraded.rel"
    rel.write_text(re.sub(r'\{elixir,"[^"]+"', '{elixir,"1.13.4"', rel.read_text()))
    done = project.build("2", "--set", f"upgrade.from_={base}")
    verdict, *reasons = project.verdict("1")
    assert verdict == "restart"
    assert re.match(r"OTP 1\d+ -> \d+: a node cannot change its runtime", reasons[0])
    assert re.match(r"Elixir 1\.13\.4 -> \S+: a node cannot change its runtime", reasons[1])
    assert f"from 1: restart: {'; '.join(reasons)}" in done.err.replace("\n", "")
    assert not list(project.tree.glob("releases/2/relup"))
    err = project.fail("3", "--set", f"upgrade.from_={base}", "--set", "upgrade.require=hot")
    assert "the upgrade from 1 needs a restart: OTP 1" in err


def test_the_same_version_is_refused_with_a_hint(first, tmp_path):
    project = first.copy(tmp_path)
    err = project.fail("1", "--set", f"upgrade.from_={first.archive('1')}")
    assert "an upgrade leads from one version to another" in err
    assert 'release(version="{mix}+{git}")' in err
