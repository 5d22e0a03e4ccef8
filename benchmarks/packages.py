"""What is measured of packages: packing a large tree, a release from its sources, and the memory that takes."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Program, peak_memory, take_turns
from benchmarks.projects import ROOT, make_side
from benchmarks.report import Row

_LIKE_DRAY = ("-Zzstd", "-z9")
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
_LARGE = 100_000_000
_MIX_RELEASE = ("release", "shop", "--overwrite", "--quiet")


def measure_packages(place: Path, runs: int) -> list[Row]:
    """Measure packing a tree of 100 MB, and the whole way from a project."""
    tree = make_tree(place / "packed" / "usr/lib/tree")
    _write_control(place / "packed", "tree")
    return [*_pack_tree(place, tree, runs), *_pack_release(place, "large", runs), _measure_memory(place, tree)]


def make_tree(tree: Path) -> Path:
    """Copy OTP, and its applications again under other names where it has less than 100 MB.

    The second copies lie far enough from the first for no compressor to notice.
    """
    shutil.copytree(_otp_root(), tree, symlinks=True)
    size = size_of(tree)
    applications = sorted((tree / "lib").iterdir())
    for number, application in enumerate(itertools.cycle(applications)):
        if size >= _LARGE:
            break
        copy = tree / f"lib-{2 + number // len(applications)}" / application.name
        shutil.copytree(application, copy, symlinks=True)
        size += size_of(copy)
    return tree


def size_of(tree: Path) -> int:
    """Return the number of bytes of the files below a folder."""
    return sum(file.stat().st_size for file in tree.rglob("*") if file.is_file() and not file.is_symlink())


def _pack_tree(place: Path, tree: Path, runs: int) -> list[Row]:
    ours, theirs = place / "ours.deb", place / "theirs.deb"
    packed = _dpkg_deb(place / "packed", theirs, *_LIKE_DRAY)
    dray, peer = take_turns([_dray_pack(tree, ours).time, packed.time], runs=runs)
    work, against = f"deb of a tree of {size_of(tree) / 1e6:.0f} MB, zstd -9", "dpkg-deb -Zzstd -z9"
    return [
        Row(work, "", dray * 1e3, peer * 1e3, against, round(1 / 1.5, 2)),
        Row("size of that file", "", ours.stat().st_size / 1e6, theirs.stat().st_size / 1e6, against, 1, "MB"),
    ]


def _pack_release(place: Path, name: str, runs: int) -> list[Row]:
    """Measure from the compiled project to the package, nothing cached but what was compiled.

    The peer is what people type: the compressor is dpkg-deb's own choice. For scale, the same with dray's.
    """
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

    def pack_by_hand(*options: str) -> float:
        seconds = mix.mix(*_MIX_RELEASE).time()
        (staging / "usr/lib").mkdir(parents=True)
        _write_control(staging, "shop")
        seconds += Program(("cp", "-a", "_build/prod/rel/shop", str(staging / "usr/lib/shop")), mix.root, {}).time()
        return seconds + _dpkg_deb(staging, place / "by-hand.deb", *options).time()

    dray, peer, like_dray = take_turns(
        [ours.dray("build", "--quiet").time, pack_by_hand, lambda: pack_by_hand(*_LIKE_DRAY)], runs=runs, before=clear
    )
    work = "release to deb, nothing cached"
    return [
        Row(work, name, dray * 1e3, peer * 1e3, "mix release, cp, dpkg-deb", 2),
        Row(work, name, dray * 1e3, like_dray * 1e3, "for scale: the same with -Zzstd -z9", None),
    ]


def _measure_memory(place: Path, tree: Path) -> Row:
    """Measure with five times the tree, 500 MB."""
    large = place / "five"
    large.mkdir()
    for number in range(5):
        subprocess.run(("cp", "-al", tree, large / str(number)), check=True)
    packing = peak_memory(_dray_pack(large, place / "five.deb"), counts="python")
    codec = peak_memory(_dray_pack(large, place / "five.zst", "codec"), counts="python")
    work = f"peak memory while packing {5 * size_of(tree) / 1e6:.0f} MB"
    return Row(work, "", packing, codec, "the codec alone", 150, "MB", more=True)


def _dray_pack(tree: Path, target: Path, *only: str) -> Program:
    argv = (sys.executable, "-m", "benchmarks.pack_tree", str(tree), str(target), *only)
    return Program(argv, ROOT, {})


def _dpkg_deb(tree: Path, target: Path, *options: str) -> Program:
    return Program(("dpkg-deb", "--root-owner-group", *options, "-b", str(tree), str(target)), tree, {})


def _write_control(root: Path, name: str) -> None:
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(_CONTROL.format(name=name))


def _otp_root() -> Path:
    code = "io:put_chars(code:root_dir()), halt()."
    return Path(subprocess.run(("erl", "-noshell", "-eval", code), capture_output=True, text=True, check=True).stdout)
