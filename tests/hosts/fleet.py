"""Hosts with systemd, sshd and a network of their own, made of this machine's files.

    with fleet(tmp_path, 4) as hosts:
        run("ssh", "-F", hosts.ssh_config, "h1", "true", cwd=tmp_path)
        hosts[0].cut()

It needs root, systemd-nspawn, iproute2, sshd and sudo, and takes a second. The users root, deploy (who may become
root by sudo without a password) and guest (who may not) let the fleet's key in. The kernel is that of this machine,
and the hosts' disks are its memory: no packet is lost, and no disk is slow. ``python -m tests.hosts.fleet 4`` keeps
hosts running to look at.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hosts.base_layer import write_base_layer
from tests.hosts.booted import BootedHost, make_group, mount, mount_root
from tests.hosts.claims import claimed_name
from tests.hosts.wires import Network, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

_INSTANCES = 48  # inotify instances of a host, with room for what tests start on it


@dataclass
class FleetHost(BootedHost):
    """A host of a fleet.

    Args:
        name: What ssh calls it.
        wire: Its network cable.
    """

    name: str = field(kw_only=True)
    wire: Wire = field(kw_only=True)

    @property
    def address(self) -> str:
        """Its IP address."""
        return self.wire.address

    def start(self) -> None:
        """Start the host, and do not wait."""
        self.wire.plug_in()
        super().start()

    def pull_the_plug(self) -> None:
        """End everything on the host at once; whoever is connected with it hears nothing."""
        self.wire.pull_out()
        super().pull_the_plug()

    def cut(self) -> None:
        """Take the network cable out."""
        self.wire.set_cut(True)

    def mend(self) -> None:
        """Put the network cable in again."""
        self.wire.set_cut(False)


@dataclass(frozen=True)
class Fleet:
    """Hosts that run.

    Args:
        hosts: The hosts, h1 and so on.
        folder: Where the files for ssh lie.
        name: The name that is part of everything that the fleet has on this machine.
    """

    hosts: tuple[FleetHost, ...]
    folder: Path
    name: str

    @property
    def ssh_config(self) -> Path:
        """A configuration of ssh(1) that knows every host by its name."""
        return self.folder / "ssh_config"

    @property
    def known_hosts(self) -> Path:
        """The keys of the hosts, by name and by address."""
        return self.folder / "known_hosts"

    @property
    def identity(self) -> Path:
        """The private key that the hosts let in."""
        return self.folder / "identity"

    def sent_bytes(self) -> int:
        """Return how many bytes went to the hosts so far, with all that the network adds."""
        return sum(host.wire.sent_bytes() for host in self.hosts)

    def __getitem__(self, index: int) -> FleetHost:
        return self.hosts[index]

    def __iter__(self) -> Iterator[FleetHost]:
        return iter(self.hosts)

    def __len__(self) -> int:
        return len(self.hosts)


@contextlib.contextmanager
def fleet(folder: Path, count: int) -> Iterator[Fleet]:
    """Boot hosts while the block lasts.

    Args:
        folder: An empty folder for their files, which are gone after the block.
        count: How many hosts; 200 at most.
    """
    with claimed_name(instances=count * _INSTANCES) as (name, number):
        network = Network(name, number)
        network.lay()
        mount(folder, "tmpfs", "mode=755", source=name)
        _make_key(folder / "identity", "fleet")
        write_base_layer(folder / "base", (folder / "identity.pub").read_text())
        hosts = tuple(_make_host(folder, network, index, count=count) for index in range(1, count + 1))
        running = Fleet(hosts, folder, name)
        write_ssh_files(running, {host.name: (host.address, 22) for host in hosts}, folder)
        try:
            for host in hosts:
                host.start()
            for host in hosts:
                host.wait_until_up()
            yield running
        finally:
            for host in hosts:
                host.pull_the_plug()


def write_ssh_files(hosts: Fleet, places: dict[str, tuple[str, int]], folder: Path) -> Path:
    """Write ``ssh_config`` and ``known_hosts`` into a folder, and return the former.

    Args:
        hosts: Whose key and identity it is about.
        places: The address and the port where each host is reached.
        folder: Where the files go.
    """
    known, blocks = "", ""
    for host in hosts:
        address, port = places[host.name]
        named = f"{host.name},{address}" if port == 22 else f"[{address}]:{port}"
        known += f"{named} {(host.root / 'etc/ssh/ssh_host_ed25519_key.pub').read_text()}"
        options = {
            "HostName": address,
            "Port": port,
            "User": "root",
            "IdentityFile": hosts.identity,
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": folder / "known_hosts",
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
        }
        blocks += f"Host {host.name}\n" + "".join(f"  {name} {value}\n" for name, value in options.items())
    (folder / "known_hosts").write_text(known)
    (folder / "ssh_config").write_text(blocks)
    return folder / "ssh_config"


def _make_host(folder: Path, network: Network, index: int, *, count: int) -> FleetHost:
    name, wire = f"h{index}", Wire(network, index)
    place = folder / name
    place.mkdir()
    mount_root(place, folder / "base", Path("/"), source=network.name)
    etc = place / "root/etc"
    (etc / "hostname").write_text(f"{name}\n")
    known = "".join(f"{network.address(other)} h{other}.fleet.example h{other}\n" for other in range(1, count + 1))
    (etc / "hosts").write_text(f"127.0.0.1 localhost\n{known}")
    (etc / "machine-id").write_text(f"{0xD4A70000 + (network.number << 8) + index:032x}\n")
    _make_key(etc / "ssh/ssh_host_ed25519_key", f"root@{name}")
    options = (f"--network-namespace-path={wire.namespace}", "--capability=CAP_NET_ADMIN")
    return FleetHost(place / "root", options, make_group(wire.name), place / "console", name=name, wire=wire)


def _make_key(file: Path, comment: str) -> None:
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file), check=True)


def _main() -> None:
    with tempfile.TemporaryDirectory(prefix="dray-fleet-") as place, fleet(Path(place), int(sys.argv[1])) as hosts:
        names = ", ".join(host.name for host in hosts)
        sys.stderr.write(f"{names} are up until the input ends: ssh -F {hosts.ssh_config} h1\n")
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()


if __name__ == "__main__":
    _main()
