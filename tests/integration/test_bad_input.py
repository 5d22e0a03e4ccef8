"""Bad input gets a clear error, nothing is lost, and the next build works."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path

import pytest

from tests.harness import ROOT, Done, build, copy_project, dray, run, wait_for
from tests.trees import assert_same_tree, build_afresh, read_tree

pytestmark = pytest.mark.beam

CONFIG = """\
from dray.config import config
from dray.steps import assemble, release

config("watched", include_erts=False)
"""
_numbers = count(1)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A project that is built, and its tree; tests work on it in turn and leave it as it was."""
    folder = copy_project("watched", tmp_path_factory.mktemp("bad") / "work") / "app"
    build(folder)
    return folder, read_tree(folder / "_build/prod/rel/watched")


@pytest.fixture
def project(base):
    """The built project; afterwards its sources are what they were, and a build makes the same tree."""
    folder, tree = base
    kept = folder.with_name(f"kept{next(_numbers)}")
    shutil.copytree(folder, kept, ignore=shutil.ignore_patterns("_build"), symlinks=True)
    yield folder
    for path in folder.iterdir():
        if path.name != "_build":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(kept)
    build(folder)
    assert_same_tree(read_tree(folder / "_build/prod/rel/watched"), tree)


def fail(project: Path, *arguments: str, status: int, env: dict[str, str] | None = None) -> list[str]:
    """Run dray, which must fail; return its error as lines."""
    done = dray(*(arguments or ("build",)), cwd=project, env=env)
    assert_fails(done, status)
    return error_of(done)


def assert_fails(done: Done, status: int) -> None:
    assert "Traceback" not in done.err
    assert "this is a bug" not in done.err
    assert (done.status, done.out) == (status, ""), done.err


def error_of(done: Done) -> list[str]:
    lines = done.err.splitlines()
    (first,) = [number for number, line in enumerate(lines) if line.startswith("error: ")]
    return lines[first:]


def test_a_folder_without_a_project_is_named(tmp_path):
    assert fail(tmp_path, status=2) == [
        f"error: there is no mix.exs and no rebar.config in {tmp_path}",
        "hint: run dray in the folder of your project, or make one: mix new NAME",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_a_project_leads_to_the_project(project):
    assert fail(project / "lib", status=2)[-1] == f"hint: cd {project}"


def test_what_does_not_compile_shows_what_mix_says_and_leaves_the_tree(project):
    tree = read_tree(project / "_build/prod/rel/watched")
    (project / "lib/broken.ex").write_text("defmodule Broken do\n  def f(), do: )\nend\n")
    done = dray("build", cwd=project)
    assert_fails(done, 1)
    assert "(SyntaxError) lib/broken.ex:2:" in done.err
    assert error_of(done) == [
        "error: the project does not compile; the release in place was not touched",
        "  rel/config.py:6",
        '  | build = release("watched") | assemble()',
        "hint: try it alone: MIX_ENV=prod mix compile",
    ]
    assert_same_tree(read_tree(project / "_build/prod/rel/watched"), tree)


def test_a_mix_exs_that_raises_shows_its_line(project):
    text = (project / "mix.exs").read_text()
    (project / "mix.exs").write_text(text.replace('version: "0.1.0"', 'version: raise("no version today")'))
    done = dray("build", cwd=project)
    assert_fails(done, 1)
    assert "(RuntimeError) no version today" in done.err
    assert "mix.exs:7" in done.err


def without_elixir(folder: Path) -> str:
    """Return a PATH with all that a build needs but Elixir."""
    folder.mkdir()
    for name in ("sh", "git", "erl", "env", "uname", "sed", "dirname", "basename", "readlink", "cat"):
        (folder / name).symlink_to(shutil.which(name) or "")
    return str(folder)


def test_a_missing_elixir_is_named(project, tmp_path):
    assert fail(project, status=2, env={"PATH": without_elixir(tmp_path / "bin")}) == [
        "error: Elixir is missing: there is no program elixir in PATH",
        "  rel/config.py:6",
        '  | build = release("watched") | assemble()',
        "hint: install it (Debian: apt install elixir), then try again; dray doctor checks the rest",
    ]


def test_an_elixir_that_is_too_old_is_named_with_its_version(project, tmp_path):
    path = without_elixir(tmp_path / "bin")
    elixir = tmp_path / "bin/elixir"
    elixir.write_text("#!/bin/sh\nset -e\n\nELIXIR_VERSION=1.11.2\n\nexit 1\n")
    elixir.chmod(0o755)
    found = fail(project, status=2, env={"PATH": path})
    assert (found[0], found[-1]) == ("error: dray needs Elixir 1.14 or newer", "got: 1.11")


CONFIGURATIONS = {
    "raises": ("1 / 0", 2, ["error: config.py failed: ZeroDivisionError: division by zero", "  rel/config.py:6"]),
    "no Python": ("build = = 1", 2, ["error: config.py is not Python: invalid syntax", "  rel/config.py:6"]),
    "unknown option": (
        "build = release('watched', verzion='1') | assemble()",
        2,
        ["rel/config.py:6", "got: verzion", "hint: did you mean 'version'?"],
    ),
    "unknown step": ("from dray.steps import asemble", 2, ["rel/config.py:6", "asemble"]),
    "unknown section": ("config('asemble', x=1)\nbuild = release('watched') | assemble()", 2, ["rel/config.py:6"]),
    "no release": (
        "def lost(release, ctx):\n    return 7\n\nbuild = release('watched') | assemble() | lost",
        1,
        ["error: the step lost does not return a release", "got: 7", "hint: end its function with: return release"],
    ),
    "a step that raises": (
        "def lost(release, ctx):\n    return {}['key']\n\nbuild = release('watched') | assemble() | lost",
        1,
        ["error: the step lost failed: KeyError: 'key'", "  rel/config.py:7"],
    ),
    "missing application": (
        "config('watched', applications={'nothing': 'permanent'})\nbuild = release('watched') | assemble()",
        2,
        ["nothing"],
    ),
    "unknown mode": (
        "config('watched', applications={'watched': 'allways'})\nbuild = release('watched') | assemble()",
        2,
        ["allways"],
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_wrong_configuration_is_explained_with_its_line(project, name):
    text, status, expected = CONFIGURATIONS[name]
    (project / "rel/config.py").write_text(f"{CONFIG}\n{text}\n")
    shown = "\n".join(fail(project, status=status))
    for part in expected:
        assert part in shown


def test_a_misspelt_command_and_pipeline_are_guessed(project):
    assert "hint: did you mean 'build'?" in fail(project, "biuld", status=2)
    assert "hint: did you mean 'build'?" in fail(project, "run", "biuld", status=2)
    assert "--nothing" in dray("build", "--nothing", cwd=project).err


def test_applications_that_need_each_other_are_a_cycle(project):
    for name, needs in (("one", "two"), ("two", "one")):
        folder = project / "apps" / name
        (folder / "src").mkdir(parents=True)
        mix = f"defmodule {name.title()}.MixProject do\n  use Mix.Project\n"
        mix += f'  def project, do: [app: :{name}, version: "1.0.0"]\n'
        (folder / "mix.exs").write_text(
            f"{mix}  def application, do: [applications: [:kernel, :stdlib, :{needs}]]\nend\n"
        )
    mix_exs = (project / "mix.exs").read_text()
    dependencies = '[{:one, path: "apps/one"}, {:two, path: "apps/two"}, {:library'
    (project / "mix.exs").write_text(mix_exs.replace("[{:library", dependencies))
    shown = "\n".join(fail(project, status=2))
    assert "one" in shown
    assert "two" in shown


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "emptied":
        path.write_bytes(b"")
    elif how == "cut short":
        path.write_bytes(data[: len(data) // 2])
    elif how == "another shape":
        path.write_bytes(b'{"files": [], "key": 1}')
    else:
        path.write_bytes(bytes(byte ^ 0x55 for byte in data))


@pytest.mark.parametrize("how", ["emptied", "cut short", "another shape"])
def test_a_damaged_cache_is_no_cache(project, how):
    tree = read_tree(project / "_build/prod/rel/watched")
    for path in cached_files(project):
        damage(path, how)
    build(project)
    assert_same_tree(read_tree(project / "_build/prod/rel/watched"), tree)


def test_each_damaged_file_of_the_cache_is_made_again(project):
    """One after the other, since damage to one may hide what damage to another does."""
    for path in cached_files(project):
        damage(path, "garbled")
        build(project)


def cached_files(project: Path) -> list[Path]:
    files = sorted(path for path in (project / "_build/prod/.dray").rglob("*") if path.is_file())
    assert len(files) >= 3
    return files


def test_a_damaged_module_is_made_again_even_when_its_project_has_changed(project):
    (project / "mix.exs").write_text((project / "mix.exs").read_text() + "\n# edited\n")
    (project / "_build/prod/lib/library/ebin/Elixir.Library.beam").write_bytes(b"FOR1 nothing")
    (project / "_build/prod/lib/watched/ebin/Elixir.Watched.Doomed.beam").unlink()
    build(project)


def test_a_damaged_module_that_dray_has_not_seen_whole_is_named(project):
    module = project / "_build/prod/lib/library/ebin/Elixir.Library.beam"
    module.write_bytes(b"FOR1 nothing")
    shutil.rmtree(project / "_build/prod/.dray")
    assert str(module.relative_to(project)) in "\n".join(fail(project, status=4))
    shutil.rmtree(project / "_build/prod/lib/library")


def add_overlay(project: Path) -> Path:
    """Lay a folder over the release, which no BEAM needs to look at; return a file in it."""
    (project / "rel/config.py").write_text(
        f"{CONFIG}\nbuild = release('watched', overlays=['../laid_over']) | assemble()\n"
    )
    extra = project.parent / "laid_over/share/big.bin"
    extra.parent.mkdir(parents=True, exist_ok=True)
    extra.write_bytes(b"small")
    build(project)
    return extra


def test_a_limit_on_files_leaves_the_old_tree(project):
    """Stands in for a full disk without being root: the same calls fail."""
    extra = add_overlay(project)
    tree = read_tree(project / "_build/prod/rel/watched")
    extra.write_bytes(bytes(3_000_000))
    done = run("prlimit", "--fsize=2000000", sys.executable, "-m", "dray", "build", cwd=project)
    assert_fails(done, 1)
    assert "error: the release cannot be written: File too large" in done.err
    assert_same_tree(read_tree(project / "_build/prod/rel/watched"), tree)
    build(project)
    assert (project / "_build/prod/rel/watched/share/big.bin").stat().st_size == 3_000_000


@contextlib.contextmanager
def small_disk(folder: Path, size: str):
    """Put a small disk in the place of a folder, with what the folder holds."""
    kept = folder.with_name(f"{folder.name}.kept")
    folder.rename(kept)
    folder.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder), check=True)
    try:
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(("umount", folder), check=True)
        folder.rmdir()
        kept.rename(folder)


@pytest.mark.root
def test_a_full_disk_under_the_tree_leaves_the_old_one(project):
    extra = add_overlay(project)
    with small_disk(project / "_build/prod/rel", "8m"):
        build(project)
        tree = read_tree(project / "_build/prod/rel/watched")
        extra.write_bytes(os.urandom(9_000_000))
        shown = fail(project, status=1)
        assert shown[0].startswith("error: the release cannot be written: No space left on device")
        assert shown[-1] == "hint: the release in place is the old one; mend the cause and build again"
        assert_same_tree(read_tree(project / "_build/prod/rel/watched"), tree)
        extra.write_bytes(b"small")
        build(project)
        assert_same_tree(read_tree(project / "_build/prod/rel/watched"), tree)


@pytest.mark.root
@pytest.mark.parametrize("free", [0, 4096, 12288, 20480, 40960])
def test_a_full_disk_under_dray_s_own_files_is_said(project, free):
    """Wherever it strikes: the lock, the facts, the index of the tree."""
    tree = read_tree(project / "_build/prod/rel/watched")
    with small_disk(project / "_build/prod/.dray", "1m"):
        filler = project / "_build/prod/.dray/filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        os.truncate(filler, filler.stat().st_size - free)
        (project / "lib/watched/first.ex").write_text((project / "lib/watched/first.ex").read_text() + "# edited\n")
        done = dray("build", cwd=project)
        assert_fails(done, 1 if done.status else 0)
        if done.status:
            assert "no space left on device" in done.err.lower()
        filler.unlink()
        build(project)
    assert_same_tree(read_tree(project / "_build/prod/rel/watched"), tree)


def start(project: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (sys.executable, "-m", "dray", "build"),
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def edit(project: Path, number: int) -> None:
    source = project / "lib/watched/first.ex"
    text = source.read_text().partition("# edit")[0]
    source.write_text(f"{text}# edit {number}\n")
    (project / "priv/data/one.txt").write_text(f"{number}\n")
    (project / "lib/watched/secnd.ex").write_text(f"defmodule Watched.Secnd do\n  def n, do: {number}\nend\n")


def catches_sigterm(process: subprocess.Popen[str]) -> bool:
    """Tell whether a process has a handler of its own, or has ended."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = status.partition("SigCgt:")[2].partition("\n")[0] or "0"
    return process.poll() is not None or bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def interrupt(project: Path, sent: signal.Signals, delay: float) -> tuple[int, str]:
    """Start a build and interrupt it, seconds after dray itself hears of it; return its status and what it said."""
    process = start(project)
    wait_for(lambda: catches_sigterm(process), "dray to catch signals")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(delay)
    if process.poll() is None:
        os.killpg(process.pid, sent)
    out, err = process.communicate(timeout=30)
    assert not out
    return process.returncode, err


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda sent: sent.name)
def test_an_interruption_at_any_moment_loses_nothing(project, sent):
    """Delays that grow until a build is through, and then the state that the interruptions have left."""
    statuses = []
    for number in range(200):
        edit(project, number)
        status, err = interrupt(project, sent, number * 0.07)
        statuses.append(status)
        if status == 0:
            break
        if sent != signal.SIGKILL:
            assert "Traceback" not in err
            assert "error: interrupted" in err
        assert status == (-sent if sent == signal.SIGKILL else 130), err
    assert statuses[-1] == 0
    assert len(statuses) > 1
    edit(project, 800)
    interrupt(project, sent, 0.8)
    build(project)
    fresh = build_afresh(project.parent, "app", "_build/prod/rel/watched", env={})
    assert_same_tree(read_tree(project / "_build/prod/rel/watched"), fresh)
    assert list((project / "_build/prod").rglob(".*.new")) == []


def test_two_builds_at_once_wait_for_each_other(project):
    edit(project, 7)
    (project / "_build/prod/.dray/lock").write_bytes(b"\xff\xfe no process")
    processes = [start(project) for _ in range(3)]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in processes]
    assert [status for _, _, status in ended] == [0, 0, 0], ended
    assert sum("another build of this project is running" in err for _, err, _ in ended) == 2
    idle = ("nothing to compile", "nothing has changed since the last build")
    assert sum(any(text in err for text in idle) for _, err, _ in ended) == 2


def test_a_path_with_spaces_and_letters_of_all_kinds_works(tmp_path, launch):
    project = copy_project("single", tmp_path / "mein Prójékt 'für' \"日本\" $HOME & Żółć")
    build(project)
    tree = project / "_build/prod/rel/greeter"
    greeter = launch(tree, "greeter")
    assert greeter("eval", "IO.puts(Greeter.Application.module_info(:module))").out == "Elixir.Greeter.Application\n"
    with greeter.running():
        assert greeter("rpc", 'IO.puts(Greeter.greet("Ada"))').out == "Hello Ada, you are number 1\n"
    assert "nothing to compile" in build(project).err


@pytest.fixture
def unprivileged(tmp_path_factory):
    """A project that belongs to root, and a command line that runs dray as nobody, who can read it."""
    folder = Path(tempfile.mkdtemp(prefix="dray-"))
    folder.chmod(0o755)
    shutil.copytree(ROOT / "src", folder / "src")
    project = copy_project("single", folder / "project")
    home = folder / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    who = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    packages = Path(pytest.__file__).parent.parent

    def build_as_nobody(**env: str) -> Done:
        python = Path(sys.executable).resolve()
        path = f"{folder / 'src'}:{packages}"
        return run(
            *who, python, "-m", "dray", "build", cwd=project, env={"PYTHONPATH": path, "HOME": str(home), **env}
        )

    yield project, build_as_nobody
    shutil.rmtree(folder)


@pytest.mark.root
def test_a_read_only_project_says_where_else_to_build(unprivileged):
    project, build_as_nobody = unprivileged
    done = build_as_nobody()
    assert_fails(done, 1)
    assert error_of(done) == [
        f"error: dray cannot write to {project}/_build/prod/.dray: Permission denied",
        "hint: where the project is read-only, set MIX_BUILD_PATH to a folder that is not",
    ]
    elsewhere = project.parent / "home/build"
    done = build_as_nobody(MIX_BUILD_PATH=str(elsewhere))
    assert done.status == 0, done.err
    assert_fails(build_as_nobody(), 1)
    build(project)
    assert_same_tree(read_tree(elsewhere / "rel/greeter"), read_tree(project / "_build/prod/rel/greeter"))
    done = build_as_nobody()
    assert_fails(done, 1)
    assert error_of(done)[0].startswith(f"error: dray cannot write to {project}/_build/prod/.dray")
    build(project)
