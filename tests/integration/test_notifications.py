"""Notifications of real runs: what arrives, what the user sees, and that no secret is seen anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.folder_hosts import FolderHosts
from tests.harness import ROOT, copy_project, dray, run, wait_for
from tests.slack_server import Planned, running_slack
from tests.unit.notify.releases import git, write_commit

STEPS = """\
import time
from dray import Artifact, Release, step
from dray.errors import StepError
from dray.config import config, env
from dray.steps import notify, slack

@step
def named(release, ctx):
    return Release(name="shop", version="1.1.0", env=release.env)

@step
def fails(release, ctx):
    raise StepError("the disk is full", hint="make room")

@step
def hangs(release, ctx):
    (ctx.root / "hanging").write_text("")
    time.sleep(60)
    return release

"""


@pytest.fixture
def slack_server():
    with running_slack() as server:
        yield server


@pytest.fixture
def project(tmp_path):
    """Return a function that writes a project with these pipelines, which needs no BEAM."""

    def write(text):
        (tmp_path / "rel").mkdir(exist_ok=True)
        (tmp_path / "mix.exs").write_text("defmodule Shop.MixProject do\nend\n")
        (tmp_path / "rel/config.py").write_text(STEPS + text)
        return tmp_path

    return write


def headers(server):
    return [message["blocks"][0]["text"]["text"] for message in server.messages]


def body(message):
    return "\n".join(block["text"]["text"] for block in message["blocks"] if block["type"] == "section")


def no_ci(**env):
    return {"CI": "", "GITHUB_ACTOR": "ada", **env}


def test_a_run_that_works_is_told(project, slack_server):
    root = project("deploy = named() | slack()\n")
    done = dray("deploy", cwd=root, env=no_ci(SLACK_WEBHOOK=slack_server.webhook))
    assert done.status == 0, done.err
    assert "told Slack" in done.err
    assert headers(slack_server) == ["✅ shop 1.1.0 for prod, the first release"]
    assert slack_server.complaints == []


def test_a_run_that_fails_is_told_and_fails_as_it_would(project, slack_server):
    root = project("deploy = named() | fails() | slack(mention='here') | slack(only='success')\n")
    done = dray("deploy", "--env", "staging", cwd=root, env=no_ci(SLACK_WEBHOOK=slack_server.webhook))
    assert done.status == 1
    assert done.err.splitlines()[-4:-2] == [
        "error: the disk is full",
        f"  rel/config.py:{len(STEPS.splitlines()) + 1}",
    ]
    assert headers(slack_server) == ["❌ shop 1.1.0 for staging failed in fails"]
    assert "<!here>" in body(slack_server.messages[0])
    line = len(STEPS.splitlines()) + 1
    assert f"*fails*: the disk is full\n`rel/config.py:{line}`\n_hint:_ make room" in body(slack_server.messages[0])


def test_a_message_that_does_not_arrive_fails_nothing_and_shows_no_secret(project, slack_server):
    root = project("deploy = named() | slack()\n")
    slack_server.planned = [Planned(404, f"no_service {slack_server.webhook}")]
    done = dray("deploy", "--json", cwd=root, env=no_ci(SLACK_WEBHOOK=slack_server.webhook))
    assert done.status == 0
    assert "warning: slack: Slack did not take the message: no_service" in done.err
    assert json.loads(done.out)["release"]["version"] == "1.1.0"
    assert "hookhook" not in done.out + done.err


def test_a_failure_that_nobody_hears_of_is_the_error_that_is_shown(project):
    root = project("deploy = named() | fails() | slack()\n")
    done = dray("deploy", cwd=root, env=no_ci(SLACK_WEBHOOK="http://127.0.0.1:9/services/hookhookhook"))
    assert done.status == 1
    assert "warning: slack: Slack did not take the message" in done.err
    assert "error: the disk is full" in done.err
    assert "hookhook" not in done.err


def test_a_dry_run_tells_nobody_and_shows_no_secret(project, slack_server):
    root = project(
        "config('slack', webhook=env('HOOK'))\n"
        "config('notify', only='failure')\n"
        "deploy = named() | slack(channel='#deploys') | notify('mailto://me:geheim@x.example', env('MAIL'))\n"
    )
    environ = no_ci(HOOK=slack_server.webhook, MAIL="mailto://other:geheim@x.example")
    commands = [("deploy", "--dry-run"), ("deploy", "--dry-run", "--json"), ("plan", "deploy"), ("show", "config")]
    for command in [*commands, ("plan", "deploy", "--json", "--all"), ("show", "config", "--json")]:
        done = dray(*command, cwd=root, env=environ)
        assert done.status == 0, done.err
        assert 'env("HOOK")' in done.out or 'env(\\"HOOK\\")' in done.out
        assert "hookhook" not in done.out + done.err
        assert "geheim" not in done.out + done.err
    assert slack_server.paths == []


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("deploy = named() | slack(token='xoxb-geheim')\n", ()),
        ("config('slack', token='xoxb-geheim')\ndeploy = named() | slack()\n", ()),
        ("deploy = named() | slack()\n", ("--set", "slack.token=xoxb-geheim")),
    ],
    ids=["argument", "config", "set"],
)
def test_a_token_that_is_written_down_is_refused_and_not_repeated(project, text, arguments):
    root = project(text)
    done = dray("deploy", *arguments, cwd=root)
    assert done.status == 2
    assert 'slack: token is env("NAME") or secret("file:PATH")' in done.err
    assert "geheim" not in done.out + done.err
    shown = dray("show", "config", cwd=root)
    assert "geheim" not in shown.out + shown.err


@pytest.fixture
def interrupted(project):
    """Return a function that interrupts a run when its step hangs, and returns status, words and seconds."""

    def run(server, number=signal.SIGINT):
        root = project("deploy = named() | hangs() | slack()\n")
        env = {**os.environ, **no_ci(SLACK_WEBHOOK=server.webhook)}
        with subprocess.Popen(
            [sys.executable, "-m", "dray", "deploy"], cwd=root, env=env, stderr=subprocess.PIPE, text=True
        ) as process:
            wait_for((root / "hanging").exists, "the step to hang")
            began = time.monotonic()
            process.send_signal(number)
            _, err = process.communicate(timeout=30)
            return process.returncode, err, time.monotonic() - began

    return run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_told(interrupted, slack_server, number):
    status, err, _ = interrupted(slack_server, number)
    assert status == 130
    assert headers(slack_server) == ["✋ shop 1.1.0 for prod interrupted in hangs"]
    assert "error: interrupted" in err


def test_an_interruption_is_not_delayed_by_a_slack_that_hangs(interrupted, slack_server):
    slack_server.planned = [Planned(200, "ok", delay=25)]
    status, err, seconds = interrupted(slack_server)
    assert status == 130
    assert "warning: slack: " in err
    assert seconds < 8


def begin_project(name, root, config):
    """Return a project of the tests in a repository of its own, and its first commit."""
    copy_project(name, root)
    git(root, "init", "-q", "-b", "main")
    (root / ".gitignore").write_text("_build\nrun\n")
    (root / "rel").mkdir(exist_ok=True)
    (root / "rel/config.py").write_text(config)
    return root, write_commit(root, "README.md", "Begin")


@pytest.mark.beam
def test_what_changed_between_two_releases_of_a_project(tmp_path, slack_server):
    root, first = begin_project(
        "two_releases",
        tmp_path / "project",
        "from dray.steps import assemble, release, slack, tar, upgrade\n"
        "deploy = release('both', version='1.0.0+{git}', applications={'alpha': 'permanent', 'beta': 'permanent'})"
        " | assemble() | upgrade(check=False) | tar() | slack()\n",
    )
    environ = no_ci(SLACK_WEBHOOK=slack_server.webhook)
    assert (done := dray("deploy", cwd=root, env=environ)).status == 0, done.err
    source = root / "apps/alpha/lib/alpha.ex"
    source.write_text(source.read_text().replace("end\n", "  def added, do: 1\nend\n", 1))
    second = write_commit(root, "apps/alpha/NOTES.md", "Add a function")
    assert (done := dray("deploy", cwd=root, env=environ)).status == 0, done.err
    assert headers(slack_server)[1] == f"✅ both 1.0.0+{first[:7]} -> 1.0.0+{second[:7]} for prod"
    text = body(slack_server.messages[1])
    assert "*alpha* " in text
    assert f"•  `{second[:7]}` Add a function _Ada_" in text
    assert "unchanged: beta" in text
    assert f"hot upgrade from 1.0.0+{first[:7]}" in text
    assert f"both-1.0.0+{second[:7]}.tar.gz" in text
    assert slack_server.complaints == []


DEPLOYS = """\
from dray import step
from dray.deploy.deployment import deploy_release
from pathlib import Path
from tests.folder_hosts import FolderHosts, make_release

@step
def built(release, ctx, *, version: str = "0.1.0"):
    own = {"lib/shop-1/ebin/shop.beam": None, f"lib/shop-{version}/ebin/shop.beam": version.encode()}
    return make_release(ctx.root / version, version, own)

@step
def folders(release, ctx, *, batches: tuple[int, ...] = (1,), down: tuple[str, ...] = ()):
    hosts = FolderHosts.reopen(ctx.root, ("web1", "web2", "web3"), down)
    fleet = hosts.fleet(batches=batches, upgrade="restart", on_unreachable="skip")
    done, rollout = deploy_release(release, ctx, fleet, hosts.place)
    return done.with_rollout(rollout)

"""


@pytest.fixture
def fleet(project, tmp_path, slack_server):
    """Return a function that deploys to hosts that are folders and tells a bot of it, and the hosts."""
    root = project(DEPLOYS + "deploy = built() | folders() | slack(channel='#deploys', mention='U024BE7LH')\n")
    hosts = FolderHosts(tmp_path, ("web1", "web2", "web3"))
    environ = no_ci(SLACK_BOT_TOKEN="xoxb-geheim", PYTHONPATH=str(ROOT))  # noqa: S106 - of no bot

    def deploy(version, *arguments, **env):
        given = ("--set", f"built.version={version}", "--set", f"slack.api={slack_server.api}", *arguments)
        return dray("deploy", *given, cwd=root, env={**environ, **env})

    return deploy, hosts


def test_a_deployment_is_one_message_from_its_beginning_to_its_end(fleet, slack_server):
    deploy, hosts = fleet
    done = deploy("0.1.0", "--json")
    assert done.status == 0, done.err
    message, answer = slack_server.messages
    assert headers_of(message) == "✅ shop 0.1.0 for prod on web, 3 hosts, first start"
    assert body(message).startswith("<@U024BE7LH>\n*web*: all 3 hosts run 0.1.0 (")
    assert headers_of(slack_server.replaced[0]) == "⏳ shop 0.1.0 for prod is on its way to web (3 hosts), by ada"
    assert answer["thread_ts"] == "1700000000.000001"
    assert slack_server.complaints == []
    (rollout,) = json.loads(done.out)["rollouts"]
    assert (rollout["fleet"], rollout["version"], rollout["good"]) == ("web", "0.1.0", True)
    assert [(host["host"], host["outcome"], host["mode"]) for host in rollout["hosts"]] == [
        (name, "done", "start") for name in hosts.names
    ]
    assert "geheim" not in done.out + done.err


def test_a_deployment_that_fails_says_what_each_host_runs(fleet, slack_server):
    deploy, hosts = fleet
    assert deploy("0.1.0").status == 0
    hosts["web2"].break_version("0.2.0")
    done = deploy("0.2.0", "--json", "--set", "folders.down=web3")
    assert done.status == 3
    message = slack_server.messages[2]
    assert headers_of(message) == "❌ shop 0.2.0 for prod failed on web: 1 rolled back, 1 skipped"
    text = body(message)
    assert "\n*web*: 1 of 3 hosts runs 0.2.0 (" in text
    assert "\nrolled back: web2 runs 0.1.0 again: " in text
    assert "\nskipped: web3: no route to host\ndone: web1: 0.1.0 -&gt; 0.2.0, restart" in text
    assert slack_server.messages[3]["text"].startswith("<@U024BE7LH> ❌ shop 0.2.0")
    report = json.loads(done.out)
    assert "was not taken by 2 of 3 hosts" in report["error"]
    assert [host["outcome"] for host in report["rollouts"][0]["hosts"]] == ["done", "rolled back", "skipped"]
    assert report["rollouts"][0]["good"] is False
    assert slack_server.complaints == []


def test_a_slack_that_fails_does_not_fail_a_deployment(fleet, slack_server):
    deploy, hosts = fleet
    slack_server.planned = [Planned(200, '{"ok": false, "error": "invalid_auth"}')] * 9
    done = deploy("0.1.0")
    assert done.status == 0, done.err
    assert {hosts[name].runs for name in hosts.names} == {"0.1.0"}
    assert "warning: slack: Slack did not take the message: invalid_auth" in done.err
    assert "geheim" not in done.err
    assert "To start it" not in done.err  # the hosts run it already
    assert "shop 0.1.0 runs on 3 hosts" in done.err


def test_a_slack_that_hangs_holds_no_host_up(fleet, slack_server):
    deploy, hosts = fleet
    slack_server.planned = [Planned(200, "{}", delay=30)]
    began = time.monotonic()
    done = deploy("0.1.0")
    assert done.status == 0, done.err
    assert time.monotonic() - began < 25
    assert {hosts[name].runs for name in hosts.names} == {"0.1.0"}
    assert "warning: slack: Slack did not take the message: no answer in time" in done.err


def test_a_dry_run_of_a_deployment_tells_nobody(fleet, slack_server):
    deploy, hosts = fleet
    assert deploy("0.1.0", "--dry-run").status == 0
    assert slack_server.paths == []
    assert hosts["web1"].runs == ""


def test_an_interrupted_deployment_says_how_far_it_got(project, slack_server):
    root = project(
        "from dray import Advance\n"
        "from dray.core.rollout import HostResult, Outcome, Rollout\n"
        "@step\n"
        "def deploys(release, ctx):\n"
        "    hosts = (HostResult('web1', Outcome.DONE, '1.1.0'), HostResult('web2', Outcome.UNTOUCHED, '1.0.0'))\n"
        "    ctx.announce(Advance(Rollout('web', 'shop', '1.1.0', hosts), 2, 1))\n"
        "    return hangs.run(release, ctx)\n"
        f"deploy = named() | deploys() | slack(channel='#deploys', api='{slack_server.api}')\n"
    )
    env = {**os.environ, **no_ci(SLACK_BOT_TOKEN="xoxb-geheim")}  # noqa: S106 - of no bot
    with subprocess.Popen(
        [sys.executable, "-m", "dray", "deploy"], cwd=root, env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for(lambda: slack_server.messages, "the beginning to be told")
        assert headers(slack_server) == ["⏳ shop 1.1.0 for prod is on its way to web (2 hosts), by ada"]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    message, answer = slack_server.messages
    assert headers_of(message) == "✋ shop 1.1.0 for prod interrupted in deploys"
    assert "*web*: 1 of 2 batches were done, 1 of 2 hosts runs 1.1.0; others may be" in body(message)
    assert answer["text"] == headers_of(message)


@pytest.mark.beam
def test_a_deployment_of_a_project_says_what_changed_since_what_ran(tmp_path, slack_server):
    root, first = begin_project(
        "single",
        tmp_path / "project",
        "from dray.steps import assemble, local, release, slack\n"
        f"deploy = release() | assemble() | local('run') | slack(channel='#deploys', api='{slack_server.api}')\n",
    )
    environ = no_ci(SLACK_BOT_TOKEN="xoxb-geheim")  # noqa: S106 - of no bot
    try:
        assert (done := dray("deploy", cwd=root, env=environ)).status == 0, done.err
        (source,) = root.glob("lib/greeter.ex")
        source.write_text(source.read_text().rstrip().removesuffix("end") + "  def added, do: 1\nend\n")
        second = write_commit(root, "NOTES.md", "Add a function")
        done = dray("deploy", "--json", cwd=root, env=environ)
        assert done.status == 0, done.err
    finally:
        run("sh", root / "run/bin/greeter", "stop", cwd=root)
    (rollout,) = json.loads(done.out)["rollouts"]
    version = rollout["version"]
    assert rollout["replaced"][0]["commit"] == first
    assert headers(slack_server) == [
        "✅ greeter 1.2.3 for prod on run, 1 host, first start",
        f"✅ greeter 1.2.3 -> {version} for prod on run, 1 host, hot",
    ]
    text = body(slack_server.messages[1])
    assert text.startswith(f"*run*: localhost runs {version} (")
    assert "*greeter* 1.2.3 -> 1.2.3+" in text
    assert f"•  `{second[:7]}` Add a function _Ada_" in text
    assert slack_server.complaints == []


def headers_of(message):
    return message["blocks"][0]["text"]["text"]
