"""A pipeline that did not get to its end: what the steps that still stood before it are told.

def tell(failure: Failure, ctx: Context, *, channel: str) -> None: ...

@step(on_failure=tell)
def announce(release: Release, ctx: Context, *, channel: str) -> Release: ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.core.rollout import Rollout
from dray.errors import DrayError, comes_of_interruption

if TYPE_CHECKING:
    from dray.core.progress import Advance
    from dray.core.release import Release
    from dray.errors import Location


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """What kept a pipeline from its end.

    Args:
        step: The step that failed.
        error: What it raised.
        release: The release as the step got it; without a name where none had one yet.
        limit: The seconds that telling of it may take. There are few after an interruption: somebody waits.
        advances: Every rollout of the pipeline that had begun, as it was last said; the first one first.
    """

    step: str
    error: BaseException
    release: Release
    limit: float
    advances: tuple[Advance, ...] = ()

    @property
    def interrupted(self) -> bool:
        """Whether it was no fault: somebody, or the system, asked dray to stop."""
        return comes_of_interruption(self.error)

    @property
    def what(self) -> str:
        """What happened, in a sentence without a full stop at its end."""
        if self.interrupted:
            return "interrupted"
        if isinstance(self.error, DrayError):
            return self.error.what
        text = str(self.error).strip()
        return f"{type(self.error).__name__}: {text}" if text else type(self.error).__name__

    @property
    def rollout(self) -> Rollout | None:
        """What became of each host, where it was a deployment that failed."""
        return find_rollout(self.error)

    @property
    def location(self) -> Location | None:
        """Where the user wrote it, if that is known."""
        return self.error.location if isinstance(self.error, DrayError) else None


def find_rollout(error: BaseException) -> Rollout | None:
    """Return what became of each host, as an error of a deployment says with its attribute ``rollout``."""
    found = getattr(error, "rollout", None)
    return found if isinstance(found, Rollout) else None
