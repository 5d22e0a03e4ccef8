"""The format ``daemon``: upstart that starts the release through ``start-stop-daemon``, as foreman's format does.

For versions of upstart before 1.4, which know no ``setuid``.
"""

from __future__ import annotations

from dray.service.upstart import Upstart

DAEMON = Upstart(name="daemon", description="upstart before 1.4, which runs the release by start-stop-daemon")
