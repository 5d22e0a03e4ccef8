"""The step runs ansible-playbook as a program, and tells what it says of the hosts."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from dray.core.context import Completed
from dray.core.release import Release
from dray.core.rollout import Outcome
from dray.deploy.deployment import RolloutError
from dray.errors import ConfigError, ToolError
from dray.steps import ansible, store
from tests.collection import COLLECTIONS
from tests.fakes import FakeConsole, FakeShell
from tests.stored import make_release

FILES = {"bin/shop": b"#!/bin/sh\n", "lib/shop-1.0/ebin/shop.beam": b"one"}


class Playbook:
    """Stands for ansible-playbook: writes what hosts say, and remembers how it was called."""

    def __init__(self, *said, status=0):
        self.said, self.status = said, status

    def __call__(self, argv, *, env, **_):
        self.argv, self.env = argv, env
        self.variables = json.loads(Path(argv[2].removeprefix("--extra-vars=@")).read_text())
        report = "".join(json.dumps(line) + "\n" for line in self.said)
        Path(env["DRAY_ANSIBLE_REPORT"]).write_text(report)
        return Completed(argv, self.status)


def result(host, **given):
    return {"host": host, "state": "running", "version": "1", "previous": "", "fetched": 7, "failed": False, **given}


def run(tmp_path, make_ctx, playbook, **options):
    console = FakeConsole()
    ctx = make_ctx(shell=FakeShell({"ansible-playbook": playbook}), console=console, environ={"HOME": "/home/ada"})
    release = make_release(tmp_path / "tree", "1", FILES)
    return ansible.run(release, ctx, "hosts.ini", **options), console


def test_without_the_program_it_says_what_to_install(tmp_path, make_ctx):
    release = make_release(tmp_path / "tree", "1", FILES)
    with pytest.raises(ToolError, match="ansible-playbook is missing") as raised:
        ansible.run(release, make_ctx(), "hosts.ini")
    assert raised.value.hint == "pipx install ansible-core"


def test_the_program_is_run_with_the_collection_and_what_the_user_says(tmp_path, make_ctx):
    playbook = Playbook(result("h1", mode="hot", previous="0"))
    options = {"limit": "web", "serial": (1, "25%"), "extra_arguments": ("--forks=50",), "check": "test -e x"}
    run(tmp_path, make_ctx, playbook, **options)
    assert playbook.argv[:2] == ("ansible-playbook", "--inventory=hosts.ini")
    assert playbook.argv[3:] == ("--limit=web", "--forks=50", "dray.release.deploy")
    assert playbook.env["ANSIBLE_COLLECTIONS_PATH"].split(":")[0] == str(COLLECTIONS)
    assert playbook.env["ANSIBLE_CALLBACKS_ENABLED"] == "dray.release.report"
    assert playbook.variables["dray_serial"] == [1, "25%"]
    assert playbook.variables["dray_check"] == ["test -e x"]
    assert "dray_store" not in playbook.variables
    own, whole = playbook.variables["dray_packs"]
    assert whole["base"] == ""
    counts = []
    for pack in (own, whole):
        with tarfile.open(pack["path"]) as archive:
            counts.append(len(archive.getnames()))
    assert counts == [3, 5]  # list, manifest and kit; and the two files


def test_hosts_that_fetch_are_sent_nothing(tmp_path, make_ctx):
    playbook = Playbook(result("h1"))
    run(tmp_path, make_ctx, playbook, store="public", store_url="https://releases.shop.example")
    assert playbook.variables["dray_store"] == "https://releases.shop.example"
    assert "dray_packs" not in playbook.variables
    assert (tmp_path / "public/shop.json").is_file()


def test_what_became_of_the_hosts_is_told(tmp_path, make_ctx):
    said = (
        result("h1", state="installed"),
        result("h1", mode="restart", previous="0", reasons=["OTP changed"]),
        result("h2"),
    )
    done, console = run(tmp_path, make_ctx, Playbook(*said))
    (rollout,) = done.rollouts
    assert [(host.host, host.outcome, host.sent) for host in rollout.hosts] == [
        ("h1", Outcome.DONE, 14),
        ("h2", Outcome.UNCHANGED, 7),
    ]
    assert "result: restart: OTP changed" in console.lines


def test_a_host_that_failed_is_an_error(tmp_path, make_ctx):
    said = (
        result("h1", failed=True, rolled_back=True, version="0", previous="0", msg="it is not well"),
        {"host": "h2", "unreachable": True, "msg": "no route"},
        result("h3", state="installed", previous="0"),
    )
    with pytest.raises(RolloutError, match="not taken by 2 of 3 hosts: h1 runs 0 again: it is not well") as raised:
        run(tmp_path, make_ctx, Playbook(*said, status=2))
    outcomes = [host.outcome for host in raised.value.rollout.hosts]
    assert outcomes == [Outcome.ROLLED_BACK, Outcome.SKIPPED, Outcome.UNTOUCHED]


def test_a_playbook_that_fails_elsewhere_is_an_error(tmp_path, make_ctx):
    with pytest.raises(ToolError, match="ended with status 4"):
        run(tmp_path, make_ctx, Playbook(status=4))


def test_it_can_be_tried_only(tmp_path, make_ctx):
    playbook = Playbook(result("h1"))
    done, console = run(tmp_path, make_ctx, playbook, check_mode=True)
    assert playbook.argv[3:5] == ("--check", "--diff")
    assert done.rollouts == ()
    assert any("nothing was changed" in line for line in console.lines)
    with pytest.raises(ToolError):
        run(tmp_path / "again", make_ctx, Playbook(status=2), check_mode=True)


def test_what_is_stored_already_is_stored_once(tmp_path, make_ctx):
    release = make_release(tmp_path / "tree", "1", FILES)
    ctx = make_ctx()
    assert store.run(release, ctx, "public").version == "1"
    before = {path: path.read_bytes() for path in (tmp_path / "public").rglob("*") if path.is_file()}
    assert store.run(release, ctx, "public").version == "1"
    assert {path: path.read_bytes() for path in (tmp_path / "public").rglob("*") if path.is_file()} == before


def test_a_release_that_is_not_assembled_is_refused(make_ctx):
    with pytest.raises(ConfigError, match="once it is assembled"):
        store.run(Release(name="shop", version="1"), make_ctx(), "public")
