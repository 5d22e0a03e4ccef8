"""What is measured of apt repositories: publishing one package and many, and updating while others publish."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.apt import Apt
from tests.debs import write_deb

from benchmarks.measure import Program, take_turns, wait_for
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MANY = 10_000
_ROUNDS = 150
_WORDS = (
    "a",
    "release",
    "of",
    "the",
    "shop",
    "that",
    "sells",
    "lamps",
    "and",
    "tables",
    "to",
    "people",
    "in",
    "Gent",
)
_KEY = "bench@shop.example"


@dataclass
class _Place:
    """The packages, the key, and the folders of the peers.

    Args:
        root: The folder of all.
    """

    root: Path
    number: int = _MANY

    @property
    def env(self) -> dict[str, str]:
        """Return the variables of every program: the same key for all, in two forms."""
        home = str(self.root)
        return {"HOME": home, "GNUPGHOME": f"{home}/gnupg", "XDG_CONFIG_HOME": f"{home}/config", "LC_ALL": "C"}

    @property
    def many(self) -> list[str]:
        """Return the paths of the packages that are published first, relative to the root."""
        return [f"debs/{path.name}" for path in sorted((self.root / "debs").iterdir())]

    def program(self, *argv: str) -> Program:
        """Return a program that runs in the root."""
        return Program(argv, self.root, self.env)

    def make_next(self) -> str:
        """Make one more package, and return its path."""
        self.number += 1
        return str(_write(self.root / "more", self.number).relative_to(self.root))

    def dray(self, *arguments: str) -> Program:
        """Return a command of dray."""
        return self.program(str(Path(sys.executable).with_name("dray")), "apt", *arguments)


def measure_repositories(place: Path, runs: int) -> list[Row]:
    """Measure publishing with dray, aptly, reprepro and apt-ftparchive, and updating meanwhile."""
    found = _prepare(place / "repositories")
    one = _measure_one(found, runs)
    return [*one, *_measure_many(found, min(runs, 3)), _measure_updates(found)]


def _prepare(root: Path) -> _Place:
    (root / "gnupg").mkdir(parents=True, mode=0o700)
    for number in range(_MANY):
        _write(root / "debs", number)
    place = _Place(root)
    place.program("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "",
                  "--quick-gen-key", _KEY, "ed25519", "sign", "never").run()  # fmt: skip
    secret = place.program("gpg", "--batch", "--armor", "--export-secret-keys").run()
    key = root / "config/dray/apt.key"
    key.parent.mkdir(parents=True)
    key.write_text(secret)
    key.chmod(0o600)
    return place


def _write(folder: Path, number: int) -> Path:
    choose = random.Random(number)  # noqa: S311 - the same in every run
    text = " ".join(choose.choices(_WORDS, k=30))
    return write_deb(
        folder,
        f"shop-{number:05d}",
        "1.0-1",
        Description=f"part {number}\n {text}",
        Depends="libc6 (>= 2.34), libssl3",
        Homepage="https://shop.example",
        Section="net",
        Priority="optional",
    )


def _measure_many(place: _Place, runs: int) -> list[Row]:
    """Publish everything, each time into a new folder: files are created more slowly after a removal."""
    numbers = itertools.count()
    dray, aptly = take_turns(
        [
            lambda: _time_many(_many_dray(place, f"dray-{next(numbers)}")),
            lambda: _time_many(_many_aptly(place, f"aptly-{next(numbers)}")),
        ],
        runs=runs,
    )
    return [Row("publish 10,000 packages at once", "", dray * 1e3, aptly * 1e3, "aptly, without Contents", 2)]


def _time_many(programs: Iterator[Program]) -> float:
    os.sync()
    return _time(programs)


def _time(programs: Iterator[Program]) -> float:
    started = time.perf_counter()
    for program in programs:
        program.run()
    return time.perf_counter() - started


def _many_dray(place: _Place, target: str) -> Iterator[Program]:
    yield place.dray("publish", *place.many, "--to", target)


def _aptly(place: _Place, target: str) -> tuple[str, ...]:
    config = place.root / f"{target}.conf"
    config.write_text(f'{{"rootDir": "{place.root}/{target}", "gpgProvider": "gpg"}}')
    return "aptly", f"-config={config}"


def _many_aptly(place: _Place, target: str) -> Iterator[Program]:
    aptly = _aptly(place, target)
    yield place.program(*aptly, "repo", "create", "-distribution=stable", "shop")
    yield place.program(*aptly, "repo", "add", "shop", "debs")
    options = ("-batch", f"-gpg-key={_KEY}", "-skip-contents", "-acquire-by-hash", "-architectures=amd64")
    yield place.program(*aptly, "publish", "repo", *options, "shop")


def _measure_one(place: _Place, runs: int) -> list[Row]:
    _time_many(_many_dray(place, "dray"))
    _time_many(_many_aptly(place, "aptly"))
    _prepare_reprepro(place, "reprepro-gz", ".gz")
    _prepare_reprepro(place, "reprepro-xz", ".gz .xz")
    _prepare_ftparchive(place)
    peers: tuple[Callable[[_Place, str], Iterator[Program]], ...] = (
        _one_dray,
        _one_ftparchive,
        _one_aptly,
        lambda place, deb: _one_reprepro(place, deb, "reprepro-xz"),
        lambda place, deb: _one_reprepro(place, deb, "reprepro-gz"),
    )
    dray, ftparchive, aptly, reprepro, lean = take_turns(
        [lambda peer=peer: _time(peer(place, place.make_next())) for peer in peers],  # type: ignore[misc]
        runs=runs,
    )
    work = "publish 1 package into 10,000: by-hash, gz and zst"
    return [
        Row(work, "", dray * 1e3, ftparchive * 1e3, "apt-ftparchive with its cache: the same files", 1),
        Row(work, "", dray * 1e3, aptly * 1e3, "aptly: by-hash, gz and bz2", 1),
        Row(work, "", dray * 1e3, reprepro * 1e3, "reprepro: gz and xz, no by-hash", 1),
        Row(work, "", dray * 1e3, lean * 1e3, "for scale: reprepro, gz alone, no by-hash", None),
    ]


def _one_dray(place: _Place, deb: str) -> Iterator[Program]:
    yield place.dray("publish", deb, "--to", "dray")


def _one_aptly(place: _Place, deb: str) -> Iterator[Program]:
    aptly = _aptly(place, "aptly")
    yield place.program(*aptly, "repo", "add", "shop", deb)
    yield place.program(*aptly, "publish", "update", "-batch", f"-gpg-key={_KEY}", "-skip-contents", "stable")


def _one_reprepro(place: _Place, deb: str, target: str) -> Iterator[Program]:
    yield place.program("reprepro", "-s", "-b", target, "includedeb", "stable", deb)


def _prepare_reprepro(place: _Place, target: str, codecs: str) -> None:
    conf = place.root / target / "conf"
    conf.mkdir(parents=True)
    (conf / "distributions").write_text(
        f"Codename: stable\nSuite: stable\nComponents: main\nArchitectures: amd64\nSignWith: {_KEY}\n"
        f"DebIndices: Packages Release . {codecs}\n"
    )
    place.program("reprepro", "-s", "-b", target, "includedeb", "stable", *place.many).run()


def _one_ftparchive(place: _Place, deb: str) -> Iterator[Program]:
    target = place.root / "ftparchive/pool"
    shutil.copy(place.root / deb, target)
    yield place.program("apt-ftparchive", "generate", "ftparchive.conf")
    script = (
        "cd ftparchive && apt-ftparchive -o APT::FTPArchive::DoByHash=true -o APT::FTPArchive::Release::Suite=stable "
        "-o APT::FTPArchive::Release::Acquire-By-Hash=yes -o APT::FTPArchive::MD5=false "
        "-o APT::FTPArchive::SHA1=false -o APT::FTPArchive::SHA512=false release dists/stable >Release.new && "
        f"gpg --batch --yes --quiet --local-user {_KEY} --clearsign --output InRelease.new Release.new && "
        "mv InRelease.new dists/stable/InRelease"
    )
    yield place.program("sh", "-c", script)


def _prepare_ftparchive(place: _Place) -> None:
    root = place.root / "ftparchive"
    (root / "dists/stable/main/binary-amd64").mkdir(parents=True)
    shutil.copytree(place.root / "debs", root / "pool")
    (place.root / "ftparchive.conf").write_text(
        f'Dir {{ ArchiveDir "{root}"; CacheDir "{root}"; }};\n'
        'Default { Packages::Compress "gzip zstd"; Contents "false"; };\n'
        'APT::FTPArchive::MD5 "false"; APT::FTPArchive::SHA1 "false"; APT::FTPArchive::SHA512 "false";\n'
        'TreeDefault { BinCacheDB "cache-$(ARCH).db"; };\n'
        'BinDirectory "pool" { Packages "dists/stable/main/binary-amd64/Packages"; BinCacheDB "cache.db"; };\n'
    )
    for program in _one_ftparchive(place, place.make_next()):
        program.run()


def _measure_updates(place: _Place) -> Row:
    """Let apt update again and again while packages are published as fast as they can be."""
    server = subprocess.Popen(
        place.dray("serve", "dray", "--port", "0", "--quiet").argv,
        cwd=place.root,
        stdout=subprocess.PIPE,
        text=True,
    )
    stop = threading.Event()
    published: list[str] = []

    def publish() -> None:
        while not stop.is_set():
            deb = place.make_next()
            place.dray("publish", deb, "--to", "dray").run()
            published.append(deb)

    try:
        url = server.stdout.readline().split()[-1] if server.stdout else ""
        keyring = next((place.root / "dray").glob("*-archive-keyring.gpg")).read_bytes()
        host = Apt.make(place.root / "host", url.rstrip("/"), keyring)
        publisher = threading.Thread(target=publish)
        publisher.start()
        taken, failed = [], 0
        for _ in range(_ROUNDS):
            shutil.rmtree(host.root / "var/lib/apt/lists")
            (host.root / "var/lib/apt/lists/partial").mkdir(parents=True)
            started = time.perf_counter()
            failed += host.update() != ""
            taken.append(time.perf_counter() - started)
        stop.set()
        publisher.join()
    finally:
        stop.set()
        server.terminate()
        wait_for(lambda: server.poll() is not None, "the server to end")
        if server.stdout:
            server.stdout.close()
    middle = sorted(taken)[len(taken) // 2]
    work = f"apt-get update, {_ROUNDS} rounds, {failed} failed while {len(published)} packages were published"
    return Row(work, "", middle * 1e3, None, "", 5000 if failed == 0 else 0)
