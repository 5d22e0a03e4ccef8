"""The built-in steps, as ``rel/config.py`` imports them.

    from dray.steps import assemble, release, tar
"""

from dray.steps.assemble import assemble
from dray.steps.file import file
from dray.steps.overlay import overlay
from dray.steps.release import release
from dray.steps.tar import tar

__all__ = ["assemble", "file", "overlay", "release", "tar"]
