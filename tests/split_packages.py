"""A project of two releases, packaged together in several versions, and a host that apt keeps up to date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.harness import EXAMPLES, Done, copy_project, dray, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosts.booted import BootedHost

PORT = 4057
RELEASES = ("shop_front", "shop_store")
PACKAGES = ("shop-front", "shop-store")
CONFIG = """
from dray.config import config
from dray.steps import assemble, deb, release, tar, upgrade

config("service", port={port}, restart_delay=0)
config("deb", split={split}, project="shop", maintainer="Ann Shop <ann@shop.example>", compression="gzip", level=1)
front = release("shop_front") | assemble() | upgrade() | tar() | deb()
store = release("shop_store") | assemble() | upgrade() | tar() | deb()
"""
_ONE = "shop: [applications: [shop: :permanent, shop_web: :permanent]]"
_TWO = """
        shop_front: [applications: [shop: :permanent, shop_web: :permanent]],
        shop_store: [applications: [shop: :permanent, runtime_tools: :permanent]]"""


@dataclass(frozen=True)
class SplitProject:
    """A project whose releases ``shop_front`` and ``shop_store`` are packaged together.

    Args:
        root: Its folder.
    """

    root: Path

    @classmethod
    def make(cls, root: Path) -> SplitProject:
        """Make it of the example."""
        project = cls(copy_project(EXAMPLES / "shop_umbrella", root))
        project.edit("mix.exs", _ONE, _TWO)
        project.configure()
        return project

    @property
    def folder(self) -> Path:
        """Where the packages are."""
        return self.root / "_build/prod"

    def configure(self, *, split: str = "True", more: str = "") -> None:
        """Write the configuration that the next builds read."""
        (self.root / "rel/config.py").write_text(CONFIG.format(port=PORT, split=split) + more)

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a text of a file."""
        text = (self.root / path).read_text()
        assert old in text, f"{path} does not say {old}"
        (self.root / path).write_text(text.replace(old, new))

    def set_version(self, version: str) -> None:
        """Change the version of all releases."""
        current = next(line for line in (self.root / "mix.exs").read_text().splitlines() if "version:" in line)
        self.edit("mix.exs", current, f'      version: "{version}",')

    def run(self, pipeline: str, *arguments: str) -> Done:
        """Run a pipeline, whatever comes of it."""
        return dray("run", pipeline, *arguments, cwd=self.root)

    def build(self, version: str) -> None:
        """Build both releases in a version."""
        self.set_version(version)
        for pipeline in ("front", "store"):
            done = self.run(pipeline)
            assert done.status == 0, done.err

    def packages(self, pattern: str) -> list[Path]:
        """Return the packages of a pattern, such as ``*_1.0-1_*``."""
        return sorted(self.folder.glob(f"{pattern}.deb"))


@dataclass
class SplitHost:
    """A booted host with a source of packages.

    Args:
        host: The host.
    """

    host: BootedHost

    def use_suite(self, suite: str, repository: str = "/mnt") -> None:
        """Let apt see one suite of the repository, and nothing else."""
        lists = self.host.root / "etc/apt/sources.list.d"
        for file in (*lists.iterdir(), self.host.root / "etc/apt/sources.list"):
            file.unlink(missing_ok=True)
        (lists / "shop.sources").write_text(
            f"Types: deb\nURIs: file:{repository}\nSuites: {suite}\nComponents: main\n"
            f"Signed-By: {repository}/shop-archive-keyring.gpg\n"
        )
        done = self.apt_get("update")
        assert done.status == 0, done

    def apt_get(self, *arguments: str) -> Done:
        """Run apt-get without questions."""
        env = ("env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
        return self.host.run(*env, "apt-get", "-y", "--no-install-recommends", *arguments)

    def purge(self) -> None:
        """Remove all of it."""
        names = self.host.run("dpkg-query", "-W", "-f", "${Package}\n", "shop*").out.split()
        done = self.host.run("dpkg", "-P", *sorted(names, key=lambda name: ("erts" in name, name != "shop")))
        assert done.status == 0 or not names, done

    def installed(self) -> dict[str, str]:
        """Return the packages that are installed, and their versions."""
        out = self.host.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package} ${Version}\n", "shop*").out
        rows = [line.split() for line in out.splitlines()]
        return {row[1]: row[2] for row in rows if row[0] == "ii"}

    def runtimes(self) -> list[str]:
        """Return the runtimes that are installed."""
        return sorted(name for name in self.installed() if "-erts-" in name)

    def pids(self) -> list[str]:
        """Return the processes of the two services."""
        show = ("systemctl", "show", "--value", "-p", "MainPID")
        return [self.host.run(*show, name).out.strip() for name in PACKAGES]

    def price(self) -> int:
        """Return what a lamp costs in the front, and check that the store has the same."""
        done = self.host.run("curl", "-fsS", f"http://localhost:{PORT}/price/lamp")
        assert done.status == 0, f"{done.err}{self.journal()}"
        stored = self.host.run("shop-store", "rpc", '{:ok, answer} = Shop.describe("lamp"); IO.puts(answer)')
        assert stored.out == done.out, stored
        return int(done.out.split(" costs ")[1].split()[0])

    def journal(self) -> str:
        """Return the end of the services' journal."""
        return self.host.run("journalctl", "-u", "shop-*", "-n", "60", "--no-pager").out

    def wait_until_active(self) -> None:
        """Wait until both services are up."""
        ask = ("systemctl", "is-active", "--quiet", *PACKAGES)
        wait_for(lambda: self.host.run(*ask).status == 0, f"the services; {self.journal()}", 60)
