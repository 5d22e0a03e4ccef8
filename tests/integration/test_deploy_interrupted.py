"""Deployments that break off: by a cable, a plug, Ctrl-C, or a signal; and two that meet."""

from __future__ import annotations

import contextlib
import re
from random import Random

import pytest

from tests.deployed import LONG, ask_price, begin_shop, list_stages, require_whole, wait_until_free
from tests.harness import wait_for
from tests.hosts.fleet import fleet
from tests.hosts.relay import relayed

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts, pytest.mark.sshd]

NAMES = ("h1", "deploy@h2")
NOISE = 8
STEPS = "".join(f'file("share/noise-{number}", source="noise-{number}") | ' for number in range(NOISE))
"""What takes a while to send."""
WAIT = "until test -e go; do sleep 0.1; done"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    with fleet(tmp_path_factory.mktemp("fleet"), len(NAMES)) as running:
        yield running


@pytest.fixture(scope="module")
def running(hosts, compiled_shop, tmp_path_factory):
    """The shop, running on both hosts."""
    return begin_shop(compiled_shop, hosts, tmp_path_factory.mktemp("interrupted") / "shop", NAMES)


@pytest.fixture
def shop(running, hosts):
    """The same, free, and reached without detours."""
    running.configure(*NAMES)
    yield running
    running.ssh_config = hosts.ssh_config
    (running.project / "go").unlink(missing_ok=True)
    wait_until_free(running)


def make_noise(shop):
    """Let the next release be large, by files that nobody has."""
    for number in range(NOISE):
        (shop.project / f"noise-{number}").write_bytes(Random(f"{shop.project} {number}").randbytes(400_000))  # noqa: S311


def wait_for_part(host, *, files):
    """Wait until a host has received some files, and not yet all."""
    stage = "tree/share/noise-*"
    wait_for(lambda: sum(len(list(path.glob(stage))) for path in list_stages(host)) >= files, "files", LONG)


def count_sent(text, host):
    return int(re.search(rf"{host} +receiving +(\d+) files", text)[1])


def require_one_of(shop, hosts, versions):
    """Fail unless every host runs one of the versions, and has all of it."""
    wait_for(lambda: all(shop.versions()), "the release to run", LONG)
    for host, version in zip(hosts, shop.versions(), strict=True):
        assert version in versions
        require_whole(host, version)
        assert ask_price(host).startswith("a lamp costs")


def finish(shop, hosts):
    """Type the same again: it must work, and both hosts have the same."""
    shop.deploy()
    (version,) = set(shop.versions())
    require_one_of(shop, hosts, {version})


def test_transfer_goes_on_after_a_cut_cable_where_it_was(shop, hosts):
    before = shop.versions()
    make_noise(shop)
    with contextlib.ExitStack() as stack:
        with relayed(hosts, rate=400_000) as slow:
            shop.ssh_config = slow
            shop.configure("h1", note="cut\n", steps=STEPS)
            deploying = stack.enter_context(shop.started("deploy"))
            wait_for_part(hosts[0], files=2)
            hosts[0].cut()
        # The relay is gone now: this machine hears that the connection is lost, and the host does not.
        assert deploying.wait() == 3
        assert "was lost" in deploying.said or "the connection ended" in deploying.said
    hosts[0].mend()
    shop.ssh_config = hosts.ssh_config
    shop.configure("h1", note="cut\n", steps=STEPS)
    assert shop.versions() == before[:1]
    done = shop.deploy()
    assert 0 < count_sent(done.err, "h1") < count_sent(deploying.said, "h1")
    require_one_of(shop, hosts[:1], {shop.versions()[0]})


def test_plug_that_is_pulled_during_the_switch_leaves_a_version_whole(shop, hosts):
    shop.configure(*NAMES, upgrade="restart")
    before = shop.versions()
    with shop.started("deploy") as deploying:
        deploying.wait_to_say("switching")
        hosts[0].pull_the_plug()
        hosts[0].boot()
        assert deploying.wait() == 3
        assert "dray status says what runs there" in deploying.said or "was lost" in deploying.said
    after = [*before, *shop.versions()]
    require_one_of(shop, hosts, {version for version in after if version})
    finish(shop, hosts)


def test_interruption_of_a_transfer_leaves_everything_as_it_was(shop, hosts):
    before = shop.versions()
    make_noise(shop)
    with relayed(hosts, rate=400_000) as slow:
        shop.ssh_config = slow
        shop.configure(*NAMES, note="interrupted\n", steps=STEPS.replace("share", "share/again"))
        with shop.started("deploy") as deploying:
            deploying.wait_to_say("receiving")
            wait_for(lambda: list_stages(hosts[1]), "the transfer", LONG)
            assert deploying.interrupt() == 130
    shop.ssh_config = hosts.ssh_config
    shop.configure(*NAMES)
    wait_until_free(shop)
    assert shop.versions() == before
    finish(shop, hosts)


@pytest.mark.parametrize("upgrade", ["auto", "restart"])
def test_interruption_of_a_switch_lets_the_hosts_finish_it(shop, hosts, upgrade):
    shop.configure(*NAMES, upgrade=upgrade)
    before = shop.versions()
    with shop.started("deploy") as deploying:
        deploying.wait_to_say("switching")
        assert deploying.interrupt() == 130
        assert "dray status" in deploying.said
    wait_until_free(shop)
    new = {version["version"] for item in shop.status().values() for version in item["versions"]}
    require_one_of(shop, hosts, {*before, *new})
    finish(shop, hosts)


@pytest.mark.parametrize("moment", ["receiving", "switching"])
def test_lock_of_a_killed_dray_is_taken_over(shop, hosts, moment):
    shop.configure(*NAMES)
    with shop.started("deploy") as deploying:
        deploying.wait_to_say(moment)
        deploying.process.kill()
    finish(shop, hosts)


def test_of_two_deployments_one_goes_on_and_the_other_says_whose_turn_it_is(shop, hosts, tmp_path):
    shop.configure(*NAMES, before=WAIT)
    colleague = shop.copy(tmp_path / "colleague")
    with shop.started("deploy") as first, colleague.started("deploy") as second:
        wait_for(lambda: (first.process.poll(), second.process.poll()) != (None, None), "one to give way", LONG)
        loser, winner = (first, second) if first.process.poll() is not None else (second, first)
        assert loser.wait() == 3
        assert re.search(r"h1 is being deployed to: \S+@\S+ deploys shop since \d\d:\d\d", loser.said)
        assert "if nobody does: dray unlock h1" in loser.said
        assert "deploys shop since" in shop.status()["h1"]["lock"]
        (winner.log.parent / "go").touch()
        assert winner.wait() == 0, winner.said
    finish(shop, hosts)


def test_lock_that_is_taken_away_ends_the_deployment_that_had_it(shop, hosts, tmp_path):
    shop.configure(*NAMES, before=WAIT)
    colleague = shop.copy(tmp_path / "colleague")
    before = shop.versions()
    with colleague.started("deploy") as deploying:
        deploying.wait_to_say("installed")
        wait_for(lambda: shop.status()["h2"].get("lock"), "the lock", LONG)
        done = shop("unlock")
        assert re.search(r"h2: unlocked; it said: \S+@\S+ deploys shop since", done.err), done.err
        (colleague.project / "go").touch()
        assert deploying.wait() == 3, deploying.said
    assert shop.versions() == before
    shop.configure(*NAMES)
    finish(shop, hosts)
