"""Debian roots that serve as machines of another kind: their own Erlang and Elixir, run through chroot.

A root is made once, under ``${DRAY_TEST_CACHE:-~/.cache/dray}/SUITE``, and never changed by a test: everything that a
command of it writes goes to a folder of the test's, which lies at the same path inside and outside. Mounts live in a
namespace of each command's own, so none is left over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness import ROOT, Done, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGES = (
    *("erlang-base", "erlang-dev", "erlang-parsetools", "erlang-tools", "erlang-crypto", "erlang-asn1"),
    *("erlang-public-key", "erlang-ssl", "elixir", "rebar3", "python3"),
)
# Suites whose index may be older than it says it is valid.
_UNDATED = frozenset({"sid"})
_STAMP = "opt/dray-packages"
_MIRROR = "http://deb.debian.org/debian"

# sh -c _ENTER sh ROOT SHARED SITE SRC PROGRAM [ARGUMENT...]
_ENTER = r"""
set -e
root=$1 shared=$2 site=$3 src=$4 here=$PWD
shift 4
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/mnt"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir -p "$root$shared" "$root/mnt/site" "$root/mnt/src" "$root/tmp/home"
mount --bind "$shared" "$root$shared"
mount --bind "$site" "$root/mnt/site"
mount --bind "$src" "$root/mnt/src"
echo "127.0.0.1 localhost $(hostname)" >"$root/mnt/hosts"
mount --bind "$root/mnt/hosts" "$root/etc/hosts"
exec env HOME=/tmp/home PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
  PYTHONPATH=/mnt/src:/mnt/site chroot "$root" sh -c 'cd "$1" && shift && exec "$@"' sh "$here" "$@"
"""


@dataclass(frozen=True)
class DebianRoot:
    """A Debian root as a machine.

    Args:
        path: The root.
        shared: The folder that its commands see at the same path, and may write to.
    """

    path: Path
    shared: Path

    @property
    def prefix(self) -> tuple[str, ...]:
        """What to put before a command line to run it there, in the folder in which it is started."""
        site = sysconfig.get_paths()["purelib"]
        places = (str(self.path), str(self.shared), site, str(ROOT / "src"))
        return ("unshare", "--mount", "sh", "-c", _ENTER, "sh", *places)

    def run(self, *argv: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
        """Run a program there to its end."""
        return run(*self.prefix, *argv, cwd=cwd, env=env)

    def dray(self, *arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
        """Run dray there, with that root's own Python, whatever its exit status."""
        return self.run("python3", "-m", "dray", *arguments, cwd=cwd, env=env)


def find_root(suite: str) -> Path:
    """Return the root of a suite, made now where it is missing; only one process makes it."""
    cache = Path(os.environ.get("DRAY_TEST_CACHE") or Path.home() / ".cache" / "dray")
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / suite
    with _lock(cache / f".{suite}.lock"):
        if not root.is_dir():
            _make_root(suite, root)
        if not (root / _STAMP).is_file() or (root / _STAMP).read_text().split() != list(PACKAGES):
            _install(suite, root)
    return root


def find_bare_root(suite: str) -> Path:
    """Return a root of a suite with nothing but Debian's smallest set of packages, made now where it is missing.

    Tests install into copies of it: ``cp -a --reflink=auto`` or an overlay.
    """
    cache = Path(os.environ.get("DRAY_TEST_CACHE") or Path.home() / ".cache" / "dray")
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / f"{suite}-bare"
    with _lock(cache / f".{suite}-bare.lock"):
        if not root.is_dir():
            _make_root(suite, root, packages=())
    return root


@contextlib.contextmanager
def over(lower: Path, folder: Path) -> Iterator[Path]:
    """Lend a root that a test may change, laid over one that stays as it is."""
    for name in ("memory", "root"):
        (folder / name).mkdir(parents=True)
    memory = folder / "memory"
    with contextlib.ExitStack() as after:

        def mount(target: Path, *arguments: str) -> None:
            subprocess.run(("mount", *arguments, target), check=True)
            after.callback(lambda: subprocess.run(("umount", "-l", target), check=False))

        mount(memory, "-t", "tmpfs", "tmpfs")
        for name in ("upper", "work"):
            (memory / name).mkdir()
        options = f"lowerdir={lower},upperdir={memory / 'upper'},workdir={memory / 'work'}"
        mount(folder / "root", "-t", "overlay", "-o", options, "dray-test")
        mount(folder / "root/proc", "-t", "proc", "proc")
        yield folder / "root"


@contextlib.contextmanager
def _lock(file: Path) -> Iterator[None]:
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_root(suite: str, root: Path, packages: tuple[str, ...] = PACKAGES) -> None:
    """Make a root under another name, and give it its own when it is whole."""
    unfinished = root.with_name(f".{suite}.new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    mirror = _find_mirror()
    _tell(f"making a Debian {suite} root in {root}; this takes some minutes, once")
    _must("debootstrap", "--variant=minbase", "--include=ca-certificates", suite, unfinished, mirror, env=_proxy())
    _install(suite, unfinished, packages)
    unfinished.rename(root)


def _install(suite: str, root: Path, packages: tuple[str, ...] = PACKAGES) -> None:
    """Install what the tests need, with the proxy settings and the certificates of this machine."""
    for path in ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt"):
        if Path(path).is_file():
            shutil.copyfile(path, root / path[1:])
    settings = _apt_settings()
    (root / "etc/apt/apt.conf.d/99machine").write_text("".join(f"{line}\n" for line in settings))
    undated = ("-o", "Acquire::Check-Valid-Until=false") if suite in _UNDATED else ()
    env = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **_proxy()}
    _must("chroot", root, "apt-get", "-q", *undated, "update", env=env)
    _must("chroot", root, "apt-get", "-q", "-y", "--no-install-recommends", "install", *packages, env=env)
    (root / _STAMP).parent.mkdir(exist_ok=True)
    (root / _STAMP).write_text("\n".join(packages) + "\n")


def _find_mirror() -> str:
    """Return the mirror that this machine's own apt uses, where it runs Debian."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for file in files:
        text = file.read_text(errors="replace") if file.is_file() else ""
        found = re.search(r"^(?:deb\s+(?:\[[^]]*\]\s+)?|URIs:\s+)(https?://\S+/debian/?)(?:\s|$)", text, re.MULTILINE)
        if found:
            return found[1]
    return _MIRROR


def _apt_settings() -> list[str]:
    """Return how this machine's apt reaches the network."""
    done = subprocess.run(("apt-config", "dump"), capture_output=True, text=True, check=False)
    wanted = re.compile(r"Acquire::(?:\w+::)?(?:Proxy|Verify-Peer|Verify-Host|Check-Valid-Until|Retries)\b")
    return [line for line in done.stdout.splitlines() if wanted.match(line)]


def _proxy() -> dict[str, str]:
    """Return the variables that say which proxy to use; apt's settings stand in where there are none."""
    names = ("http_proxy", "https_proxy", "no_proxy")
    found = {name: os.environ[name] for name in names if os.environ.get(name)}
    for line in _apt_settings():
        setting = re.match(r'Acquire::(https?)::Proxy "([^"]+)"', line)
        if setting and setting[2] != "DIRECT":
            found.setdefault(f"{setting[1]}_proxy", setting[2])
    return found


def _must(*argv: str | Path, env: Mapping[str, str]) -> None:
    done = subprocess.run(
        [str(part) for part in argv],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{argv[0]} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")


def _tell(text: str) -> None:
    sys.__stderr__.write(f"{text}\n") if sys.__stderr__ else None
