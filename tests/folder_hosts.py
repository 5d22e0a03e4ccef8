"""Hosts for tests of the deployment engine: each is a folder, and the release in it a script that pretends to run.

    hosts = FolderHosts(tmp_path, "web1", "web2")
    hosts["web1"].break_version("0.2.0")          # is never ready with it
    rollout = hosts.deploy(make_release(tmp_path / "new", "0.2.0"))

The far side is the real ``deploy/host.sh``, run by the shell of this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dray.assemble.tree import sync_tree
from dray.clock import SystemClock
from dray.core.contents import File
from dray.core.release import Release
from dray.deploy.board import Board
from dray.deploy.fleet import FleetOptions, build_fleet
from dray.deploy.history import History
from dray.deploy.local import LocalTransport
from dray.deploy.place import Place, shorten_script
from dray.deploy.plan import Cargo, Plan
from dray.deploy.prepare import digest_content, read_release_manifest
from dray.deploy.rollout import run_rollout
from dray.errors import RemoteError
from dray.template.environment import TemplateFolder
from tests.fakes import FakeConsole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from dray.core.host import Host
    from dray.core.progress import Advance
    from dray.core.rollout import Rollout
    from dray.deploy.transport import Channel, Connection

SCRIPT = TemplateFolder().render("deploy/host.sh")

COMMAND = """\
#!/bin/sh
# A launcher that runs nothing: the file "runs" says what would run. It reads what it can get, as a program may.
cat >/dev/null
root=${0%/.dray/*}
runs=$(cat "$root/runs" 2>/dev/null)
switch () {
  if [ -e "$root/stubborn" ]; then echo "it will not stop" >&2; exit 1; fi
  echo "$1" >"$root/runs"
  echo "1 $1" >"$root/releases/start_erl.data"
}
case $1 in
  status) if [ -n "$runs" ]; then echo "{\\"state\\": \\"running\\", \\"version\\": \\"$runs\\"}"
    else echo '{"state": "stopped"}'; exit 3; fi ;;
  upgrade)
    for version in "$@"; do :; done
    how=hot
    case "$*" in *--restart*) how=restart ;; esac
    echo "switching to $version" >&2
    [ -z "$runs" ] || switch "$version"
    [ -n "$runs" ] || echo "1 $version" >"$root/releases/start_erl.data"
    echo "{\\"mode\\": \\"$how\\", \\"to\\": \\"$version\\", \\"reasons\\": []}" ;;
  ready) [ -n "$runs" ] && [ ! -e "$root/sick-$runs" ] || { echo "$runs is not well" >&2; exit 1; } ;;
  remove) rm -rf "$root/releases/$2" ;;
  rpc) echo "$2" ;;
esac
"""
SERVICE = """\
#!/bin/sh
root=${0%/.dray/*}
case $1 in
  start) read -r _ version <"$root/releases/start_erl.data" || :; echo "$version" >"$root/runs" ;;
  stop) rm -f "$root/runs" ;;
  logs) echo "a line of the log" ;;
esac
"""


@dataclass
class FolderHost:
    """A host that is a folder.

    Args:
        root: Where the release is.
        is_down: Whether it can be reached.
        dies_at: The command at which the connection is lost.
    """

    root: Path
    is_down: bool = False
    dies_at: str = ""

    @property
    def runs(self) -> str:
        """The version that would run; empty for none."""
        file = self.root / "runs"
        return file.read_text().strip() if file.exists() else ""

    def versions(self) -> set[str]:
        """The versions that are whole."""
        return {path.parent.name for path in self.root.glob("releases/*/manifest.json")}

    def state(self, version: str) -> str:
        """What the host remembers of a version."""
        return (self.root / ".dray/versions" / version).read_text().split()[0]

    def break_version(self, version: str) -> None:
        """Let a version never be ready."""
        (self.root / f"sick-{version}").touch()


@dataclass
class FolderHosts:
    """Hosts that are folders, and how they are reached."""

    folder: Path
    names: tuple[str, ...] = ("web1",)
    console: FakeConsole = field(default_factory=FakeConsole)
    hosts: dict[str, FolderHost] = field(default_factory=dict)
    advances: list[Advance] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in self.names:
            root = self.folder / "hosts" / name
            (root / ".dray/versions").mkdir(parents=True)
            for script, text in (("command", COMMAND), ("service", SERVICE)):
                (root / ".dray" / script).write_text(text)
                (root / ".dray" / script).chmod(0o755)
            places = f"environment_file={root}/environment\nenvironment_owner=nobody-here\n"
            (root / ".dray/places").write_text(places)
            self.hosts[name] = FolderHost(root)

    @classmethod
    def reopen(cls, folder: Path, names: tuple[str, ...], down: tuple[str, ...] = ()) -> FolderHosts:
        """Return hosts that were made before, as another process made them."""
        hosts = cls(folder, ())
        hosts.names = names
        hosts.hosts = {name: FolderHost(folder / "hosts" / name, is_down=name in down) for name in names}
        return hosts

    def __getitem__(self, name: str) -> FolderHost:
        return self.hosts[name]

    @property
    def place(self) -> Place:
        """The release on these hosts."""
        return Place("shop", "HERE", _Transport(self), shorten_script(SCRIPT), as_root=False)

    def board(self) -> Board:
        """What is shown."""
        return Board(self.console, SystemClock())

    def fleet(self, **options: Any) -> Any:
        """Return the fleet of all hosts."""
        return build_fleet("web", FleetOptions(**{"hosts": self.names, "timeout": 1, **options}))

    def deploy(
        self, release: Release, *, environment: bytes | None = None, owner: str = "ann", **options: Any
    ) -> Rollout:
        """Deploy a release as it is."""

        def prepare(members: object, manifests: object) -> Cargo:
            del members, manifests
            return Cargo(release, read_release_manifest(release), digest_content(release))

        history = History(self.folder / "history")
        plan = Plan(
            self.fleet(**options),
            self.place,
            release,
            (),
            prepare,
            history,
            "ann@desk",
            owner,
            environment,
            announce=self.advances.append,
        )
        return asyncio.run(run_rollout(plan, self.board()))


@dataclass(frozen=True)
class _Transport:
    hosts: FolderHosts

    @contextlib.asynccontextmanager
    async def connect(self, host: Host) -> AsyncIterator[Connection]:
        found = self.hosts[host.name]
        if found.is_down:
            raise RemoteError(f"{host}: no route to host")
        async with LocalTransport().connect(host) as connection:
            yield _Connection(connection, found)


@dataclass(frozen=True)
class _Connection:
    inner: Connection
    host: FolderHost

    @property
    def is_open(self) -> bool:
        return self.inner.is_open

    @contextlib.asynccontextmanager
    async def start(self, argv: tuple[str, ...], *, finishes: bool = False) -> AsyncIterator[Channel]:
        argv = tuple(word.replace("HERE", str(self.host.root)) for word in argv)
        async with self.inner.start(argv, finishes=finishes) as channel:
            yield _Channel(channel, self.host)

    async def attach(self, argv: tuple[str, ...]) -> int:
        return await self.inner.attach(argv)


@dataclass
class _Channel:
    """A channel that is cut before a certain command is whole."""

    inner: Channel
    host: FolderHost
    is_cut: bool = False

    async def write(self, data: bytes) -> None:
        command = data.split(b" ")[0].split(b"\n")[0].decode("utf-8", "replace")
        if self.host.dies_at and command == self.host.dies_at:
            self.is_cut = True
            await self.inner.write(data[: len(data) // 2])
            await self.inner.wait()
        else:
            await self.inner.write(data)

    async def read_line(self) -> bytes:
        return b"" if self.is_cut else await self.inner.read_line()

    async def read_exactly(self, count: int) -> bytes:
        return await self.inner.read_exactly(count)

    async def wait(self) -> int:
        return await self.inner.wait()

    def errors(self) -> str:
        return self.inner.errors()


def make_release(folder: Path, version: str, files: dict[str, bytes] | None = None, **modes: int) -> Release:
    """Return a small release that is written to its tree.

    Args:
        folder: Where its tree and what dray remembers of it go.
        version: Its version.
        files: Further files, or other bytes for those that it has anyway; None removes one.
        modes: Permission bits by path, where they are not 0644.
    """
    texts = {
        "bin/shop": b"#!/bin/sh\n",
        "erts-1/bin/beam": b"\x7fnot an emulator" * 50,
        "lib/kernel-1/ebin/kernel.beam": b"kernel" * 1000,
        "lib/shop-1/ebin/shop.beam": b"shop of " + version.encode(),
        f"releases/{version}/sys.config": b"[].",
        f"releases/{version}/launcher": b"# the same in all versions\n" * 20,
        f"releases/shop-{version}.rel": f"shop {version}".encode(),
        "releases/start_erl.data": f"1 {version}".encode(),
        "releases/RELEASES": b"[].",
        **(files or {}),
    }
    entries = [File(path, data, modes.get(path, 0o644)) for path, data in texts.items() if data is not None]
    shutil.rmtree(folder, ignore_errors=True)
    release = replace(Release("shop", version).add(*entries), tree=folder / "tree")
    return sync_tree(release, folder / "tree", folder / "index")[0]
