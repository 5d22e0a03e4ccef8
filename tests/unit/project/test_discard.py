"""Code that a compiler would trust and should not is found by what the snapshots say."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from dray.core.project import Dependency, Member, Project, Toolchain
from dray.project.discard import discard_code, discard_young, find_altered, find_damaged, find_unseen
from dray.project.snapshot import Snapshot, take_snapshot

SECOND = 1_000_000_000
COMPILED = 100 * SECOND + 5
ROOT = Path("/p")


def project(root: Path = ROOT) -> Project:
    tools = Toolchain("25", "13", Path("/otp"), Path("/otp/lib"), ())
    return Project(
        "mix",
        root,
        "shop",
        "1.0.0",
        "prod",
        "host",
        root / "_build/prod",
        tools,
        members=(Member("shop", "1.0.0", root / "apps/shop"), Member("web", "1.0.0", root / "apps/web")),
        dependencies=(Dependency("lib", "1.0.0", "path", Path("/beside/lib")),),
        consolidated=root / "_build/prod/consolidated",
    )


def states(**files: tuple[int, int, int]) -> dict[str, tuple[int, int, int, int, str]]:
    """Size, modification time and inode by name."""
    return {name: (size, time, time, inode, "") for name, (size, time, inode) in files.items()}


@pytest.mark.parametrize(
    ("old", "new", "unseen"),
    [
        ((5, 90 * SECOND, 1), (5, 100 * SECOND + 9, 1), True),
        ((5, 90 * SECOND, 1), (5, 101 * SECOND, 1), False),
        ((5, 90 * SECOND, 1), (6, 100 * SECOND + 9, 1), False),
        ((5, 90 * SECOND, 1), (5, 10 * SECOND, 2), True),
        ((5, 90 * SECOND, 1), (5, 90 * SECOND, 2), True),
        (None, (5, 90 * SECOND, 2), True),
        (None, (5, 102 * SECOND, 2), False),
        ((5, 90 * SECOND, 1), None, False),
    ],
    ids=["same second", "later", "another size", "older", "swapped", "moved here", "new", "gone"],
)
def test_a_change_that_times_in_seconds_do_not_show_is_unseen(old, new, unseen):
    path = "/p/apps/web/lib/a.ex"
    before = {path: states(a=old)["a"]} if old else {}
    now = {path: states(a=new)["a"]} if new else {}
    found = find_unseen(project(), Snapshot(before, 0), Snapshot(now, 0), compiled=COMPILED)
    assert found == (("web",) if unseen else ())


def test_a_copied_project_keeps_its_code():
    """As a cache does that keeps times: every file is another one and looks the same."""
    one, two = ((5, 90 * SECOND, 90 * SECOND, inode, "") for inode in (1, 2))
    paths = ("/p/mix.exs", "/p/apps/shop/lib/a.ex")
    before, now = (Snapshot(dict.fromkeys(paths, state), 0) for state in (one, two))
    assert find_unseen(project(), before, now, compiled=COMPILED) == ()


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/p/apps/shop/src/a.erl", ("shop",)),
        ("/beside/lib/lib/a.ex", ("lib",)),
        ("/p/words.txt", ("shop", "web")),
        ("/p/.git/refs/heads/main", ()),
    ],
)
def test_an_unseen_change_concerns_the_application_that_it_belongs_to(path, names):
    now = Snapshot({path: (5, 90 * SECOND, 0, 1, "")}, 0)
    assert find_unseen(project(), Snapshot({}, 0), now, compiled=COMPILED) == names


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("lib/shop/ebin/a.beam", ("shop",)),
        ("lib/shop/ebin/shop.app", ("shop",)),
        ("lib/shop/.mix/compile.elixir", ()),
        ("lib/shop/priv/plugin.beam", ()),
        ("consolidated/P.beam", ("shop", "web")),
    ],
)
def test_altered_code_is_told_from_what_mix_remembers(path, names):
    assert find_altered(project(), [f"/p/_build/prod/{path}"]) == names


def test_discarding_leaves_everything_else(tmp_path):
    files = (
        "lib/shop/ebin/a.beam",
        "lib/shop/.mix/m",
        "lib/shop/priv/x",
        "lib/web/ebin/b.beam",
        "consolidated/P.beam",
    )
    for name in files:
        file = tmp_path / "_build/prod" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def left() -> list[str]:
        build = tmp_path / "_build/prod"
        return sorted(str(path.relative_to(build)) for path in build.rglob("*") if path.is_file())

    discard_code(project(tmp_path), ())
    assert left() == sorted(files)
    discard_code(project(tmp_path), ("shop",))
    assert left() == ["lib/shop/priv/x", "lib/web/ebin/b.beam"]
    discard_code(replace(project(tmp_path), consolidated=None), ("nothing",))


def test_code_as_old_as_a_source_is_compiled_again_where_nothing_else_tells_them_apart(tmp_path):
    lib = tmp_path / "_build/prod/lib"
    times = {"shop/.mix/compile.elixir": 100, "web/ebin/a.beam": 101, "old/ebin/b.beam": 99, "hex/ebin/c.beam": 100}
    for name, second in times.items():
        (lib / name).parent.mkdir(parents=True)
        (lib / name).touch()
        os.utime(lib / name, (second, second))
    (tmp_path / "deps/hex").mkdir(parents=True)
    sources = states(a=(5, 100 * SECOND + 9, 1), b=(5, 101 * SECOND, 2))
    sources["/p/.git/index"] = (5, 99 * SECOND, 0, 3, "")
    discard_young(lib.parent, Snapshot(sources, 0), packages=tmp_path / "deps")
    assert sorted(str(path.relative_to(lib)) for path in lib.glob("*/*/*")) == ["hex/ebin/c.beam", "old/ebin/b.beam"]


def test_modules_that_are_gone_or_no_modules_are_damaged(tmp_path):
    for name in ("gone.beam", "short.beam", "fine.beam", "shop.app"):
        (tmp_path / name).write_bytes(b"old")
    before = take_snapshot([tmp_path], moment=0)
    (tmp_path / "gone.beam").unlink()
    (tmp_path / "short.beam").write_bytes(b"FOR1")
    (tmp_path / "fine.beam").write_bytes(b"FOR1\0\0\0\x0cBEAMAtU8\0\0\0\0")
    (tmp_path / "shop.app").write_bytes(b"no term")
    (tmp_path / "new.beam").write_bytes(b"")
    found = find_damaged(before, take_snapshot([tmp_path], moment=0))
    assert found == (str(tmp_path / "gone.beam"), str(tmp_path / "short.beam"))
