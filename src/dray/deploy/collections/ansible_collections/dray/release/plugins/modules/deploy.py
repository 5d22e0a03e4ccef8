#!/usr/bin/python
# Copyright: the dray authors
# SPDX-License-Identifier: Apache-2.0
"""Deploys a release that dray has put into a store; see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: deploy
short_description: Deploy a release of an Elixir or Erlang application
version_added: "0.1.0"
description:
  - Takes a host to a version of a release that dray has put into a store. Only the files that no version on the
    host has are fetched, all of them are checked, and the running node follows hot where that is possible, else by
    a restart.
  - A version that is not well is marked as bad, the host goes back to what it ran, and the task fails.
  - The host needs Python 3.8 and a POSIX shell, and the task root.
options:
  name:
    description: The release.
    type: str
    required: true
  store:
    description:
      - Where the release is stored. A URL that the host fetches from, or a folder or a tar on the host.
    type: str
    required: true
  version:
    description: The version; C(latest) for the one that was stored last.
    type: str
    default: latest
  checksum:
    description:
      - The SHA-256 of the release's entry in the store, as dray prints it. It covers all that is deployed, so that
        the store itself need not be trusted.
    type: str
  root:
    description: The folder of the release; by default the one that C(config("service", root=...)) says.
    type: path
  state:
    description:
      - With C(running) the version runs when the task is done. With C(installed) it lies beside what runs, checked,
        so that all hosts of a play have it before the first one follows.
    type: str
    choices: [installed, running]
    default: running
  setup:
    description: Whether to make the host ready where it is not, with user, folders and the init system's service.
    type: bool
    default: true
  variables:
    description:
      - The variables of the service, secrets among them, for a file that only root reads. What changes them
        restarts the release. Without this option the file stays as it is.
    type: dict
  upgrade:
    description: With C(hot) a restart is refused, with C(restart) the release is always restarted.
    type: str
    choices: [auto, hot, restart]
    default: auto
  check:
    description:
      - When the release is well besides being ready. A URL that the host asks, C(elixir:) and an expression that is
        true, or a command that the host runs in the folder of the release.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds until a release that is not well has failed.
    type: int
    default: 60
  keep:
    description: How many good versions stay on the host.
    type: int
    default: 5
  retry:
    description:
      - Whether a version that was not well on this host is tried again. Say C(false) where a timer runs the task.
    type: bool
    default: true
  url_username:
    description: Whom to log in as where the store asks for it.
    type: str
  url_password:
    description: With which password.
    type: str
  validate_certs:
    description: Whether the certificate of the store must be valid.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: Nothing is changed; what would be is reported.
  diff_mode:
    support: full
    description: Shows the versions and the applications that differ.
seealso:
  - module: dray.release.release_info
author:
  - The dray authors (@dray)
"""

EXAMPLES = r"""
- name: Deploy the newest release of a store
  dray.release.deploy:
    name: shop
    store: https://releases.shop.example

- name: Deploy the very bytes that were built, with secrets of the vault
  dray.release.deploy:
    name: shop
    store: https://releases.shop.example
    version: 0.2.0
    checksum: 4d1b1f0e7d3f5c8a...
    check: ["http://localhost:4000/health"]
    variables:
      SECRET_KEY_BASE: "{{ vault_secret_key_base }}"

- name: Bring a release to all hosts before the first one follows
  dray.release.deploy:
    name: shop
    store: https://releases.shop.example
    state: installed
"""

RETURN = r"""
name:
  description: The release.
  type: str
  returned: success
state:
  description: What the task was to reach, C(installed) or C(running).
  type: str
  returned: success
version:
  description: The version that is deployed; after a failure, the one that runs.
  type: str
  returned: always
previous:
  description: The version that ran before; empty for none.
  type: str
  returned: always
mode:
  description: How the host was taken to it, C(hot), C(restart) or C(start); empty where nothing was switched.
  type: str
  returned: success
reasons:
  description: Why a restart was needed.
  type: list
  elements: str
  returned: success
applications:
  description: The applications that differ from what ran, each with its name and its version before and after.
  type: list
  elements: dict
  returned: success
files:
  description: How many files the host lacked.
  type: int
  returned: success
fetched:
  description: How many bytes were read from the store.
  type: int
  returned: success
rolled_back:
  description: Whether the host runs what it ran before.
  type: bool
  returned: failure
log:
  description: The last lines that the release and its launcher said.
  type: list
  elements: str
  returned: failure
"""

try:
    from ansible.module_utils.basic import AnsibleModule
    from ansible.module_utils.urls import open_url
except ImportError:  # read by the tests of its parts, without Ansible
    AnsibleModule = open_url = None

import functools
import os

from ansible_collections.dray.release.plugins.module_utils.activate import carry_out
from ansible_collections.dray.release.plugins.module_utils.deployment import DeploymentError, Request, read_intent
from ansible_collections.dray.release.plugins.module_utils.fetch import TIMEOUT, Fetcher
from ansible_collections.dray.release.plugins.module_utils.kit import KitError
from ansible_collections.dray.release.plugins.module_utils.plan import PlanError
from ansible_collections.dray.release.plugins.module_utils.store import StoreError, open_store

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "store": {"type": "str", "required": True},
    "version": {"type": "str", "default": "latest"},
    "checksum": {"type": "str"},
    "root": {"type": "path"},
    "state": {"type": "str", "choices": ["installed", "running"], "default": "running"},
    "setup": {"type": "bool", "default": True},
    "variables": {"type": "dict", "no_log": True},
    "upgrade": {"type": "str", "choices": ["auto", "hot", "restart"], "default": "auto"},
    "check": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 60},
    "keep": {"type": "int", "default": 5},
    "retry": {"type": "bool", "default": True},
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
}


def build_request(parameters):
    """Return what the task asks for."""
    values = {name: parameters.get(name) for name in Request._fields}
    user = os.environ.get("SUDO_USER", "")
    values.update(checks=parameters["check"], who="ansible%s" % (f" as {user}" if user else ""))
    return Request(**values)


def main():
    """Run the task."""
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    given = module.params
    options = {"url_username": given["url_username"], "url_password": given["url_password"], "http_agent": "dray"}
    plain = functools.partial(
        open_url,
        validate_certs=given["validate_certs"],
        force_basic_auth=bool(given["url_username"]),
        timeout=TIMEOUT,
        **options,
    )
    fetch = Fetcher(plain, given["url_username"], given["url_password"], validate_certs=given["validate_certs"])
    os.umask(0o022)
    try:
        store = open_store(given["store"], fetch)
        intent = read_intent(build_request(given), store)
        if module.check_mode or not intent.changes:
            module.exit_json(**intent.describe())
        module.exit_json(**carry_out(intent, store))
    except DeploymentError as error:
        module.fail_json(msg=str(error), **error.facts)
    except (StoreError, PlanError, KitError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
