"""A build starts no BEAM where nothing has changed, and makes what a fresh build would make where anything has."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from tests.harness import EXAMPLES, build, copy_project, dray, run
from tests.trees import assert_same_tree, build_afresh, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.beam

LEFT_OUT = "nothing has changed since the last build"
PROGRAMS = ("elixir", "mix", "erl", "erlc", "escript", "iex")
_GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@shop.example", "-c", "commit.gpgsign=false")


def write_wrappers(folder: Path) -> Path:
    """Write programs that log that they were called and run the real ones, and then what ``after`` says."""
    folder.mkdir(parents=True)
    for name in PROGRAMS:
        real = shutil.which(name)
        wrapper = folder / name
        wrapper.write_text(
            f'#!/bin/sh\necho {name} >> "{folder}/calls"\n{real} "$@"\nstatus=$?\n'
            f'if [ -f "{folder}/after-{name}" ]; then sh "{folder}/after-{name}"; fi\nexit $status\n'
        )
        wrapper.chmod(0o755)
    return folder


@dataclass
class Workspace:
    """A project, what lies beside it, and the programs that it is built with.

    Args:
        folder: Holds the project and its neighbours.
        name: The project, relative to ``folder``.
        release: The release.
        programs: The wrappers of Erlang's and Elixir's programs.
    """

    folder: Path
    name: str
    release: str
    programs: Path
    env: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()

    @property
    def project(self) -> Path:
        return self.folder / self.name

    @property
    def tree(self) -> Path:
        return self.project / "_build/prod/rel" / self.release

    @property
    def variables(self) -> dict[str, str]:
        return {"PATH": f"{self.programs}:{os.environ['PATH']}", "HOME": str(self.programs), **self.env}

    def write(self, path: str, text: str) -> None:
        file = self.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def replace(self, path: str, old: str, new: str) -> None:
        file = self.project / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def build(self) -> list[str]:
        """Build, and return the programs that were started."""
        calls = self.programs / "calls"
        calls.unlink(missing_ok=True)
        build(self.project, *self.arguments, env=self.variables)
        return calls.read_text().split() if calls.exists() else []

    def assert_skips(self) -> None:
        """A build starts nothing, and the one after it is left out as a whole: the next edit has to get past both."""
        assert self.build() == []
        assert self.build() == []
        assert LEFT_OUT in build(self.project, *self.arguments, env=self.variables).err

    def assert_follows(self, *, starts: bool = True, changes: bool = True) -> None:
        """The next build makes the tree of a fresh one, and the build after it has nothing to do."""
        before = read_tree(self.tree)
        called = self.build()
        assert bool(called) == starts
        now = read_tree(self.tree)
        differs = now != before
        assert differs == changes
        place = str(self.tree.relative_to(self.project))
        fresh = build_afresh(self.folder, self.name, place, *self.arguments, env=self.variables)
        assert_same_tree(now, fresh)
        self.assert_skips()


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A project that depends on all that one can depend on; built once, edited by one test after the other."""
    folder = tmp_path_factory.mktemp("incremental")
    copy_project("watched", folder / "work")
    space = Workspace(folder / "work", "app", "watched", write_wrappers(folder / "programs"))
    assert space.build()
    space.assert_skips()
    return space


def same_size_and_time(path: Path, old: str, new: str) -> None:
    """Change a file so that neither its size nor its modification time shows it."""
    state = path.stat()
    text = path.read_text()
    assert len(old) == len(new)
    assert old in text
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert path.stat().st_mtime_ns == state.st_mtime_ns


def test_a_build_without_changes_starts_no_beam(watched):
    (watched.project / "_build/prod/.dray/repeat/build.json").unlink()
    done = dray("build", cwd=watched.project, env=watched.variables)
    assert "nothing to compile" in done.err
    assert "unchanged" in done.err
    watched.assert_skips()


def edit_behind_the_link(space: Workspace) -> None:
    space.replace("../shared/kept/linked.ex", "number, do: 1", "number, do: 2")


def put_a_link_in_place_of_a_source(space: Workspace) -> None:
    source = space.project / "lib/watched/shown.ex"
    moved = space.folder / "shared/kept/shown.ex"
    moved.write_text(source.read_text().replace("Integer.to_string(value)", '"number"'))
    source.unlink()
    source.symlink_to(moved)


def edit_the_library(space: Workspace) -> None:
    library = space.folder / "library/lib/library.ex"
    library.write_text(library.read_text().replace("number, do: 1", "number, do: 2"))


def rename_a_folder(space: Workspace) -> None:
    (space.project / "lib/watched").rename(space.project / "lib/seen")
    (space.project / "lib/seen").rename(space.project / "lib/watched")
    (space.project / "src").rename(space.project / "lib/erlang")
    space.replace("mix.exs", "deps: [", 'erlc_paths: ["lib/erlang"], deps: [')


def add_an_implementation(space: Workspace) -> None:
    space.write(
        "lib/watched/shown_list.ex",
        "defimpl Watched.Shown, for: List do\n  def show(value), do: inspect(value)\nend\n",
    )


def edit_a_priv_file(space: Workspace) -> None:
    same_size_and_time(space.project / "priv/data/one.txt", "some", "more")


def edit_within_a_second(space: Workspace) -> None:
    """Mix compares sizes, and times in seconds; four builds and edits in a row are sure to fall into one of these."""
    for number in range(2, 5):
        space.replace("lib/watched/first.ex", f"number, do: {number - 1}", f"number, do: {number}")
        space.build()
    space.replace("lib/watched/first.ex", "number, do: 4", "number, do: 5")


def put_back_an_older_file(space: Workspace) -> None:
    """As a backup does, or `git stash`, or a folder that is shared between machines."""
    file = space.project / "lib/watched/secnd.ex"
    file.write_text(file.read_text().replace("number, do: 1", "number, do: 9"))
    os.utime(file, (1_600_000_000, 1_600_000_000))


def swap_two_files(space: Workspace) -> None:
    one, two = (space.project / f"lib/watched/{name}.ex" for name in ("first", "secnd"))
    one.rename(two.with_suffix(".tmp"))
    two.rename(one)
    two.with_suffix(".tmp").rename(two)


def text_edit(path: str, old: str, new: str) -> Callable[[Workspace], None]:
    return lambda space: space.replace(path, old, new)


EDITS: dict[str, tuple[Callable[[Workspace], object], bool]] = {
    "a module": (text_edit("lib/watched.ex", "number, do: 1", "number, do: 2"), True),
    "a module within a second": (edit_within_a_second, True),
    "an older file of the same size": (put_back_an_older_file, True),
    "an Erlang header": (text_edit("include/watched.hrl", "1", "2"), True),
    "the configuration": (text_edit("config/config.exs", ":watched, colour", ":watched, size: 3, colour"), True),
    "what was compiled in": (text_edit("config/config.exs", "colour: :green", "colour: :blue"), True),
    "an imported file": (text_edit("config/prod.exs", "limit: 10", "limit: 20"), True),
    "a file that is imported if it exists": (
        lambda space: space.write("config/local.exs", "import Config\nconfig :watched, local: true\n"),
        True,
    ),
    "a variable that the configuration reads": (lambda space: space.env.update(COLOUR="red"), True),
    "another variable": (lambda space: space.env.update(SSH_TARGET="x"), False),
    "mix.exs": (text_edit("mix.exs", '"0.1.0"', '"0.1.1"'), True),
    "the lock file": (lambda space: space.write("mix.lock", "%{}\n"), False),
    "a dependency": (edit_the_library, True),
    "a source folder outside": (text_edit("../shared/lib/shared.ex", "number, do: 1", "number, do: 2"), True),
    "a resource inside": (text_edit("words/inside.txt", "from", "in"), True),
    "a resource outside": (text_edit("../shared/words/outside.txt", "beside", "outside"), True),
    "a new module": (lambda space: space.write("lib/new.ex", "defmodule Watched.New do\nend\n"), True),
    "two files swapped": (swap_two_files, True),
    "a deleted module": (lambda space: (space.project / "lib/watched/doomed.ex").unlink(), True),
    "a new implementation": (add_an_implementation, True),
    "a link for a source": (put_a_link_in_place_of_a_source, True),
    "what a link leads to": (edit_behind_the_link, True),
    "what a linked folder holds": (text_edit("../shared/elsewhere/far.ex", "do: 1", "do: 2"), True),
    "a renamed folder": (rename_a_folder, True),
    "a new file in priv": (lambda space: space.write("priv/data/two.txt", "new\n"), True),
    "a file in priv unseen": (edit_a_priv_file, True),
    "a mode in priv": (lambda space: (space.project / "priv/data/one.txt").chmod(0o755), True),
    "env.sh.eex": (text_edit("rel/env.sh.eex", "green", "blue"), True),
    "vm.args.eex": (text_edit("rel/vm.args.eex", "300000", "400000"), True),
    "a new template": (lambda space: space.write("rel/remote.vm.args.eex", "## <%= @release.version %>\n"), True),
}
"""What is done to the project, and whether the tree is another one afterwards."""

# Read in every build, so no BEAM has to look at them.
LIVE_EDITS: dict[str, Callable[[Workspace], object]] = {
    "an empty folder in priv": lambda space: (space.project / "priv/empty").mkdir(),
    "a deleted file of the tree": lambda space: (space.tree / "bin/watched").unlink(),
    "an edited file of the tree": lambda space: same_size_and_time(
        next(space.tree.glob("releases/*/env.sh")), "COLOUR", "COLOOR"
    ),
    "a mode of the tree": lambda space: (space.tree / "bin/watched").chmod(0o700),
    "a file that does not belong to the tree": lambda space: (space.tree / "lib/intruder").write_text("x"),
    "a folder in place of a file of the tree": lambda space: (
        (space.tree / "bin/watched").unlink(),
        (space.tree / "bin/watched").mkdir(),
    ),
    "a link in place of a folder of the tree": lambda space: (
        (space.tree / "bin").rename(space.folder.parent / "moved"),
        (space.tree / "bin").symlink_to(space.folder.parent / "moved"),
    ),
    "the tree is gone": lambda space: shutil.rmtree(space.tree),
    "an index that is gone": lambda space: next(space.project.glob("_build/prod/.dray/trees/*")).unlink(),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_change_is_never_missed(watched, name):
    edit, changes = EDITS[name]
    edit(watched)
    watched.assert_follows(changes=changes)


@pytest.mark.parametrize("name", LIVE_EDITS)
def test_the_tree_is_put_right_without_a_beam(watched, name):
    before = read_tree(watched.tree)
    LIVE_EDITS[name](watched)
    assert watched.build() == []
    now = read_tree(watched.tree)
    if name == "an empty folder in priv":
        before[f"{next((watched.tree / 'lib').glob('watched-*')).relative_to(watched.tree)}/priv/empty"] = (
            "folder",
            0,
            b"",
        )
        now, before = without_manifest(now), without_manifest(before)
    assert_same_tree(now, before)


def without_manifest(tree):
    return {path: entry for path, entry in tree.items() if not path.endswith("/manifest.json")}


def results(pattern: str) -> Callable[[Workspace], list[Path]]:
    def find(space: Workspace) -> list[Path]:
        found = sorted(space.project.glob(f"_build/prod/lib/{pattern}"))
        assert found
        return found

    return find


RESULTS = {
    "a module": results("watched/ebin/Elixir.Watched.beam"),
    "all modules": results("watched/ebin/*.beam"),
    "an Erlang module": results("watched/ebin/watched_erlang.beam"),
    "the application's file": results("watched/ebin/watched.app"),
    "a dependency's module": results("library/ebin/*.beam"),
    "a dependency's file": results("library/ebin/library.app"),
    "a consolidated protocol": results("watched/consolidated/Elixir.Watched.Shown.beam"),
}


DAMAGES = [(name, "removed") for name in RESULTS] + [
    ("a module", "emptied"),
    ("the application's file", "emptied"),
    ("a module", "edited"),
    ("an Erlang module", "edited"),
    ("a dependency's file", "edited"),
    ("a consolidated protocol", "edited"),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGES)
def test_what_was_compiled_and_altered_is_compiled_again(watched, name, damage):
    before = read_tree(watched.tree)
    for path in RESULTS[name](watched):
        if damage == "removed":
            path.unlink()
        else:
            path.write_bytes(b"" if damage == "emptied" else path.read_bytes().replace(b"1", b"2") + b"x")
    assert watched.build() != []
    assert_same_tree(read_tree(watched.tree), before)
    watched.assert_skips()


def test_an_edit_during_the_build_is_seen_by_the_next_one(watched):
    hook = watched.programs / "after-elixir"
    source = watched.project / "lib/during.ex"
    source.write_text("defmodule Watched.During do\n  def number, do: 1\nend\n")
    hook.write_text(f"sed -i 's/do: 1/do: 2/' '{source}'")
    assert watched.build() != []
    hook.unlink()
    assert "do: 2" in source.read_text()
    watched.assert_follows()


def test_each_environment_has_facts_of_its_own(watched):
    before = read_tree(watched.tree)
    watched.arguments = ("--env", "staging")
    try:
        assert watched.build() != []
        watched.assert_skips()
        staging = watched.project / "_build/staging/rel/watched"
        assert '"env": "staging"' in next(staging.glob("releases/*/manifest.json")).read_text()
    finally:
        watched.arguments = ()
    watched.assert_skips()
    assert_same_tree(read_tree(watched.tree), before)


def test_another_elixir_in_path_is_asked(watched):
    first, watched.programs = watched.programs, write_wrappers(watched.folder.with_name("other_programs"))
    try:
        watched.assert_follows(changes=False)
    finally:
        watched.programs = first
    watched.assert_follows(changes=False)


def test_an_upgraded_elixir_is_asked(watched):
    program = watched.programs / "elixir"
    new = program.with_suffix(".new")
    new.write_text(program.read_text() + "# upgraded\n")
    new.chmod(0o755)
    new.replace(program)
    watched.assert_follows(changes=False)


@pytest.mark.parametrize("place", ["the project", "the folder above", "the home"])
def test_another_choice_of_a_version_manager_is_followed(watched, place):
    """With asdf and mise the programs in PATH stay the same, and start what a file says."""
    folder = {"the project": watched.project, "the folder above": watched.folder, "the home": watched.programs}[place]
    (folder / ".tool-versions").write_text("elixir 1.99.0\n")
    watched.assert_follows(changes=False)


def test_the_configuration_of_dray_needs_no_beam(watched):
    watched.replace("rel/config.py", "include_erts=False", "include_erts=False, overlays=['extra']")
    watched.write("extra/etc/extra.txt", "laid over")
    assert watched.build() != []  # a new file of the project: a module might read it
    assert (watched.tree / "etc/extra.txt").read_text() == "laid over"
    watched.replace("rel/config.py", ", overlays=['extra']", "")
    watched.assert_follows()
    assert not (watched.tree / "etc/extra.txt").exists()


def git(folder: Path, *arguments: str) -> None:
    assert run(*_GIT, *arguments, cwd=folder).status == 0


@pytest.fixture
def in_git(tmp_path):
    """A project kept in git, whose version is a pattern."""
    space = Workspace(tmp_path / "work", "app", "greeter", write_wrappers(tmp_path / "programs"))
    copy_project("single", space.project)
    described = '"git" |> System.cmd(~w(describe --tags)) |> elem(0) |> String.trim()'
    space.replace("mix.exs", 'version: "1.2.3"', f"version: {described}")
    space.write(
        "rel/config.py",
        "from dray.config import config\nfrom dray.steps import assemble, release\n"
        'config("greeter", version="{mix}+{git}", include_erts=False)\nbuild = release("greeter") | assemble()\n',
    )
    space.write(".gitignore", "/_build/\n")
    git(space.project, "init", "-q")
    git(space.project, "add", ".")
    git(space.project, "commit", "-q", "-m", "first")
    git(space.project, "tag", "1.0.0")
    space.build()
    return space


def version(space: Workspace) -> str:
    (found,) = [path.parent.name for path in space.tree.glob("releases/*/manifest.json")]
    assert (space.tree / "releases/start_erl.data").read_text().split()[1] == found
    return found


def test_the_version_follows_commits_tags_and_edits(in_git):
    first = version(in_git)
    assert first.startswith("1.0.0+")
    in_git.assert_skips()
    git(in_git.project, "commit", "-q", "--allow-empty", "-m", "second")
    in_git.assert_follows()
    second = version(in_git)
    assert second != first
    assert second.startswith("1.0.0-1-g")
    git(in_git.project, "tag", "1.1.0")
    in_git.assert_follows()
    third = version(in_git)
    assert third.startswith("1.1.0+")
    assert not third.endswith(".dirty")
    in_git.replace("lib/greeter.ex", "you are number", "you are the number")
    in_git.assert_follows()
    assert version(in_git) == f"{third}.dirty"
    git(in_git.project, "checkout", "-q", ".")
    in_git.assert_follows()
    assert version(in_git) == third


def test_every_child_of_an_umbrella_is_watched(tmp_path):
    space = Workspace(tmp_path / "work", "all", "both", write_wrappers(tmp_path / "programs"))
    copy_project("two_releases", space.project)
    space.arguments = ("both",)
    space.build()
    space.assert_skips()
    for edit in (
        text_edit("apps/alpha/lib/alpha.ex", '"alpha"', '"omega"'),
        text_edit("apps/beta/mix.exs", "0.5.0", "0.5.1"),
        text_edit("config/config.exs", "blue", "pink"),
        lambda space: space.write("apps/beta/lib/more.ex", "defmodule Beta.More do\nend\n"),
        lambda space: (space.project / "apps/beta/lib/more.ex").unlink(),
    ):
        edit(space)
        space.assert_follows()


def test_an_edit_in_the_second_of_compiling_is_seen_in_a_copy_too(tmp_path):
    space = Workspace(tmp_path / "work", "app", "upgraded", write_wrappers(tmp_path / "programs"))
    copy_project("upgraded", space.project)
    space.build()
    copy = replace(space, name="copy")
    shutil.copytree(space.project, copy.project, symlinks=True)
    copy.replace("codec/lib/codec.ex", "<#{value}>", "[#{value}]")
    second = int((copy.project / "_build/prod/lib/codec/.mix/compile.elixir").stat().st_mtime)
    os.utime(copy.project / "codec/lib/codec.ex", (second + 0.9, second + 0.9))
    copy.assert_follows()


@pytest.mark.rebar3
def test_a_rebar3_project_is_watched(tmp_path):
    space = Workspace(tmp_path / "work", "all", "counter", write_wrappers(tmp_path / "programs"))
    copy_project("rebar", space.project)
    space.build()
    space.assert_skips()
    for edit in (
        text_edit("apps/counter/src/counter.erl", "get_env(counter, first, 0)", "get_env(counter, first, 1)"),
        text_edit("apps/counter/src/counter.app.src", "2.0.0", "2.0.1"),
        text_edit("config/sys.config", "41", "42"),
        lambda space: space.write("apps/counter/src/more.erl", "-module(more).\n"),
        lambda space: (space.project / "apps/counter/src/more.erl").unlink(),
    ):
        edit(space)
        space.assert_follows()
    before = read_tree(space.tree)
    next(space.project.glob("_build/prod/lib/counter/ebin/counter.beam")).unlink()
    assert space.build() != []
    assert_same_tree(read_tree(space.tree), before)


def test_what_was_compiled_a_moment_ago_is_not_compiled_again_for_another_question(tmp_path):
    project = copy_project(EXAMPLES / "shop_umbrella", tmp_path / "shop_umbrella")
    for source in project.rglob("*.ex"):
        source.touch()
    build(project)
    done = dray("export", "systemd", "--to", str(tmp_path / "files"), cwd=project)
    assert done.status == 0, done.err
    assert "Compiling" not in done.err
