"""Packages of the example in several versions, built once, and a booted host on which dpkg installs them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tests.harness import EXAMPLES, Done, build, copy_project, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosts.booted import BootedHost

PORT = 4052
CONFIG = """
from dray.config import config
from dray.steps import assemble, deb, release, tar, upgrade

config("service", port={port}, check="http://localhost:{port}/greeting", restart_delay=0)
config("deb", maintainer="Ann Shop <ann@shop.example>", compression="gzip", level=1, upgrade="{policy}")
build = release("shop") | assemble() {upgrade} | tar() | deb()
"""
_VERSIONS = (("watts * 7", "watts * 8"), ("watts * 8", "watts * 9"))
PRICES = {"0.1.0": 49, "0.2.0": 56, "0.3.0": 63}
"""What a lamp costs in each version."""


@dataclass(frozen=True)
class Debs:
    """Packages in a folder, by the release's version.

    Args:
        project: The project, as it was built last.
    """

    project: Path

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self.project / "_build/prod"

    def file(self, version: str) -> Path:
        """Return a version's package."""
        return self.folder / f"shop_{version}-1_amd64.deb"

    def change(self, version: str, *changes: tuple[str, str, str]) -> None:
        """Build another version: each change is a file, a text of it, and what it becomes."""
        current = next(line for line in (self.project / "mix.exs").read_text().splitlines() if "version:" in line)
        for path, old, new in (*changes, ("mix.exs", current, f'      version: "{version}",')):
            text = (self.project / path).read_text()
            assert old in text, f"{path} does not say {old}"
            (self.project / path).write_text(text.replace(old, new))
        build(self.project)

    def configure(self, *, upgrade: str = "| upgrade()", policy: str = "hot-or-restart", more: str = "") -> None:
        """Write the configuration that the next build reads."""
        text = CONFIG.format(port=PORT, upgrade=upgrade, policy=policy)
        (self.project / "rel/config.py").write_text(text + more)


def build_debs(folder: Path) -> Debs:
    """Build 0.1.0; 0.2.0, which takes over hot; and 0.3.0, of which no upgrade is known."""
    debs = Debs(copy_project(EXAMPLES / "shop_umbrella", folder / "shop_umbrella"))
    debs.configure()
    build(debs.project)
    goods = "apps/shop/lib/shop/goods.ex"
    debs.change("0.2.0", (goods, *_VERSIONS[0]))
    debs.configure(upgrade="")
    debs.change("0.3.0", (goods, *_VERSIONS[1]))
    return debs


@dataclass
class ShopHost:
    """A booted host that has, or is to have, the shop.

    Args:
        host: The host.
        packages: Where it sees the packages.
    """

    host: BootedHost
    packages: str = "/mnt"

    def dpkg(self, *arguments: str) -> Done:
        """Run dpkg without a terminal."""
        return self.host.run("dpkg", "--no-triggers", *arguments)

    def install(self, version: str) -> Done:
        """Install a version's package, whatever comes of it."""
        return self.dpkg("-i", f"{self.packages}/shop_{version}-1_amd64.deb")

    def shop(self, *arguments: str) -> Done:
        """Run the command that the package installs."""
        return self.host.run("shop", *arguments)

    def price(self) -> int:
        """Return what a lamp costs."""
        done = self.host.run("curl", "-fsS", f"http://localhost:{PORT}/price/lamp")
        assert done.status == 0, f"{done.err}{self.journal()}"
        return int(done.out.split(" costs ")[1].split()[0])

    def journal(self) -> str:
        """Return the end of the service's journal."""
        return self.host.run("journalctl", "-u", "shop", "-n", "60", "--no-pager").out

    def show(self, name: str) -> str:
        """Return a property of the service."""
        return self.host.run("systemctl", "show", "--value", "-p", name, "shop").out.strip()

    def state(self) -> str:
        """Return what dpkg says of the package: wanted and current state, and version."""
        return self.host.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", "shop").out.strip()

    def wait_until_active(self) -> None:
        """Wait until the service is up."""
        wait_for(lambda: self.show("ActiveState") == "active", f"the service; {self.journal()}", 60)

    def exists(self, path: str) -> bool:
        """Tell whether a path is there."""
        return (self.host.root / path).exists()


@dataclass
class Customer:
    """Asks for a price without a pause while the block lasts, and counts what failed."""

    shop: ShopHost
    asked: int = 0
    failed: list[str] = field(default_factory=list)
    _thread: threading.Thread | None = None
    _open: bool = True

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        wait_for(lambda: self.asked > 0, "the first answer")
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        assert self._thread is not None
        self._thread.join()

    def _ask(self) -> None:
        ask = f"curl -fsS http://localhost:{PORT}/price/lamp >/dev/null || echo failed"
        script = f"for n in 1 2 3 4 5 6 7 8; do {ask}; done"
        while self._open:
            done = self.shop.host.run("sh", "-c", script)
            self.asked += 8
            if "failed" in done.out:
                self.failed.append(done.err)
