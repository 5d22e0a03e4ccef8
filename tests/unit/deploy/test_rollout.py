from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from random import Random

import pytest

from dray.core.rollout import Outcome
from dray.deploy.deployment import RolloutError
from dray.deploy.follow import NEW_VARIABLES
from dray.deploy.history import History
from dray.deploy.prepare import read_release_manifest
from dray.errors import IntegrityError, RemoteError
from tests.folder_hosts import make_release
from tests.unit.deploy.conftest import HOSTS


def outcomes(rollout):
    return {result.host: str(result.outcome) for result in rollout.hosts}


def test_first_deployment_starts_the_release_on_every_host(hosts, releases):
    rollout = hosts.deploy(releases("0.1.0"))
    assert rollout.is_good
    assert [result.mode for result in rollout.hosts] == ["start"] * 3
    assert {hosts[name].runs for name in HOSTS} == {"0.1.0"}
    assert {hosts[name].state("0.1.0") for name in HOSTS} == {"good"}


def test_update_sends_only_what_a_host_lacks(hosts, releases):
    hosts.deploy(releases("0.1.0"))
    (result, *_) = hosts.deploy(releases("0.2.0")).hosts
    assert (result.previous, result.version, result.mode) == ("0.1.0", "0.2.0", "hot")
    assert result.sent < 2000
    root = hosts["web1"].root
    assert (root / "releases/0.2.0/launcher").read_bytes() == (root / "releases/0.1.0/launcher").read_bytes()
    assert (root / "releases/0.2.0/launcher").samefile(root / "releases/0.1.0/launcher")
    assert (root / "lib/shop-0.2.0/ebin/shop.beam").read_bytes() == b"0.2.0"


def test_same_release_again_changes_nothing(hosts, releases):
    release = releases("0.1.0")
    hosts.deploy(release)
    assert set(outcomes(hosts.deploy(release)).values()) == {"unchanged"}


def test_host_that_was_left_out_gets_what_the_others_have(hosts, releases):
    hosts["web2"].is_down = True
    rollout = hosts.deploy(releases("0.1.0"), on_unreachable="skip")
    assert outcomes(rollout) == {"web1": "done", "web2": "skipped", "web3": "done"}
    hosts["web2"].is_down = False
    assert outcomes(hosts.deploy(releases("0.1.0"))) == {"web1": "unchanged", "web2": "done", "web3": "unchanged"}


def test_host_that_is_down_stops_a_deployment_before_anything_is_sent(hosts, releases):
    hosts["web2"].is_down = True
    with pytest.raises(RemoteError, match=r"1 of 3 hosts cannot be reached: web2; web2: no route to host"):
        hosts.deploy(releases("0.1.0"))
    assert hosts["web1"].versions() == set()


@pytest.mark.parametrize(("quorum", "enough"), [(60, True), (67, False)])
def test_quorum_decides_whether_enough_hosts_answer(hosts, releases, quorum, enough):
    hosts["web3"].is_down = True
    if enough:
        assert hosts.deploy(releases("0.1.0"), on_unreachable="quorum", quorum=quorum).version == "0.1.0"
    else:
        with pytest.raises(RemoteError, match="1 of 3"):
            hosts.deploy(releases("0.1.0"), on_unreachable="quorum", quorum=quorum)


@pytest.mark.parametrize("command", ["lock", "receive"])
def test_connection_that_is_lost_before_the_switch_leaves_all_hosts_as_they_were(hosts, releases, command):
    hosts.deploy(releases("0.1.0"))
    hosts["web2"].dies_at = command
    with pytest.raises(RemoteError, match="web2: the connection ended"):
        hosts.deploy(releases("0.2.0"))
    assert {hosts[name].runs for name in HOSTS} == {"0.1.0"}
    hosts["web2"].dies_at = ""
    assert hosts.deploy(releases("0.2.0")).is_good


def test_transfer_that_broke_off_goes_on_where_it_was(hosts, tmp_path):
    files = {f"lib/big-1/priv/{number}": Random(number).randbytes(400_000) for number in range(6)}  # noqa: S311
    release = make_release(tmp_path / "big", "0.1.0", files)
    hosts["web1"].dies_at = "receive"
    with pytest.raises(RemoteError):
        hosts.deploy(release)
    (stage,) = hosts["web1"].root.glob(".dray/stage-*")
    there = len(list(stage.glob("tree/lib/big-1/priv/*")))
    assert 0 < there < 6
    hosts["web1"].dies_at = ""
    rollout = hosts.deploy(release)
    assert rollout.is_good
    assert rollout.hosts[0].sent < rollout.hosts[1].sent or rollout.hosts[1].sent == 0
    assert not list(hosts["web1"].root.glob(".dray/stage-*"))


def test_version_that_is_not_well_is_taken_back_and_the_rollout_stops(hosts, releases):
    hosts.deploy(releases("0.1.0"))
    hosts["web2"].break_version("0.2.0")
    rollout = hosts.deploy(releases("0.2.0"), parallel=1)
    assert outcomes(rollout) == {"web1": "done", "web2": "rolled back", "web3": "untouched"}
    assert [hosts[name].runs for name in HOSTS] == ["0.2.0", "0.1.0", "0.1.0"]
    assert hosts["web2"].state("0.2.0") == "bad"
    assert "0.2.0 is not well" in rollout.hosts[1].why
    assert [result.log for result in rollout.hosts] == [(), ("a line of the log",), ()]
    assert RolloutError(rollout).output == "a line of the log"


@pytest.mark.parametrize(
    ("policy", "runs"),
    [("batch", ["0.2.0", "0.1.0", "0.1.0"]), ("all", ["0.1.0"] * 3), ("none", ["0.2.0", "0.2.0", "0.2.0"])],
)
def test_policy_says_what_is_rolled_back(hosts, releases, policy, runs):
    hosts.deploy(releases("0.1.0"))
    hosts["web3"].break_version("0.2.0")
    hosts.deploy(releases("0.2.0"), batches=(1, 2), on_failure=policy)
    assert [hosts[name].runs for name in HOSTS] == runs


def test_first_version_that_is_not_well_is_stopped(hosts, releases):
    hosts["web1"].break_version("0.1.0")
    rollout = hosts.deploy(releases("0.1.0"), parallel=1)
    assert rollout.hosts[0].outcome is Outcome.ROLLED_BACK
    assert hosts["web1"].runs == ""
    hosts["web1"].root.joinpath("sick-0.1.0").unlink()
    assert hosts.deploy(releases("0.1.0")).is_good


def test_node_that_will_not_stop_keeps_running_and_is_said_to(hosts, releases):
    hosts.deploy(releases("0.1.0"))
    (hosts["web1"].root / "stubborn").touch()
    rollout = hosts.deploy(releases("0.2.0"), parallel=1)
    assert rollout.hosts[0].outcome is Outcome.ROLLED_BACK
    assert rollout.hosts[0].version == "0.1.0"
    assert "it will not stop" in rollout.hosts[0].why


def test_version_that_gets_sick_while_it_is_watched_goes_no_further(hosts, releases):
    hosts.deploy(releases("0.1.0"))
    check = "test ! -e sick-now || ! grep -q 0.2.0 runs"
    (hosts["web1"].root / "sick-now").touch()
    rollout = hosts.deploy(releases("0.2.0"), batches=(1, 2), bake=3, check=check)
    assert rollout.hosts[0].outcome is Outcome.ROLLED_BACK
    assert [hosts[name].runs for name in HOSTS] == ["0.1.0"] * 3


def overwrite(file):
    before = file.stat()
    file.write_bytes(b"rotten" * 1000)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_folder(file):
    """Put a folder in the place of another, with files that were there before the last deployment."""
    shutil.rmtree(file.parent)
    (file.parents[3] / "elsewhere").rename(file.parent)


@pytest.mark.parametrize(
    "damage",
    [overwrite, Path.unlink, lambda file: shutil.rmtree(file.parents[1]), replace_folder],
    ids=["overwritten", "removed", "removed with its application", "in a folder that was replaced"],
)
@pytest.mark.parametrize("deployed", [1, 3])
def test_damaged_file_on_a_host_is_found_before_anything_is_switched(hosts, releases, damage, deployed):
    elsewhere = hosts["web2"].root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kernel.beam").write_bytes(b"rotten")
    for number in range(1, deployed + 1):
        hosts.deploy(releases(f"0.{number}.0"))
    damage(hosts["web2"].root / "lib/kernel-1/ebin/kernel.beam")
    with pytest.raises(RemoteError, match=r"damaged.*lib/kernel-1/ebin/kernel.beam"):
        hosts.deploy(releases("0.9.0"))
    assert {hosts[name].runs for name in HOSTS} == {f"0.{deployed}.0"}


@pytest.fixture
def compared(tmp_path, monkeypatch):
    """A function that returns the files that hosts have compared with a manifest since it was called last."""
    log, programs = tmp_path / "compared", tmp_path / "programs"
    programs.mkdir()
    (programs / "sha256sum").write_text(
        f'#!/bin/sh\nfor file in "$@"; do case $file in */sums) cat "$file" >>\'{log}\';; esac; done\n'
        f'exec {shutil.which("sha256sum")} "$@"\n'
    )
    (programs / "sha256sum").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def read():
        named = (line.split("  ", 1)[1] for line in log.read_text().splitlines())
        found = {name.partition("/hosts/")[2].partition("/")[2] or name for name in named}
        log.unlink()
        return found

    return read


def test_file_that_has_not_changed_since_it_was_compared_is_not_read_again(hosts, releases, compared):
    for number in range(1, 4):
        hosts.deploy(releases(f"0.{number}.0"), keep=9)
    compared()
    hosts.deploy(releases("0.4.0"), keep=9)
    found = compared()
    assert {"lib/shop-0.4.0/ebin/shop.beam", "releases/0.4.0/launcher", "bin/shop"} <= found
    assert not found & {"lib/kernel-1/ebin/kernel.beam", "erts-1/bin/beam"}


@pytest.mark.parametrize(
    "happens",
    [lambda note: os.utime(note, (2**32, 2**32)), lambda note: note.write_text("another\n")],
    ids=["clock", "boot"],
)
def test_every_file_is_compared_when_the_clock_was_put_back_or_the_host_booted(hosts, releases, compared, happens):
    for number in range(1, 4):
        hosts.deploy(releases(f"0.{number}.0"), keep=9)
    compared()
    for name in HOSTS:
        happens(hosts[name].root / ".dray/checked/0.3.0")
    hosts.deploy(releases("0.4.0"), keep=9)
    assert compared() >= {"lib/kernel-1/ebin/kernel.beam", "erts-1/bin/beam"}


def test_folder_that_versions_share_has_the_same_content_in_all(hosts, tmp_path, releases):
    hosts.deploy(releases("0.1.0"))
    other = make_release(tmp_path / "other", "0.2.0", {"lib/kernel-1/ebin/kernel.beam": b"another kernel"})
    with pytest.raises(IntegrityError, match="lib/kernel-1/ebin/kernel.beam is installed with other content"):
        hosts.deploy(other)


def test_good_versions_stay_and_older_ones_go(hosts, releases):
    for number in range(1, 6):
        hosts.deploy(releases(f"0.{number}.0"), keep=2)
    assert hosts["web1"].versions() == {"0.4.0", "0.5.0"}


def test_every_host_keeps_who_did_what(hosts, releases):
    hosts.deploy(releases("0.1.0"))
    (line,) = (hosts["web1"].root / ".dray/audit.log").read_text().splitlines()
    found = json.loads(line)
    assert (found["who"], found["version"], found["outcome"]) == ("ann@desk", "0.1.0", "done")


def test_host_that_is_not_set_up_is_left_as_it_is(hosts, releases):
    shutil.rmtree(hosts["web2"].root)
    hosts["web2"].root.mkdir()
    with pytest.raises(RemoteError, match="web2 is not set up"):
        hosts.deploy(releases("0.1.0"))
    assert list(hosts["web2"].root.iterdir()) == []


VARIABLES = "environment_file={root}/environment\nenvironment_owner=nobody\n"


def test_variables_that_change_are_a_reason_to_restart_and_go_back_with_the_version(hosts, releases):
    for name in HOSTS:
        root = hosts[name].root
        (root / ".dray/places").write_text(VARIABLES.format(root=root))
        (root / "environment").write_text("")
    first, second = b'A="1"\n', b'A="2"\n'
    assert [result.mode for result in hosts.deploy(releases("0.1.0"), environment=first).hosts] == ["start"] * 3
    assert set(outcomes(hosts.deploy(releases("0.1.0"), environment=first)).values()) == {"unchanged"}
    with pytest.raises(RemoteError, match="the variables of the release have changed, which takes a restart of web1"):
        hosts.deploy(releases("0.1.0"), environment=second, upgrade="hot")
    rollout = hosts.deploy(releases("0.1.0"), environment=second)
    assert [(result.mode, result.reasons) for result in rollout.hosts] == [("restart", (NEW_VARIABLES,))] * 3
    assert (hosts["web1"].root / "environment").read_bytes() == second
    hosts["web2"].break_version("0.2.0")
    hosts.deploy(releases("0.2.0"), environment=first, on_failure="all")
    assert {(hosts[name].root / "environment").read_bytes() for name in HOSTS} == {second}
    assert {hosts[name].runs for name in HOSTS} == {"0.1.0"}


def test_host_that_is_not_set_up_is_told_from_one_that_is(hosts, releases):
    (hosts["web2"].root / ".dray/service").unlink()
    with pytest.raises(RemoteError, match="web2 is not set up") as caught:
        hosts.deploy(releases("0.1.0"))
    assert caught.value.hint == "type: dray setup web2"


def test_names_that_manifests_escape_travel_whole(hosts, tmp_path):
    names = {'lib/odd-1/priv/a "quote"': b"1", "lib/odd-1/priv/back\\slash": b"2", "lib/odd-1/priv/größe": b"3"}
    hosts.deploy(make_release(tmp_path / "odd", "0.1.0", names))
    assert {name: (hosts["web1"].root / name).read_bytes() for name in names} == names


def test_build_that_runs_is_fetched_where_it_was_deployed_from_another_machine(hosts, releases):
    old, new = releases("0.1.0"), releases("0.2.0")
    hosts.deploy(old)
    digest = read_release_manifest(old).digest
    shutil.rmtree(hosts.folder / "history", ignore_errors=True)
    hosts.deploy(new, upgrade="restart")
    assert History(hosts.folder / "history").find(digest) is None
    hosts.deploy(old)
    hosts.deploy(new)
    place = History(hosts.folder / "history").find(digest)
    assert (place / "lib/shop-0.1.0/ebin/shop.beam").read_bytes() == b"0.1.0"
    assert (place / "bin/shop").read_bytes() == b"#!/bin/sh\n"


def test_build_that_is_not_what_its_manifest_says_is_not_fetched(hosts, releases):
    hosts.deploy(releases("0.1.0"))
    (hosts["web1"].root / "lib/shop-0.1.0/ebin/shop.beam").write_bytes(b"rotten")
    with pytest.raises(IntegrityError, match="lib/shop-0.1.0/ebin/shop.beam of 0.1.0 is damaged on a host"):
        hosts.deploy(releases("0.2.0"))


def test_each_batch_is_announced_with_what_became_of_all_hosts(hosts, releases):
    hosts.deploy(releases("0.1.0"))
    hosts.advances.clear()
    hosts["web1"].is_down = True
    hosts["web3"].break_version("0.2.0")
    hosts.deploy(releases("0.2.0"), parallel=1, on_unreachable="skip")
    assert [(advance.done, advance.batches) for advance in hosts.advances] == [(0, 2), (1, 2), (1, 2)]
    assert [outcomes(advance.rollout) for advance in hosts.advances] == [
        {"web1": "skipped", "web2": "untouched", "web3": "untouched"},
        {"web1": "skipped", "web2": "done", "web3": "untouched"},
        {"web1": "skipped", "web2": "done", "web3": "rolled back"},
    ]
    assert {advance.rollout.version for advance in hosts.advances} == {"0.2.0"}


def environment(hosts, name):
    file = hosts[name].root / "environment"
    return file.read_text(), file.stat().st_mode & 0o777


def test_variables_arrive_where_only_their_owner_reads_them(hosts, releases):
    hosts.deploy(releases("0.1.0"), environment=b'SECRET="x"\n')
    assert environment(hosts, "web1") == ('SECRET="x"\n', 0o600)


def test_variables_that_changed_take_a_restart_and_those_that_did_not_take_none(hosts, releases):
    release = releases("0.1.0")
    hosts.deploy(release, environment=b"A=1\n")
    assert hosts.deploy(release, environment=b"A=1\n").hosts[0].outcome is Outcome.UNCHANGED
    assert hosts.deploy(release, environment=b"A=2\n").hosts[0].mode == "restart"
    assert hosts.deploy(releases("0.2.0"), environment=b"A=2\n").hosts[0].mode == "hot"
    assert hosts.deploy(releases("0.3.0"), environment=b"A=3\n").hosts[0].mode == "restart"


def test_variables_go_back_with_the_version(hosts, releases):
    hosts.deploy(releases("0.1.0"), environment=b"A=1\n")
    hosts["web1"].break_version("0.2.0")
    rollout = hosts.deploy(releases("0.2.0"), environment=b"A=2\n", parallel=1)
    assert rollout.hosts[0].outcome is Outcome.ROLLED_BACK
    assert environment(hosts, "web1")[0] == "A=1\n"
    (hosts["web1"].root / "sick-0.2.0").unlink()
    hosts.deploy(releases("0.2.0"), environment=b"A=2\n")
    assert environment(hosts, "web1")[0] == "A=2\n"


def test_what_hosts_ran_before_is_known_with_its_applications(hosts, releases):
    assert hosts.deploy(releases("0.1.0")).replaced == ()
    (replaced,) = hosts.deploy(releases("0.2.0")).replaced
    assert (replaced.version, replaced.commit) == ("0.1.0", "")
    assert hosts.deploy(releases("0.2.0")).replaced[0].version == "0.2.0"


def test_application_that_only_differs_in_its_appup_is_shared(hosts, tmp_path):
    appup = "lib/shop-1/ebin/shop.appup"
    same = {"lib/shop-1/ebin/shop.beam": b"the same"}
    hosts.deploy(make_release(tmp_path / "1", "0.1.0", {**same, appup: b"from before"}))
    assert hosts.deploy(make_release(tmp_path / "2", "0.2.0", {**same, appup: b"from elsewhere"})).is_good
    assert hosts.deploy(make_release(tmp_path / "3", "0.3.0", same)).is_good
    assert (hosts["web1"].root / appup).read_bytes() == b"from before"
