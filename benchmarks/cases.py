"""What is measured: each function returns lines of the table."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

from benchmarks.measure import Program, peak_memory, take_turns, wait_for
from benchmarks.projects import DRAY, ROOT, Side, make_side
from benchmarks.report import Row

if TYPE_CHECKING:
    from pathlib import Path

_MIX_RELEASE = ("release", "shop", "--overwrite", "--quiet")
# What a build caches besides the compiled project: dray's work folder, the trees, the archives.
_CACHES = ("_build/prod/.dray", "_build/prod/rel", "_build/prod/packed-0.1.0.tar.gz")


def measure_project(place: Path, name: str, runs: int) -> list[Row]:
    """Measure all builds of one project; ``name`` is ``example`` or ``large``."""
    ours, mix = make_side(place, name, "dray"), make_side(place, name, "mix")
    ours.dray("build", "--quiet").run()
    mix.mix(*_MIX_RELEASE).run()
    return [
        _unchanged(ours, mix, runs),
        *_one_module(ours, mix, runs),
        *_assembling(ours, mix, runs),
        *_packing(ours, mix, runs),
        _memory(ours),
    ]


def _unchanged(ours: Side, mix: Side, runs: int) -> Row:
    dray, peer = take_turns([ours.dray("build", "--quiet").time, mix.mix(*_MIX_RELEASE).time], runs=runs)
    goal = 3 if ours.name == "example" else 6
    return Row("rebuild, nothing changed", ours.name, dray * 1e3, peer * 1e3, "mix release", goal)


def _one_module(ours: Side, mix: Side, runs: int) -> list[Row]:
    """Measure a build after an edit; for scale, what Mix alone takes to compile it, which dray has to wait for."""

    def change() -> None:
        ours.change_a_module()
        mix.change_a_module()

    dray, peer, compiling = take_turns(
        [ours.dray("build", "--quiet").time, mix.mix(*_MIX_RELEASE).time, mix.mix("compile").time],
        runs=runs,
        before=change,
    )
    work, goal = "rebuild, one module changed", 1 if ours.name == "example" else 1.5
    return [
        Row(work, ours.name, dray * 1e3, peer * 1e3, "mix release", goal),
        Row(work, ours.name, dray * 1e3, compiling * 1e3, "for scale: mix compile", None),
    ]


def _assembling(ours: Side, mix: Side, runs: int) -> list[Row]:
    """Measure from the compiled project to the tree on disk.

    Of Mix that is the whole process less `mix compile`. Of dray it is what its report says of the step, and, as a
    second line, the whole process less `mix compile`, which counts Python's start and the facts too. For scale: what
    it takes to copy the finished tree, of which nothing has to be read up, stripped or hashed any more.
    """
    finished = ours.root.parent / f"{ours.root.name}-finished"
    shutil.copytree(ours.root / "_build/prod/rel", finished, symlinks=True)
    copy = Program(("cp", "-r", str(finished), str(ours.root / "_build/prod/rel")), ours.root, {})

    def clear() -> None:
        ours.put_away(*_CACHES)
        mix.put_away(*_CACHES)

    steps: list[float] = []

    def build() -> float:
        program = ours.dray("build", "--json", "--quiet")
        report: list[str] = []

        def run() -> float:
            report.append(program.run())
            return 0

        run()
        taken = {step["name"]: step["seconds"] for step in json.loads(report[0])["steps"]}
        steps.append(taken["assemble"])
        return float(taken["assemble"])

    step, whole, release, compiling, copying = take_turns(
        [
            build,
            ours.dray("build", "--quiet").time,
            mix.mix(*_MIX_RELEASE).time,
            mix.mix("compile").time,
            copy.time,
        ],
        runs=runs,
        before=clear,
    )
    peer = (release - compiling) * 1e3
    against = "mix release less mix compile"
    return [
        Row("assembling, the step", ours.name, step * 1e3, peer, against, 5),
        Row("assembling, the step", ours.name, step * 1e3, copying * 1e3, "for scale: cp -r of that tree", None),
        Row("assembling, dray build less mix compile", ours.name, (whole - compiling) * 1e3, peer, against, 1),
    ]


def _packing(ours: Side, mix: Side, runs: int) -> list[Row]:
    def clear() -> None:
        ours.put_away(*_CACHES)
        mix.put_away(*_CACHES)

    packed = ours.dray("run", "packed", "--quiet")
    dray, compiling, peer = take_turns(
        [packed.time, mix.mix("compile").time, mix.mix("release", "packed", "--quiet").time],
        runs=runs,
        before=clear,
    )
    packed.run()
    work = "tree and tar.gz, nothing cached"
    sizes = [(side.root / "_build/prod/packed-0.1.0.tar.gz").stat().st_size / 1e6 for side in (ours, mix)]
    return [
        Row(work, ours.name, dray * 1e3, peer * 1e3, "mix release with :tar", 2),
        Row(work, ours.name, dray * 1e3, compiling * 1e3, "for scale: mix compile", None),
        Row("size of the tar.gz", ours.name, sizes[0], sizes[1], "mix release with :tar", 1, unit="MB"),
    ]


def _memory(ours: Side) -> Row:
    ours.put_away(*_CACHES)
    peak = peak_memory(ours.dray("run", "packed", "--quiet"), counts="^python")
    return Row("peak memory of a build, all of dray's processes", ours.name, peak, None, "", 200, unit="MB")


def measure_start(runs: int) -> list[Row]:
    """Measure how long dray needs to start."""
    version, nothing = take_turns(
        [Program((DRAY, "--version"), ROOT, {}).time, Program((sys.executable, "-c", "pass"), ROOT, {}).time],
        runs=runs * 3,
    )
    return [Row("dray --version", "", version * 1e3, nothing * 1e3, "python -c pass", 60, more=True)]


def measure_launcher(place: Path, runs: int) -> list[Row]:
    """Measure the launcher: questions to a running node, the version, and the way to the virtual machine."""
    ours, mix = make_side(place, "example", "launcher"), make_side(place, "example", "mix-launcher")
    ours.dray("build", "--quiet").run()
    mix.mix(*_MIX_RELEASE).run()
    env = {"PORT": "0", "RELEASE_NODE": "bench_dray", "RELEASE_COOKIE": "bench"}
    dry = {**env, "ELIXIR_CLI_DRY_RUN": "1"}
    version = take_turns([ours.bin("version").time, mix.bin("version").time], runs=runs * 3)
    start = take_turns([ours.bin("start", env=dry).time, mix.bin("start", env=dry).time], runs=runs * 3)
    static = _without_host(ours)
    rendered = take_turns([ours.bin("start", env=dry).time, static.bin("start", env=dry).time], runs=runs * 3)
    ours.bin("daemon", env=env).run()
    wait_for(lambda: ours.bin("ping", env=env).succeeds(), "the node to answer")
    try:
        ping, status = (
            take_turns([ours.bin(command, env=env).time, mix.bin("rpc", ":ok", env=env).time], runs=runs)
            for command in ("ping", "status")
        )
    finally:
        ours.bin("stop", env=env).run()
    return [
        Row("bin/NAME ping", "example", ping[0] * 1e3, ping[1] * 1e3, 'bin/NAME rpc ":ok" of Mix', 30),
        Row("bin/NAME status", "example", status[0] * 1e3, status[1] * 1e3, 'bin/NAME rpc ":ok" of Mix', None),
        Row("bin/NAME version", "example", version[0] * 1e3, version[1] * 1e3, "the same of Mix", 1),
        Row(
            "bin/NAME start, up to the exec of the VM",
            "example",
            start[0] * 1e3,
            start[1] * 1e3,
            "the same of Mix",
            1,
        ),
        Row(
            "bin/NAME start, with vm.args for the host",
            "example",
            rendered[0] * 1e3,
            rendered[1] * 1e3,
            "with a static vm.args",
            15,
            more=True,
        ),
    ]


def _without_host(side: Side) -> Side:
    """Return a copy of a built project whose launcher does not look at the host: it hands over a static file."""
    copy = Side(side.name, side.root.with_name(f"{side.root.name}-static"))
    shutil.copytree(side.root / "_build/prod/rel", copy.root / "_build/prod/rel", symlinks=True)
    for script in copy.root.glob("_build/prod/rel/shop/releases/*/host/node.sh"):
        static = "need_node () { :; }\nneed_vm_args () { vm_args=$RELEASE_VM_ARGS; }\n"
        script.write_text(script.read_text() + static)
    return copy
