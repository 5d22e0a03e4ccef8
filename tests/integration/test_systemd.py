"""A release under systemd on a booted host, with all protections on."""

from __future__ import annotations

import re

import pytest

from dray.service.export import write_files
from dray.service.install import list_install_commands
from dray.service.model import build_service
from dray.service.options import ServiceOptions
from dray.service.systemd import SYSTEMD
from dray.template.environment import TemplateFolder
from tests.harness import wait_for
from tests.hosts.booted import booted
from tests.integration.test_services import HIDDEN, NASTY

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts]


@pytest.fixture(scope="module")
def host(built, tmp_path_factory):
    tree = built("single") / "_build/prod/rel/greeter"
    with booted(tmp_path_factory.mktemp("host"), bind={tree: "/opt/greeter"}) as running:
        (running.root / "etc/greeter").mkdir()
        text = "".join(f"\\{letter}" if letter in '\\"$`' else letter for letter in HIDDEN)
        (running.root / "etc/greeter/environment").write_text(f'HIDDEN="{text}"\n')
        (running.root / "etc/greeter/token").write_text("of the host")
        (running.root / "etc/greeter/token").chmod(0o600)
        yield running


@pytest.fixture
def install(host):
    """Return a function that installs a service by the commands that dray export prints, and starts it."""

    def do(**options):
        service = build_service(
            ServiceOptions(
                environment={"NASTY": NASTY},
                check="bin/greeter ping",
                reload="bin/greeter rpc 'IO.puts(\"it`s $x 5% ${y}\")'",
                credentials={"token": "/etc/greeter/token"},
                restart_delay=0,
                **options,
            ),
            release="greeter",
        )
        files = SYSTEMD.render(service, TemplateFolder())
        write_files(files, host.root / "var/lib/files")
        for command in list_install_commands(service, SYSTEMD, files):
            done = host.run("sh", "-c", f"cd /var/lib/files && {command}")
            journal = host.run("journalctl", "-n", "50", "--no-pager").out if done.status else ""
            assert done.status == 0, f"{command}: {done.err}{journal}"
        return service

    return do


def show(host, unit, name):
    return host.run("systemctl", "show", "--value", "-p", name, unit).out.strip()


def variables(host, unit):
    text = host.run("cat", f"/proc/{show(host, unit, 'MainPID')}/environ").out
    return dict(item.split("=", 1) for item in text.split("\0") if item)


def test_a_service_lives_and_dies_as_it_should(host, install):
    install()
    unit = "greeter.service"
    assert show(host, unit, "ActiveState") == "active"
    found = variables(host, unit)
    assert (found["NASTY"], found["HIDDEN"]) == (NASTY, HIDDEN)
    assert found["RELEASE_TMP"] == "/var/lib/greeter"
    assert found["CREDENTIALS_DIRECTORY"] == "/run/credentials/greeter.service"
    shown = host.run("systemctl", "show", unit).out
    assert HIDDEN not in shown

    security = host.run("systemd-analyze", "security", "--no-pager", unit).out
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", security)
    assert exposure
    assert float(exposure[1]) <= 1.5

    assert host.run("systemctl", "reload", unit).status == 0
    wait_for(lambda: "it`s $x 5% ${y}" in host.run("journalctl", "-u", unit, "--no-pager").out, "the reload's words")

    pid = show(host, unit, "MainPID")
    host.run("kill", "-KILL", pid)
    wait_for(lambda: show(host, unit, "MainPID") not in {"0", pid}, "another start")
    wait_for(lambda: show(host, unit, "ActiveState") == "active", "another start", 60)
    assert show(host, unit, "NRestarts") == "1"

    assert host.run("systemctl", "stop", unit).status == 0
    assert (show(host, unit, "ActiveState"), show(host, unit, "Result")) == ("inactive", "success")
    assert host.run("systemctl", "disable", unit).status == 0


def test_the_jit_works_although_no_code_may_be_written(host, install):
    install()
    text = '"IO.puts(:erlang.system_info(:emu_flavor))"'
    done = host.run(
        "su", "-s", "/bin/sh", "greeter", "-c", f"RELEASE_TMP=/var/lib/greeter /opt/greeter/bin/greeter rpc {text}"
    )
    assert (done.status, done.out) == (0, "jit\n"), done.err
    assert show(host, "greeter", "MemoryDenyWriteExecute") == "yes"
    host.run("systemctl", "disable", "--now", "greeter")


def test_instances_run_beside_each_other(host, install):
    install(instances=2, port=4000)
    for number in ("1", "2"):
        found = variables(host, f"greeter@{number}")
        assert (found["PORT"], found["RELEASE_NODE"]) == (f"400{int(number) - 1}", f"greeter-{number}")
        assert found["RELEASE_TMP"] == f"/var/lib/greeter/{number}"
        assert found["NASTY"] == NASTY
    assert host.run("systemctl", "stop", "greeter.target").status == 0
    for number in ("1", "2"):
        wait_for(lambda unit=f"greeter@{number}": show(host, unit, "ActiveState") == "inactive", "both to stop", 60)
