"""The second half of ``make demo``: the example in its own apt repository, installed and upgraded on a booted host.

``python -m tools.demo_host DRAY`` boots a host with systemd out of this machine's own files, which it leaves as they
are. It needs root and systemd-nspawn; where one is missing, it says so and ends well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hosts.booted import booted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hosts.booted import BootedHost

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples/shop_umbrella"
CONFIG = """\
from dray.config import config
from dray.steps import apt, assemble, deb, release, tar, upgrade

config("service", port=4040, check="http://localhost:4040/greeting")
config("deb", maintainer="The Shop <shop@shop.example>")

build = release("shop") | assemble() | upgrade() | tar() | deb()
deploy = build | apt(repository="../apt")
"""
URL = "http://localhost:8000"
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0"
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("", "")


def main(dray: str) -> None:
    """Publish, install, change, publish again, upgrade under load."""
    if os.geteuid() != 0 or not shutil.which("systemd-nspawn"):
        tell("The second half boots a host, which needs root and systemd-nspawn (apt-get install systemd-container).")
        return
    with tempfile.TemporaryDirectory(prefix="dray-demo-") as folder:
        place = Path(folder)
        project = place / "shop_umbrella"
        shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("_build"))
        (project / "rel/config.py").write_text(CONFIG)
        (place / "apt").mkdir()
        (place / "host").mkdir()
        demonstrate(dray, place, project)


def demonstrate(dray: str, place: Path, project: Path) -> None:
    """Go the whole way once."""
    env = {**os.environ, "HOME": str(place)}

    def develop(*arguments: str) -> None:
        say("$", "dray", *arguments)
        subprocess.run((dray, *arguments), cwd=project, env=env, check=True)

    tell("Now as a package. An apt repository of our own, and the first version in it:")
    develop("apt", "init", "shop", "--to", "../apt", "--url", URL)
    develop("deploy")
    tell("A server, just booted. It gets the three lines that dray apt init has printed, and installs:")
    # A host has a /tmp of its own, and this program may stand there.
    with booted(place / "host", bind={place / "apt": "/srv/apt", ROOT: str(ROOT)}) as host:
        prepare(host, dray)
        keyring, sources = "shop-archive-keyring.gpg", "shop.sources"
        serve(host, f"curl -fsS {URL}/{keyring} -o /usr/share/keyrings/{keyring}")
        serve(host, f"curl -fsS {URL}/{sources} -o /etc/apt/sources.list.d/{sources}")
        serve(host, "apt-get -qq update")
        serve(host, f"{INSTALL} install --yes shop")
        serve(host, "shop status")
        serve(host, "curl -fsS http://localhost:4040/price/lamp")
        tell("Lamps become dearer. The version goes up, and the server follows by apt while it serves customers:")
        replace(project / "apps/shop/lib/shop/goods.ex", "watts * 7", "watts * 8")
        replace(project / "mix.exs", 'version: "0.1.0"', 'version: "0.2.0"')
        develop("deploy")
        serve(host, "apt-get -qq update")
        with customers(host) as counted:
            serve(host, f"{INSTALL} upgrade --yes")
        print(f"{counted[0]} requests meanwhile, {counted[1]} failed")
        if counted[1]:
            sys.exit(1)
        serve(host, "curl -fsS http://localhost:4040/price/lamp")
        serve(host, "shop versions")


def prepare(host: BootedHost, dray: str) -> None:
    """Make it a server that knows no other repository, lets packages start services, and serves ours."""
    (host.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    for path in (host.root / "etc/apt/sources.list", *(host.root / "etc/apt/sources.list.d").iterdir()):
        path.unlink(missing_ok=True)
    for settings in (host.root / "etc/apt/apt.conf.d").iterdir():
        if "roxy" in settings.read_text(errors="replace"):
            settings.unlink()
    host.run("systemd-run", "--quiet", "--unit=apt-repository", dray, "apt", "serve", "/srv/apt", "--port", "8000")
    host.run("sh", "-c", f"for n in $(seq 100); do curl -fs {URL} >/dev/null && exit; sleep 0.1; done")


def serve(host: BootedHost, command: str) -> None:
    """Type a command on the server; it must work."""
    say("#", command.removeprefix("DEBIAN_FRONTEND=noninteractive ").replace(" -qq -o Dpkg::Use-Pty=0", ""))
    done = host.run("sh", "-c", command)
    print(done.out, end="", flush=True)
    if done.status != 0:
        sys.exit(f"{done.err}\nthe command failed with status {done.status}")


@contextlib.contextmanager
def customers(host: BootedHost) -> Iterator[list[int]]:
    """Ask for prices as fast as the shop answers; yields how often, and how often in vain."""
    counted, is_open = [0, 0], threading.Event()

    def shop() -> None:
        ask = "curl -fs http://localhost:4040/price/lamp >/dev/null || echo failed"
        while not is_open.is_set():
            done = host.run("sh", "-c", "; ".join([ask] * 10))
            counted[0] += 10
            counted[1] += done.out.count("failed")

    shopper = threading.Thread(target=shop)
    shopper.start()
    try:
        yield counted
    finally:
        is_open.set()
        shopper.join()


def replace(file: Path, old: str, new: str) -> None:
    """Change a text in a file."""
    say("$", f"sed -i 's/{old}/{new}/' {file.name}")
    text = file.read_text()
    if old not in text:
        sys.exit(f"{file} does not say {old}")
    file.write_text(text.replace(old, new))


def say(prompt: str, *words: str) -> None:
    """Show a command."""
    print(f"\n{BOLD}{prompt} {' '.join(words)}{PLAIN}", flush=True)


def tell(text: str) -> None:
    """Say what comes."""
    print(f"\n{text}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
