"""How Ansible finds the hosts of a fleet: an inventory, and what keeps the connections of two fleets apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosts.fleet import Fleet

_INVENTORY = """\
{hosts}
[all:vars]
ansible_user={user}
ansible_python_interpreter=/usr/bin/python3
ansible_ssh_common_args="-F {ssh_config}"
"""
_CONFIG = """\
[ssh_connection]
control_path_dir = {folder}/cp
"""


def write_inventory(project: Path, hosts: Fleet, *, user: str) -> None:
    """Write ``inventory.ini`` and ``ansible.cfg``.

    Connections that are kept are found by the names of hosts, and every fleet has the same.

    Args:
        project: The folder in which Ansible is started.
        hosts: The hosts.
        user: Whom Ansible logs in as.
    """
    names = "\n".join(host.name for host in hosts)
    text = _INVENTORY.format(hosts=names, user=user, ssh_config=hosts.ssh_config)
    (project / "inventory.ini").write_text(text)
    (project / "ansible.cfg").write_text(_CONFIG.format(folder=hosts.folder))
