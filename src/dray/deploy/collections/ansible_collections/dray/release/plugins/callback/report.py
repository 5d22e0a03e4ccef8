# Copyright: the dray authors
# SPDX-License-Identifier: Apache-2.0
"""Tells dray what became of the hosts; see DOCUMENTATION. Ansible loads it, dray itself never does."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: report
type: notification
short_description: Write what the tasks of dray.release.deploy return
description:
  - Appends a line of JSON to a file for each result of M(dray.release.deploy), and for each host that is unreachable.
options:
  file:
    description: The file; without it nothing is written.
    type: path
    env:
      - name: DRAY_ANSIBLE_REPORT
author:
  - The dray authors (@dray)
"""

import json

from ansible.plugins.callback import CallbackBase

MODULE = "dray.release.deploy"


class CallbackModule(CallbackBase):
    """Writes the report."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "dray.release.report"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result):
        """Hear of a task that went well."""
        self._note(result, {})

    def v2_runner_on_failed(self, result, ignore_errors=False):  # noqa: FBT002 - Ansible's own interface
        """Hear of a task that failed."""
        if not ignore_errors:
            self._note(result, {"failed": True})

    def v2_runner_on_unreachable(self, result):
        """Hear of a host that cannot be reached."""
        self._write(result, {"unreachable": True})

    def _note(self, result, facts):
        task = getattr(result, "task", None) or result._task  # noqa: SLF001 - before Ansible 2.19
        if MODULE in (task.resolved_action, task.action):
            self._write(result, facts)

    def _write(self, result, facts):
        path = self.get_option("file")
        if not path:
            return
        said = getattr(result, "result", None) or result._result  # noqa: SLF001 - before Ansible 2.19
        host = getattr(result, "host", None) or result._host  # noqa: SLF001 - before Ansible 2.19
        kept = {name: value for name, value in said.items() if name not in ("invocation", "diff", "exception")}
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(dict(kept, host=host.get_name(), **facts), default=str) + "\n")
