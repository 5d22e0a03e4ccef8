"""How many hosts follow at a time: ``1``, ``"10%"``, and after the last one the same again.

>>> [len(batch) for batch in split_hosts(range(20), (Batch(1), Batch(25, share=True)))]
[1, 5, 5, 5, 4]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dray.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """A number of hosts.

    Args:
        count: The number, or the percentage.
        share: Whether it is a percentage of the fleet.
    """

    count: int
    share: bool = False

    def size(self, total: int) -> int:
        """Return how many of so many hosts it is; at least one."""
        return max(1, total * self.count // 100 if self.share else self.count)


def parse_batch(given: int | str) -> Batch:
    """Return the batch of a number or of a text such as ``"10%"``.

    Raises:
        ConfigError: It is neither.
    """
    text = str(given)
    number, share = text.removesuffix("%"), text.endswith("%")
    if not number.isascii() or not number.isdigit() or int(number) < 1 or (share and int(number) > 100):
        raise ConfigError('fleet: a batch is a number of hosts, or a percentage such as "10%"', got=repr(given))
    return Batch(int(number), share)


def split_hosts(hosts: Iterable[T], batches: Sequence[Batch]) -> tuple[tuple[T, ...], ...]:
    """Return the hosts in the batches in which they follow."""
    left = tuple(hosts)
    total, number, found = len(left), 0, []
    while left:
        size = batches[min(number, len(batches) - 1)].size(total)
        found.append(left[:size])
        left, number = left[size:], number + 1
    return tuple(found)
