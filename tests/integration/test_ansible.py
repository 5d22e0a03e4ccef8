"""Deployments by Ansible to booted hosts: what is sent, what follows, what is tried, and what is taken back."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import PATH
from tests.harness import copy_project, dray
from tests.hosts.fleet import fleet
from tests.upgrades import change_project

pytestmark = [pytest.mark.root, pytest.mark.hosts, pytest.mark.sshd, pytest.mark.beam, pytest.mark.ansible]

CONFIG = """\
from dray.steps import ansible, assemble, release

deploy = release("greeter") | assemble() | ansible(inventory="inventory.ini")
"""
INVENTORY = """\
{hosts}
[all:vars]
ansible_user=deploy
ansible_python_interpreter=/usr/bin/python3
ansible_ssh_common_args="-F {ssh_config}"
"""
GREETER = "lib/greeter.ex"
ANSIBLE = {"PATH": PATH, "ANSIBLE_NOCOLOR": "1"}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    with fleet(tmp_path_factory.mktemp("fleet"), 2) as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory, hosts):
    folder = copy_project("single", tmp_path_factory.mktemp("project") / "greeter")
    (folder / "rel").mkdir(exist_ok=True)
    (folder / "rel/config.py").write_text(CONFIG)
    names = "\n".join(host.name for host in hosts)
    (folder / "inventory.ini").write_text(INVENTORY.format(hosts=names, ssh_config=hosts.ssh_config))
    return folder


def deploy(project, *arguments, status=0):
    done = dray("deploy", *arguments, cwd=project, env=ANSIBLE)
    assert done.status == status, done.err
    return done.err


def read_status(host):
    found = host.run("/opt/greeter/.dray/command", "status", "--json")
    return json.loads(found.out or "{}")


def list_states(host):
    folder = host.root / "opt/greeter/.dray/versions"
    return {path.name: path.read_text().split()[0] for path in folder.iterdir()}


def test_a_fleet_is_tried_deployed_updated_and_taken_back(hosts, project):
    """One story, since each part begins where the one before has ended."""
    said = deploy(project, "--set", "ansible.check_mode=true")
    assert "+greeter 1.2.3" in said
    assert not (hosts[0].root / "opt/greeter").exists()

    said = deploy(project)
    for host in hosts:
        assert read_status(host)["version"] == "1.2.3", said
        assert list_states(host) == {"1.2.3": "good"}
    assert re.search(r"1\.2\.3 on 2 hosts, start", said), said

    said = deploy(project)
    assert "1.2.3 runs on 2 hosts already" in said
    assert re.findall(r"changed=(\d+)", said) == ["0", "0"]

    change_project(project, {GREETER: (("hello", "good morning"),)})
    pids = [read_status(host)["pid"] for host in hosts]
    said = deploy(project, "--set", "ansible.check_mode=true")
    assert re.search(r"^-greeter 1\.2\.3\n.*\+greeter 1\.2\.3\+", said, re.MULTILINE | re.DOTALL), said
    assert read_status(hosts[0])["version"] == "1.2.3"
    said = deploy(project)
    assert re.search(r"1\.2\.3 -> 1\.2\.3\+\w{6} on 2 hosts, hot", said), said
    assert [read_status(host)["pid"] for host in hosts] == pids
