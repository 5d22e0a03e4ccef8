"""Fixtures of the tests that build and run real releases."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from itertools import count
from typing import TYPE_CHECKING

import pytest

from dray.upgrade.snapshot import find_differences
from tests.evolving import SECOND
from tests.harness import EXAMPLES, ROOT, Launcher, build, copy_project, mix_release, run, wait_for
from tests.upgrades import Version, add_version, ask, build_version, list_versions, look_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.upgrades import Changes

_numbers = count(1)


def free_port() -> int:
    """Return a TCP port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port() -> int:
    """A TCP port that nobody uses."""
    return free_port()


@pytest.fixture(scope="session")
def epmd() -> Iterator[int]:
    """A port mapper of this test run's own, ended with it; its port."""
    chosen = free_port()
    # Nodes of the same host look for it where the host's name leads, which on Debian is 127.0.1.1.
    own = socket.gethostbyname(socket.gethostname())
    process = subprocess.Popen(("epmd", "-address", f"127.0.0.1,{own}", "-port", str(chosen)))

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", chosen)) == 0

    wait_for(answers, "epmd")
    yield chosen
    process.terminate()
    process.wait()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that builds a project once with dray and returns its folder."""
    done: dict[tuple[str, ...], Path] = {}

    def make(name: str, *arguments: str) -> Path:
        key = (name, *arguments)
        if key not in done:
            done[key] = copy_project(name, tmp_path_factory.mktemp("dray") / name)
            build(done[key], *arguments)
        return done[key]

    return make


@pytest.fixture(scope="session")
def mix_built(built: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Return a function that builds a release once with Mix and returns its tree."""
    done: dict[tuple[str, str], Path] = {}

    def make(project: str, name: str) -> Path:
        if (project, name) not in done:
            copy = copy_project(project, tmp_path_factory.mktemp("mix") / project)
            done[project, name] = mix_release(copy, name, copy / "out")
        return done[project, name]

    return make


@pytest.fixture
def launch(epmd: int, tmp_path: Path) -> Callable[..., Launcher]:
    """Return a function that makes the launcher of a tree, with a node name that no other test uses."""

    def make(tree: Path, name: str, *, own_copy: bool = False, **env: str) -> Launcher:
        if own_copy:
            tree = shutil.copytree(tree, tmp_path / "copy" / tree.name, symlinks=True)
        own = {
            "RELEASE_NODE": f"{name}-{os.getpid()}-{next(_numbers)}",
            "RELEASE_TMP": str(tmp_path / "run"),
            "ERL_EPMD_PORT": str(epmd),
        }
        return Launcher(tree, name, {**own, **env})

    return make


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Version:
    """The project ``evolving``, built as version 0.1.0."""
    project = copy_project("evolving", tmp_path_factory.mktemp("first") / "evolving")
    return build_version(project, "evolving", "0.1.0", pack=True)


@pytest.fixture(scope="session")
def second(first: Version, tmp_path_factory: pytest.TempPathFactory) -> Version:
    """Its next version, 0.2.0, in which everything changes that can be changed in a running system."""
    return first.follow(tmp_path_factory.mktemp("second") / "evolving", SECOND, version="0.2.0", pack=True)


@pytest.fixture
def evolve(first: Version, tmp_path: Path) -> Callable[..., Version]:
    """Return a function that builds what follows the first version, or another one, with changes."""

    def make(changes: Changes, *, version: str = "0.2.0", after: Version = first, **options: object) -> Version:
        return after.follow(tmp_path / version / "evolving", changes, version=version, **options)  # type: ignore[arg-type]

    return make


def install(folder: Path, epmd: int, versions: tuple[Version, ...], env: dict[str, str]) -> Launcher:
    """Install versions beside each other, of which the first is permanent, and return the launcher."""
    name = versions[0].name
    for version in versions:
        add_version(folder / name, version)
    own = {
        "RELEASE_NODE": f"{name}-{os.getpid()}-{next(_numbers)}",
        "RELEASE_TMP": str(folder / "run"),
        "ERL_EPMD_PORT": str(epmd),
    }
    return Launcher(folder / name, name, {**own, **env})


@pytest.fixture
def installed(first: Version, epmd: int, tmp_path: Path) -> Callable[..., Launcher]:
    """Return a function that installs the first version, and others beside it, and returns the launcher."""
    return lambda *versions, **env: install(tmp_path / "host", epmd, (first, *versions), env)


@pytest.fixture(scope="module")
def installed_once(first: Version, epmd: int, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Launcher]:
    """Do what ``installed`` does, for all tests of a module."""
    return lambda *versions, **env: install(tmp_path_factory.mktemp("host"), epmd, (first, *versions), env)


@pytest.fixture(scope="session")
def require_fresh(
    first: Version, second: Version, epmd: int, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Launcher, str], None]:
    """Return a function that fails unless a system is what a start of one of both versions makes of it."""
    folder = tmp_path_factory.mktemp("fresh")
    source = ROOT / "src/dray/upgrade/beam/rehearsal/dray_snapshot.erl"
    assert run("erlc", "-o", folder, source, cwd=folder).status == 0
    fresh = {}
    for version in (first, second):
        with install(folder / version.version, epmd, (version,), {}).running() as launcher:
            fresh[version.version] = look_at(launcher, folder / source.stem)

    def require(launcher: Launcher, version: str) -> None:
        assert [name for name, notes in list_versions(launcher).items() if "running" in notes] == [version]
        assert ask(launcher, 'System.get_env("RELEASE_VSN")') == f'"{version}"'
        helpers = "Enum.any?([:dray_node, :dray_environment], &:code.is_loaded/1)"
        wait_for(lambda: ask(launcher, helpers) == "false", "the helpers to go")
        assert find_differences(look_at(launcher, folder / source.stem), fresh[version]) == ()

    return require


@pytest.fixture(scope="session")
def compiled_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, compiled: what deploys it copies it."""
    project = copy_project(EXAMPLES / "shop_umbrella", tmp_path_factory.mktemp("compiled") / "shop_umbrella")
    build(project)
    return project
