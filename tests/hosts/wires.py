"""The network of a fleet: a bridge on this machine, and a cable from it to each host.

A host's end lies in a network namespace that is made before the host is, so that its address is there when it boots,
and stays when it reboots, without any configuration of the host's own. There is no IPv6: what a link says to all
others by itself would be counted among the bytes sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.hosts.claims import run_ip


@dataclass(frozen=True)
class Network:
    """The network of one fleet.

    Args:
        name: Of its bridge, and the beginning of all other names.
        number: Which of the fleets on this machine it belongs to.
    """

    name: str
    number: int

    @property
    def gateway(self) -> str:
        """The address of this machine."""
        return f"10.232.{self.number}.1"

    def address(self, host: int) -> str:
        """Return the address of a host; the first one's number is 1."""
        return f"10.232.{self.number}.{10 + host}"

    def lay(self) -> None:
        """Make the bridge."""
        run_ip(
            f"link add {self.name} type bridge",
            f"link set {self.name} addrgenmode none",
            f"addr add {self.gateway}/24 dev {self.name}",
            f"link set {self.name} up",
        )


@dataclass
class Wire:
    """The cable of one host.

    Args:
        network: What it leads to.
        host: The host's number.
        is_cut: Whether nothing gets through.
    """

    network: Network
    host: int
    is_cut: bool = False
    _sent_before: int = 0

    @property
    def name(self) -> str:
        """The name of the end on this machine, and of the host's network namespace."""
        return f"{self.network.name}-h{self.host}"

    @property
    def namespace(self) -> Path:
        """The host's network namespace."""
        return Path("/run/netns") / self.name

    @property
    def address(self) -> str:
        """The host's address."""
        return self.network.address(self.host)

    def plug_in(self) -> None:
        """Lay the cable, if it does not lie there."""
        if self.namespace.exists():
            return
        run_ip(
            f"netns add {self.name}",
            f"link add {self.name} type veth peer name host0 netns {self.name}",
            f"link set {self.name} addrgenmode none",
            f"link set {self.name} master {self.network.name} {'down' if self.is_cut else 'up'}",
        )
        run_ip(
            "link set lo up",
            # Always the same card: the bridge and this machine remember its address while the host is off.
            f"link set host0 address 02:d4:a7:00:{self.network.number:02x}:{self.host:02x} addrgenmode none",
            f"addr add {self.address}/24 dev host0",
            "link set host0 up",
            f"route add default via {self.network.gateway}",
            namespace=self.name,
        )

    def pull_out(self) -> None:
        """Take the cable and its namespace away, so that nobody hears of connections which end."""
        if not self.namespace.exists():
            return
        self._sent_before = self.sent_bytes()
        run_ip(f"link del {self.name}", f"netns del {self.name}")

    def set_cut(self, is_cut: bool) -> None:  # noqa: FBT001 - the one thing that it sets
        """Let nothing through any more, or everything again."""
        self.is_cut = is_cut
        if self.namespace.exists():
            run_ip(f"link set {self.name} {'down' if is_cut else 'up'}")

    def sent_bytes(self) -> int:
        """Return how many bytes went to the host so far."""
        counter = Path("/sys/class/net") / self.name / "statistics/tx_bytes"
        return self._sent_before + (int(counter.read_text()) if counter.exists() else 0)
