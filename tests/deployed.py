"""The example as somebody deploys it: a project of its own, hosts of a fleet, and dray as it is typed.

    shop = Shop(folder / "shop_umbrella", hosts.ssh_config)
    shop.configure("h1", "deploy@h2", note="first", check="http://localhost:4040/greeting")
    assert shop("deploy").status == 0

What ``note`` says is in a file of the release, so that another note is another release that need not be compiled.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from dray.deploy.manifest import read_manifest
from tests.harness import Done, dray, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hosts.booted import BootedHost
    from tests.hosts.fleet import Fleet

LONG = 120
"""Seconds within which anything happens, however busy the machine is."""
PORT = 4040
CONFIG = """\
from dray.config import config, env
from dray.steps import assemble, file, release, ssh, upgrade

config("service", port={port}, restart_delay=0, stop_timeout=5)
config("fleet", "web", **{fleet!r})
{extra}
build = release("shop") | assemble() | file("share/note", content={note!r})
deploy = build | {steps}ssh(fleet="web")
"""
_numbers = count(1)


@dataclass
class Shop:
    """The project.

    Args:
        project: Its folder.
        ssh_config: How its hosts are reached.
        settings: What its configuration says.
    """

    project: Path
    ssh_config: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def configure(self, *hosts: str, note: str = "", extra: str = "", steps: str = "", **fleet: Any) -> None:
        """Write the configuration.

        Args:
            hosts: The fleet.
            note: What the release says; by default it is what no other one says.
            extra: Further lines.
            steps: Steps before the hosts, each with the operator behind it.
            fleet: Further options of the fleet.
        """
        options = {"hosts": hosts, "ssh_config": str(self.ssh_config), **fleet}
        text = CONFIG.format(
            port=PORT, fleet=options, extra=extra, steps=steps, note=note or f"note {next(_numbers)}\n"
        )
        (self.project / "rel/config.py").write_text(text)

    def __call__(self, *arguments: str, **env: str) -> Done:
        """Type a command of dray."""
        return dray(*arguments, cwd=self.project, env=env)

    def deploy(self, *arguments: str, **env: str) -> Done:
        """Deploy; it must work."""
        done = self("deploy", *arguments, **env)
        assert done.status == 0, done.err
        return done

    def status(self) -> dict[str, dict[str, Any]]:
        """Return what ``dray status`` says of each host."""
        return {item["host"]: item for item in json.loads(self("status", "--json").out)}

    def versions(self) -> list[str | None]:
        """Return what runs on each host."""
        return [item.get("version") for item in self.status().values()]

    def change(self, path: str, old: str, new: str) -> None:
        """Change a file of the project."""
        file = self.project / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def copy(self, project: Path) -> Shop:
        """Return the project of somebody else, who has all of it in another folder."""
        shutil.copytree(self.project, project, symlinks=True)
        return Shop(project, self.ssh_config)

    @contextlib.contextmanager
    def started(self, *arguments: str, **env: str) -> Iterator[Running]:
        """Type a command, and go on while it runs."""
        log = self.project / f"said-{next(_numbers)}"
        with log.open("wb") as out:
            process = subprocess.Popen(
                (sys.executable, "-m", "dray", *arguments),
                cwd=self.project,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        running = Running(process, log)
        try:
            yield running
        finally:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Running:
    """A command of dray that runs."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")

    def wait_to_say(self, text: str) -> None:
        """Wait until it says something."""
        wait_for(lambda: text in self.said or self.process.poll() is not None, f"{text!r} in: {self.said}", LONG)
        assert text in self.said, self.said

    def interrupt(self) -> int:
        """Do what Ctrl-C does, and return the status."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Wait until it ends, and return the status."""
        return self.process.wait(LONG)


def begin_shop(compiled: Path, hosts: Fleet, project: Path, names: tuple[str, ...]) -> Shop:
    """Return the project in a folder of its own, set up and running on hosts.

    Args:
        compiled: The project, compiled.
        hosts: The hosts.
        project: The folder.
        names: The hosts as the configuration writes them.
    """
    shop = Shop(compiled, hosts.ssh_config).copy(project)
    shop.configure(*names)
    done = shop("setup")
    assert done.status == 0, done.err
    shop.deploy()
    return shop


def wait_until_free(shop: Shop) -> None:
    """Wait until no host is locked."""
    wait_for(lambda: not any(item.get("lock") for item in shop.status().values()), "the locks to go", LONG)


def list_installed(host: BootedHost) -> set[str]:
    """Return the versions that are whole on a host."""
    return {path.parent.name for path in (host.root / "opt/shop").glob("releases/*/manifest.json")}


def require_whole(host: BootedHost, version: str | None) -> None:
    """Fail unless a version is on a host with all of its files, each as it was built."""
    assert version in list_installed(host)
    root = host.root / "opt/shop"
    path = root / f"releases/{version}/manifest.json"
    for item in read_manifest(path.read_bytes(), str(path)).items.values():
        if item.sha256 and item.path.startswith(("lib/", "erts-", f"releases/{version}/")):
            assert hashlib.sha256((root / item.path).read_bytes()).hexdigest() == item.sha256, item.path


def list_stages(host: BootedHost) -> list[Path]:
    """Return what transfers that broke off have left."""
    return list((host.root / "opt/shop/.dray").glob("stage-*"))


def read_note(host: BootedHost) -> str:
    """Return what the release on a host says."""
    return (host.root / "opt/shop/share/note").read_text()


def ask_price(host: BootedHost) -> str:
    """Return what a lamp costs there."""
    return host.run("curl", "-fsS", f"http://localhost:{PORT}/price/lamp").out


def forget_release(hosts: Fleet) -> None:
    """Take the release off the hosts, as though they had never seen it, but for what setup did."""
    for host in hosts:
        host.run("systemctl", "stop", "shop")
        host.run("sh", "-c", "cd /opt/shop && rm -rf bin erts-* lib releases share .dray/versions/* .dray/stage-*")
