"""dray carries BEAM applications from ``mix.exs`` to running servers.

The names here are what a step is written with::

    from dray import Context, File, Release, step

They are looked up when first used, so that ``dray --version`` does not pay for them.
"""

from __future__ import annotations

import importlib

from dray._version import __version__

TYPE_CHECKING = False  # as typing has it, which takes 3 ms to load

if TYPE_CHECKING:
    from dray.core.artifact import Artifact
    from dray.core.contents import Directory, File, Symlink
    from dray.core.context import Context
    from dray.core.failure import Failure
    from dray.core.hook import add_hook
    from dray.core.pipeline import Pipeline, parallel
    from dray.core.progress import Advance, Progress
    from dray.core.release import Release
    from dray.core.step import Step, step
    from dray.errors import StepError

__all__ = [
    "Advance",
    "Artifact",
    "Context",
    "Directory",
    "Failure",
    "File",
    "Pipeline",
    "Progress",
    "Release",
    "Step",
    "StepError",
    "Symlink",
    "__version__",
    "add_hook",
    "parallel",
    "step",
]

_HOME = {
    "Advance": "dray.core.progress",
    "Artifact": "dray.core.artifact",
    "Context": "dray.core.context",
    "Directory": "dray.core.contents",
    "Failure": "dray.core.failure",
    "File": "dray.core.contents",
    "Pipeline": "dray.core.pipeline",
    "Progress": "dray.core.progress",
    "Release": "dray.core.release",
    "Step": "dray.core.step",
    "StepError": "dray.errors",
    "Symlink": "dray.core.contents",
    "add_hook": "dray.core.hook",
    "parallel": "dray.core.pipeline",
    "step": "dray.core.step",
}


def __getattr__(name: str) -> object:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module 'dray' has no attribute {name!r}") from None
    return getattr(importlib.import_module(home), name)
