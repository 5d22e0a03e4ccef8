"""Deployments by Ansible to booted hosts: what is sent, what follows, what is tried, and what is taken back."""

from __future__ import annotations

import json
import re
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.collection import COLLECTION, COLLECTIONS
from tests.conftest import PATH
from tests.harness import ROOT, copy_project, dray, run
from tests.hosts.file_server import served
from tests.hosts.fleet import fleet
from tests.hosts.inventory import write_inventory
from tests.upgrades import change_project

pytestmark = [pytest.mark.root, pytest.mark.hosts, pytest.mark.sshd, pytest.mark.beam, pytest.mark.ansible]

CONFIG = """\
from dray.steps import ansible, assemble, release

deploy = release("greeter") | assemble() | ansible(inventory="inventory.ini")
"""
GREETER = "lib/greeter.ex"
FOUND = {"PATH": PATH, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1"}
ANSIBLE = {
    "PATH": PATH,
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_TIMEOUT": "60",  # a busy machine takes its time; a host behind a cable that is cut does not
    "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=30s -o ConnectTimeout=10 -o ServerAliveInterval=5",
}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    with fleet(tmp_path_factory.mktemp("fleet"), 2) as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory, hosts):
    folder = copy_project("single", tmp_path_factory.mktemp("project") / "greeter")
    (folder / "rel").mkdir(exist_ok=True)
    (folder / "rel/config.py").write_text(CONFIG)
    write_inventory(folder, hosts, user="deploy")
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
    assert "1.2.3 on 2 hosts, start" in said

    said = deploy(project)
    assert "1.2.3 runs on 2 hosts already" in said
    assert re.findall(r"changed=(\d+)", said) == ["0", "0"]

    change_project(project, {GREETER: (("you are number", "you are visitor"),)})
    pids = [read_status(host)["pid"] for host in hosts]
    said = deploy(project, "--set", "ansible.check_mode=true")
    assert re.search(r"-greeter 1\.2\.3$.*\+greeter 1\.2\.3\+", said, re.MULTILINE | re.DOTALL), said
    assert read_status(hosts[0])["version"] == "1.2.3"
    before = hosts.sent_bytes()
    said = deploy(project, "--set", "ansible.serial=1,100%")
    assert re.search(r"1\.2\.3 -> 1\.2\.3\+\w{6} on 2 hosts, hot", said), said
    assert [read_status(host)["pid"] for host in hosts] == pids
    assert hosts.sent_bytes() - before < 3_000_000, "each task brings its module, and the release only what changed"
    good = read_status(hosts[0])["version"]

    change_project(project, {GREETER: (("you are visitor", "you are nobody"),)})
    options = ("ansible.serial=1", "ansible.timeout=1", "ansible.check=elixir:false")
    said = deploy(project, *(f"--set={option}" for option in options), status=3)
    assert f"was not taken by 1 of 2 hosts: h1 runs {good} again" in said, said
    assert [read_status(host)["version"] for host in hosts] == [good, good]
    assert [read_status(host)["pid"] for host in hosts] == pids
    assert sorted(list_states(hosts[0]).values()) == ["bad", "good", "good"]
    assert sorted(list_states(hosts[1]).values()) == ["good", "good", "ready"]


def test_a_host_that_cannot_be_reached_leaves_all_as_they_are(hosts, project):
    """It needs the hosts of the test before."""
    running = [read_status(host)["version"] for host in hosts]
    change_project(project, {GREETER: (("you are nobody", "you are a guest"),)})
    hosts[1].cut()
    try:
        said = deploy(project, status=3)
    finally:
        hosts[1].mend()
    assert "was not taken by h2" in said
    assert [read_status(host)["version"] for host in hosts] == running


def test_a_host_follows_a_store_by_itself(hosts, project):
    """It needs the store that the tests before have filled."""
    host = hosts[0]
    copy_ansible(host)
    with served(project / "_build/prod/.dray/ansible/store") as port:
        store = f"http://{host.wire.network.gateway}:{port}"
        said = pull(host, store, variables={"GREETING": "hello you"})
        assert "changed=1" in said
        status = read_status(host)
        newest = json.loads((project / "_build/prod/.dray/ansible/store/greeter.json").read_text())["releases"][-1]
        assert status["version"] == newest["version"]
        assert (host.root / "etc/greeter/environment").read_text() == 'GREETING="hello you"\n'
        said = pull(host, store, variables={"GREETING": "hello you"})
        assert "changed=0" in said
        assert read_status(host)["pid"] == status["pid"]


def copy_ansible(host):
    """Bring Ansible and the collection to a host, whose Python must be like that of the tests."""
    minor = host.run("/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])").out.split()
    if minor != [str(number) for number in sys.version_info[:2]]:
        pytest.skip(f"the hosts have Python {'.'.join(minor)}, and Ansible is here for another one")
    site, target = Path(sysconfig.get_path("purelib")), host.root / "srv/ansible"
    for name in ("ansible", "jinja2", "markupsafe", "yaml", "_yaml", "cryptography", "packaging", "resolvelib"):
        shutil.copytree(site / name, target / name)
        for found in (*site.glob(f"{name}*.dist-info"), *site.glob(f"py{name}*.dist-info")):
            shutil.copytree(found, target / found.name, dirs_exist_ok=True)
    for found in (*site.glob("_cffi_backend*"), *site.glob("cffi")):
        (shutil.copytree if found.is_dir() else shutil.copy)(found, target / found.name)
    shutil.copytree(COLLECTIONS / "ansible_collections", target / "ansible_collections")


def pull(host, store, *, variables):
    given = json.dumps({"dray_name": "greeter", "dray_store": store, "dray_variables": variables})
    done = host.run(
        *("env", "PYTHONPATH=/srv/ansible", "ANSIBLE_COLLECTIONS_PATH=/srv/ansible", "HOME=/root", "LC_ALL=C.UTF-8"),
        *("/usr/bin/python3", "-m", "ansible", "playbook", "--connection=local", "--inventory=localhost,"),
        *("dray.release.pull", f"--extra-vars={given}"),
    )
    assert done.status == 0, done.out + done.err
    return done.out


def test_documentation_is_shown_by_ansible():
    for name in ("deploy", "release_info"):
        done = run("ansible-doc", "-t", "module", f"dray.release.{name}", cwd=ROOT, env=FOUND)
        assert done.status == 0, done.err
        assert "OPTIONS" in done.out
    done = run("ansible-doc", "-t", "role", "dray.release.release", cwd=ROOT, env=FOUND)
    assert "dray_variables" in done.out, done.err


def test_the_collection_can_be_built(tmp_path):
    done = run("ansible-galaxy", "collection", "build", COLLECTION, "--output-path", tmp_path, cwd=ROOT, env=FOUND)
    assert done.status == 0, done.err
    assert [path.name for path in tmp_path.iterdir()] == ["dray-release-0.1.0.tar.gz"]
