"""Upgrades of configuration: providers that change with what they read, and systems that restart after them."""

from __future__ import annotations

import pytest

from tests.harness import copy_project, wait_for
from tests.integration.conftest import install
from tests.upgrades import ask, build_version, change, change_project, require_equal, require_hot

pytestmark = pytest.mark.beam

CONFIG = """import os

from dray.steps import assemble, release, upgrade

bases = os.environ.get("BASES")

build = (
    release("{name}")
    | assemble()
    | upgrade(bases.split(":") if bases else "last", env={{"ONLY_ON_THE_HOST": "x"}})
)
"""
PROVIDER = {
    "mix.exs": (("/etc/providers.txt", "/etc/pairs.txt"),),
    "lib/providers.ex": (
        ("File.read!() |> String.trim()", "File.read!() |> String.split()"),
        ("from_file: text", "from_file: {:words, text}"),
    ),
    "rel/overlays/etc/pairs.txt": "read anew\n",
    "config/runtime.exs": (("limits: [high: 10]", "limits: [low: 1]"),),
}
READ = "Map.take(Map.new(Application.get_all_env(:providers)), [:from_file, :from_runtime, :limits])"
NEW = '%{from_file: {:words, ["read", "anew"]}, from_runtime: "yes", limits: [low: 1]}'


def build_pair(name, folder, changes):
    project = copy_project("providers", folder / "one")
    change_project(project, {"rel/config.py": CONFIG.format(name=name)})
    one = build_version(project, name, "1")
    return one, one.follow(folder / "two", changes, version="2")


@pytest.fixture(scope="module")
def rebooting(tmp_path_factory):
    """Two versions that restart when they have read their configuration."""
    return build_pair("rebooting", tmp_path_factory.mktemp("rebooting"), PROVIDER)


def restart(launcher):
    """Restart a system inside of its process, and wait until it is there again."""
    before = ask(launcher, "Process.whereis(:kernel_sup)")
    assert launcher("restart").status == 0

    def is_back():
        return launcher("ready").status == 0 and ask(launcher, "Process.whereis(:kernel_sup)") != before

    wait_for(is_back, "the system to be back")


def test_a_provider_that_changes_with_what_it_reads_runs_with_the_new_code(rebooting, epmd, tmp_path):
    launcher = install(tmp_path, epmd, rebooting, {"ONLY_ON_THE_HOST": "yes"})
    with launcher.running():
        old = ask(launcher, READ)
        require_hot(launcher, "2")
        assert ask(launcher, READ) == NEW
        restart(launcher)
        assert ask(launcher, 'System.get_env("RELEASE_VSN")') == '"2"'
        assert ask(launcher, READ) == NEW
        require_hot(launcher, "1")
        assert ask(launcher, READ) == old
        restart(launcher)
        assert ask(launcher, READ) == old
        require_hot(launcher, "2")


def test_a_system_that_restarts_after_its_configuration_is_the_one_that_a_boot_makes(rebooting):
    require_equal(*rebooting, ONLY_ON_THE_HOST="yes")


def test_a_configuration_that_is_pruned_after_the_boot_is_computed_again(epmd, tmp_path):
    pair = build_pair("pruned", tmp_path, {"config/runtime.exs": PROVIDER["config/runtime.exs"]})
    with install(tmp_path / "host", epmd, pair, {"ONLY_ON_THE_HOST": "yes"}).running() as launcher:
        old = ask(launcher, READ)
        require_hot(launcher, "2")
        restart(launcher)
        assert "limits: [low: 1]" in ask(launcher, READ)
        require_hot(launcher, "1")
        restart(launcher)
        assert ask(launcher, READ) == old


def test_a_restart_inside_of_the_process_starts_the_new_version(second, installed):
    with installed(second, EVOLVING_TITLE="Ada").running() as launcher:
        require_hot(launcher, "0.2.0")
        assert launcher("upgrade", "0.1.0", env={"DRAY_STOP_AT": "installed driver"}).status == 1
        for version, note in (("0.2.0", "second"), ("0.1.0", "first")):
            assert change(launcher, "upgrade", version)["status"] == 0
            restart(launcher)
            assert ask(launcher, 'System.get_env("RELEASE_VSN")') == f'"{version}"'
            assert ask(launcher, "Evolving.note()") == f'"{note}\\n"'.replace("\n", "\\n")
            assert ask(launcher, "Application.fetch_env!(:evolving, :title)") == '"Ada"'
