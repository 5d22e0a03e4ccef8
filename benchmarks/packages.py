"""What is measured of packages: packing a large tree, a release from its sources, and the memory that takes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Program, peak_memory, take_turns
from benchmarks.projects import ROOT, make_side
from benchmarks.report import Row

_CONTROL = """\
Package: {name}
Version: 1.0-1
Architecture: amd64
Maintainer: Ann <ann@shop.example>
Description: a tree
 It is packed.
"""
_CONFIG = """\
from dray.config import config
from dray.steps import assemble, deb, release

config("deb", maintainer="Ann <ann@shop.example>")
build = release("shop") | assemble() | deb()
"""
_MIX_RELEASE = ("release", "shop", "--overwrite", "--quiet")


def measure_packages(place: Path, runs: int) -> list[Row]:
    """Measure packing a tree of about 100 MB, and the whole way from a project."""
    tree = place / "packed" / "usr/lib/tree"
    shutil.copytree(_otp_root(), tree, symlinks=True)
    _write_control(place / "packed", "tree")
    return [*_pack_tree(place, tree, runs), _pack_release(place, "large", runs), _measure_memory(place, tree)]


def _pack_tree(place: Path, tree: Path, runs: int) -> list[Row]:
    ours, theirs = place / "ours.deb", place / "theirs.deb"
    dray, peer = take_turns([_dray_pack(tree, ours).time, _dpkg_deb(place / "packed", theirs).time], runs=runs)
    size = sum(file.stat().st_size for file in tree.rglob("*") if file.is_file() and not file.is_symlink())
    work, against = f"deb of a tree of {size / 1e6:.0f} MB, zstd -9", "dpkg-deb -Zzstd -z9"
    return [
        Row(work, "", dray * 1e3, peer * 1e3, against, round(1 / 1.5, 2)),
        Row("size of that file", "", ours.stat().st_size / 1e6, theirs.stat().st_size / 1e6, against, 1, "MB"),
    ]


def _pack_release(place: Path, name: str, runs: int) -> Row:
    """Measure from the compiled project to the package, nothing cached but what was compiled."""
    ours, mix = make_side(place, name, "dray-deb"), make_side(place, name, "mix-deb")
    (ours.root / "rel" / "config.py").write_text(_CONFIG)
    ours.dray("build", "--quiet").run()
    mix.mix(*_MIX_RELEASE).run()
    staging = mix.root.parent / f"{mix.root.name}-staging"

    def clear() -> None:
        for side in (ours, mix):
            side.put_away("_build/prod/.dray", "_build/prod/rel", *(str(deb) for deb in side.root.glob("*.deb")))
        if staging.exists():
            staging.rename(place / "attic" / f"staging-{len(list((place / 'attic').iterdir()))}")

    def pack_by_hand() -> float:
        seconds = mix.mix(*_MIX_RELEASE).time()
        (staging / "usr/lib").mkdir(parents=True)
        _write_control(staging, "shop")
        seconds += Program(("cp", "-a", "_build/prod/rel/shop", str(staging / "usr/lib/shop")), mix.root, {}).time()
        return seconds + _dpkg_deb(staging, place / "by-hand.deb").time()

    dray, peer = take_turns([ours.dray("build", "--quiet").time, pack_by_hand], runs=runs, before=clear)
    return Row("release to deb, nothing cached", name, dray * 1e3, peer * 1e3, "mix release, cp, dpkg-deb", 2)


def _measure_memory(place: Path, tree: Path) -> Row:
    """Measure with five times the tree, about 500 MB."""
    large = place / "five"
    large.mkdir()
    for number in range(5):
        subprocess.run(("cp", "-al", tree, large / str(number)), check=True)
    packing = peak_memory(_dray_pack(large, place / "five.deb"), counts="python")
    codec = peak_memory(_dray_pack(large, place / "five.zst", "codec"), counts="python")
    return Row("peak memory while packing 500 MB", "", packing, codec, "the codec alone", 150, "MB", more=True)


def _dray_pack(tree: Path, target: Path, *only: str) -> Program:
    argv = (sys.executable, "-m", "benchmarks.pack_tree", str(tree), str(target), *only)
    return Program(argv, ROOT, {})


def _dpkg_deb(tree: Path, target: Path) -> Program:
    return Program(("dpkg-deb", "--root-owner-group", "-Zzstd", "-z9", "-b", str(tree), str(target)), tree, {})


def _write_control(root: Path, name: str) -> None:
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(_CONTROL.format(name=name))


def _otp_root() -> Path:
    code = "io:put_chars(code:root_dir()), halt()."
    return Path(subprocess.run(("erl", "-noshell", "-eval", code), capture_output=True, text=True, check=True).stdout)
