#!/usr/bin/python
# Copyright: the dray authors
# SPDX-License-Identifier: Apache-2.0
"""Says what is installed of a release, and what runs; see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: release_info
short_description: Say which versions of a release a host has, and which one runs
version_added: "0.1.0"
description:
  - Reads what a host has of a release that dray deploys, and changes nothing.
options:
  root:
    description: The folder of the release.
    type: path
    required: true
attributes:
  check_mode:
    support: full
    description: Nothing is changed at any time.
seealso:
  - module: dray.release.deploy
author:
  - The dray authors (@dray)
"""

EXAMPLES = r"""
- name: Ask what runs
  dray.release.release_info:
    root: /opt/shop
  register: shop

- name: Show it
  ansible.builtin.debug:
    var: shop.running
"""

RETURN = r"""
running:
  description: The version that runs; empty where nothing answers.
  type: str
  returned: success
state:
  description: C(running), C(silent) or C(stopped).
  type: str
  returned: success
permanent:
  description: The version that the next start starts; empty for none.
  type: str
  returned: success
is_set_up:
  description: Whether the host knows how to run the release.
  type: bool
  returned: success
manifests:
  description: The SHA-256 of the manifests of the versions that are installed, the newest last.
  type: list
  elements: str
  returned: success
versions:
  description: The versions that are installed, each with C(version), C(manifest), C(state) and C(since).
  type: list
  elements: dict
  returned: success
"""

try:
    from ansible.module_utils.basic import AnsibleModule
except ImportError:  # read by the tests of its parts, without Ansible
    AnsibleModule = None

from ansible_collections.dray.release.plugins.module_utils.host import look_at_host


def describe_host(root):
    """Return what the task reports."""
    host = look_at_host(root)
    versions = sorted(host.versions, key=lambda item: (item.version == host.permanent, item.since))
    return {
        "changed": False,
        "running": host.running,
        "state": host.run_state,
        "permanent": host.permanent,
        "is_set_up": host.is_set_up,
        "manifests": [item.manifest for item in versions],
        "versions": [
            {"version": item.version, "manifest": item.manifest, "state": item.state, "since": item.since}
            for item in versions
        ],
    }


def main():
    """Run the task."""
    module = AnsibleModule({"root": {"type": "path", "required": True}}, supports_check_mode=True)
    module.exit_json(**describe_host(module.params["root"]))


if __name__ == "__main__":
    main()
