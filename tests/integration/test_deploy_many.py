"""Deployments to many booted hosts, of a release that only pretends to run: which hosts are taken, and when."""

from __future__ import annotations

import shutil

import pytest

from dray.deploy.deployment import list_failed, remember_rollout
from dray.deploy.place import Place, shorten_script
from dray.deploy.ssh import SshTransport
from tests.folder_hosts import COMMAND, SCRIPT, SERVICE, FolderHosts, make_release
from tests.hosts.fleet import fleet

pytestmark = [pytest.mark.root, pytest.mark.hosts, pytest.mark.sshd]

COUNT = 20
FAILING = (2, 9, 17)


class ManyHosts(FolderHosts):
    """Booted hosts, reached over ssh, with the release that pretends to run."""

    def __init__(self, hosts, folder):
        self.running = hosts
        for host in hosts:
            shutil.rmtree(host.root / "opt/shop", ignore_errors=True)
        super().__init__(folder, tuple(host.name for host in hosts))
        for host in hosts:
            own = self[host.name].root = host.root / "opt/shop"
            (own / ".dray/versions").mkdir(parents=True)
            for script, text in (("command", COMMAND), ("service", SERVICE)):
                (own / ".dray" / script).write_text(text)
                (own / ".dray" / script).chmod(0o755)

    @property
    def place(self):
        return Place("shop", "/opt/shop", SshTransport(self.running.ssh_config, timeout=60), shorten_script(SCRIPT))

    def runs(self):
        return [self[name].runs for name in self.names]


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    with fleet(tmp_path_factory.mktemp("many"), COUNT) as running:
        yield running


@pytest.fixture
def hosts(booted, tmp_path):
    return ManyHosts(booted, tmp_path)


def make_version(folder, version):
    """Return the release in a version; one application differs."""
    application = {"lib/shop-1/ebin/shop.beam": None, f"lib/shop-{version}/ebin/shop.beam": version.encode()}
    return make_release(folder / version, version, application)


def test_hosts_that_cannot_be_reached_are_skipped_and_only_they_are_tried_again(hosts, tmp_path):
    release = make_version(tmp_path, "0.1.0")
    for number in FAILING:
        hosts.running[number].cut()
    try:
        rollout = hosts.deploy(release, batches=[1, "25%"], on_unreachable="skip")
    finally:
        for number in FAILING:
            hosts.running[number].mend()
    outcomes = [str(result.outcome) for result in rollout.hosts]
    assert outcomes == ["skipped" if number in FAILING else "done" for number in range(COUNT)]
    assert hosts.runs() == ["" if number in FAILING else "0.1.0" for number in range(COUNT)]
    assert not rollout.is_good
    remember_rollout(tmp_path, rollout, who="ann@desk", now=0)
    failed = list_failed(tmp_path, rollout.fleet)
    assert failed == tuple(f"h{number + 1}" for number in FAILING)
    rollout = hosts.deploy(release, hosts=failed)
    assert [(result.host, str(result.outcome)) for result in rollout.hosts] == [(name, "done") for name in failed]
    assert hosts.runs() == ["0.1.0"] * COUNT


def test_batch_with_hosts_that_are_not_well_is_taken_back_and_no_other_follows(hosts, tmp_path):
    hosts.deploy(make_version(tmp_path, "0.1.0"))
    for number in FAILING:
        hosts[f"h{number + 1}"].break_version("0.2.0")
    rollout = hosts.deploy(make_version(tmp_path, "0.2.0"), batches=[2, 5], timeout=1)
    outcomes = [str(result.outcome) for result in rollout.hosts]
    # h3 is not well, and is in the second batch
    assert outcomes == ["done"] * 2 + ["rolled back"] * 5 + ["untouched"] * 13
    assert hosts.runs() == ["0.2.0"] * 2 + ["0.1.0"] * 18
    for number in FAILING:
        (hosts[f"h{number + 1}"].root / "sick-0.2.0").unlink()
    rollout = hosts.deploy(make_version(tmp_path, "0.2.0"), batches=[2, 5])
    assert rollout.is_good
    assert hosts.runs() == ["0.2.0"] * COUNT
