"""Whether a running node could follow from one build to another, as far as two builds show it.

What its supervisors start, a running node alone can tell; where the new build has asked one, its manifest says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.upgrade.plan import plan_upgrade
from dray.upgrade.suffix import choose_versions

if TYPE_CHECKING:
    from dray.upgrade.build import Build
    from dray.upgrade.compare import Difference


def list_restart_reasons(old: Build, new: Build, difference: Difference) -> tuple[str, ...]:
    """Return why an upgrade would need a restart; nothing where none is known.

    Args:
        old: The build that runs.
        new: The build that it is to become. Applications that changed under the same version count as if they had the
            versions that the step ``upgrade`` gives them.
        difference: What differs between them.

    Raises:
        IntegrityError: A module is damaged.
    """
    versions = choose_versions(new, (old,))
    if versions:
        from dray.upgrade.rename import rename_build  # noqa: PLC0415 - most releases keep their versions

        planned = plan_upgrade(old, rename_build(new, versions))
    else:
        planned = plan_upgrade(old, new, difference)
    return tuple(dict.fromkeys((*planned.reasons, *new.side.upgrades.get(old.version, ()))))
