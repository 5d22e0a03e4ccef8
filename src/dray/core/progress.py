"""How far a deployment is: what its step says while it runs, and what the steps behind it hear.

ctx.announce(Advance(rollout, batches=3, done=1))  # in the step that deploys

def tell(so_far: Progress, ctx: Context, *, channel: str) -> str: ...

@step(on_progress=tell)
def announce(release: Release, ctx: Context, *, channel: str) -> Release: ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dray.core.release import Release
    from dray.core.rollout import Rollout


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a rollout is.

    Args:
        rollout: What became of the hosts so far; those whose turn has not come are untouched.
        batches: In how many batches the hosts follow; 0 while they are asked what they have, and get what they lack.
        done: How many batches have followed.
    """

    rollout: Rollout
    batches: int = 0
    done: int = 0

    @property
    def is_over(self) -> bool:
        """Whether all batches have followed."""
        return 0 < self.batches <= self.done


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pipeline is with what it deploys.

    Args:
        step: The step that deploys.
        release: The release as the step got it.
        advances: Every rollout of the pipeline that has begun, as it was last said; the first one first.
        limit: The seconds that telling of it may take.
    """

    step: str
    release: Release
    advances: tuple[Advance, ...]
    limit: float
