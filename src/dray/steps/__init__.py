"""The built-in steps, as ``rel/config.py`` imports them.

from dray.steps import assemble, phoenix, release, tar
"""

from dray.steps import phoenix
from dray.steps.ansible import ansible
from dray.steps.apt import apt
from dray.steps.assemble import assemble
from dray.steps.deb import deb
from dray.steps.file import file
from dray.steps.hook import hook
from dray.steps.local import local
from dray.steps.mix import mix
from dray.steps.notify import notify
from dray.steps.overlay import overlay
from dray.steps.rehearse import rehearse
from dray.steps.release import release
from dray.steps.script import script
from dray.steps.service import service
from dray.steps.slack import slack
from dray.steps.ssh import ssh
from dray.steps.store import store
from dray.steps.tar import tar
from dray.steps.upgrade import upgrade

__all__ = [
    "ansible",
    "apt",
    "assemble",
    "deb",
    "file",
    "hook",
    "local",
    "mix",
    "notify",
    "overlay",
    "phoenix",
    "rehearse",
    "release",
    "script",
    "service",
    "slack",
    "ssh",
    "store",
    "tar",
    "upgrade",
]
