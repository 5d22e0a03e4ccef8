"""The page "From mix.exs to apt in five minutes", typed as it is: on this machine, and on a booted host."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.harness import ROOT
from tests.hosts.booted import booted
from tests.pages import Developer, pattern_of, read_blocks, read_commands

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts]

PAGE = ROOT / "docs/apt-in-five-minutes.md"
SERVER = "apt.hello.example"


def test_the_page_works_as_it_stands(tmp_path):
    commands, (config,) = read_commands(PAGE), read_blocks(PAGE, "python")
    repository = tmp_path / "apt"
    repository.mkdir()
    (tmp_path / "host").mkdir()
    developer = Developer(tmp_path)
    # A host has a /tmp of its own, and this program may stand there.
    with booted(tmp_path / "host", bind={repository: "/srv/apt", ROOT: str(ROOT)}) as host:
        make_a_server_of_its_own(host)
        for typed in commands:
            if typed.command.startswith("dray apt serve"):
                serve(host, typed.command)
                continue
            if typed.prompt == "$":
                done = developer.type(typed.command)
            else:
                done = host.run("env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", typed.command)
            assert done.status == 0, f"{typed.command}\n{done.out}\n{done.err}"
            for line in typed.shown:
                assert re.search(pattern_of(line), done.out + done.err), (
                    f"{typed.command} does not say: {line}\n{done}"
                )
            if typed.command == "cd hello":
                (developer.folder / "rel").mkdir()
                (developer.folder / "rel/config.py").write_text(config)
    assert [typed.prompt for typed in commands].count("#") == 10


def make_a_server_of_its_own(host):
    """Let packages start services, and know the repository by its name and no other repository."""
    (host.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    for list_ in (host.root / "etc/apt/sources.list", *(host.root / "etc/apt/sources.list.d").iterdir()):
        list_.unlink(missing_ok=True)
    for settings in (host.root / "etc/apt/apt.conf.d").iterdir():  # of this machine's own way to the network
        if re.search(r"Proxy|Verify|Check-", settings.read_text(errors="replace")):
            settings.unlink()
    with (host.root / "etc/hosts").open("a") as hosts:
        hosts.write(f"127.0.0.1 {SERVER}\n")


def serve(host, command):
    """Run the page's server on the host, which has a network of its own."""
    program = Path(sys.executable).with_name("dray")
    line = command.replace("dray", str(program), 1).replace("../apt", "/srv/apt")
    started = host.run("systemd-run", "--unit=apt-repository", "--quiet", *line.split())
    assert started.status == 0, started.err
    ready = f"for n in $(seq 100); do curl -fsS http://{SERVER}:8000/ >/dev/null && exit; sleep 0.1; done; exit 1"
    answered = host.run("sh", "-c", ready)
    assert answered.status == 0, host.run("journalctl", "-u", "apt-repository", "--no-pager").out


def test_figures_of_the_page_may_differ_and_words_may_not():
    line = "deb              0.61 s  _build/prod/hello_0.1.0-1_amd64.deb, 4.7 MB"
    assert re.search(pattern_of(line), "deb       12.05 s  _build/prod/hello_0.1.0-1_amd64.deb, 5.1 MB")
    assert not re.search(pattern_of(line), line.replace("hello_0.1.0", "hello_0.2.0"))
