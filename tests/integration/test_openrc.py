"""A release under OpenRC, which is not installed: a root is made of this machine's files and of its packages."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from dray.service.export import write_files
from dray.service.model import build_service
from dray.service.openrc import OPENRC
from dray.service.options import ServiceOptions
from dray.template.environment import TemplateFolder
from tests.harness import run
from tests.integration.test_services import NASTY

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts]

PACKAGES = ("openrc", "librc1", "libeinfo1")


@pytest.fixture(scope="session")
def packages():
    """The folder of OpenRC's packages, fetched once and kept beside the roots of other tests."""
    folder = Path.home() / ".cache/dray/openrc"
    if len(list(folder.glob("*.deb"))) < len(PACKAGES):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(("apt-get", "-qq", "download", *PACKAGES), cwd=folder, check=True)
    return folder


def test_a_service_lives_and_dies_as_it_should(built, packages, tmp_path):
    options = ServiceOptions(
        user="nobody",
        group="nogroup",
        environment={"NASTY": NASTY},
        check="bin/greeter ping",
        reload="bin/greeter rpc 'IO.puts(\"it`s $x 5% ${y}\")'",
        open_files=4096,
        restart_delay=0,
    )
    write_files(OPENRC.render(build_service(options, release="greeter"), TemplateFolder()), tmp_path / "files")
    (tmp_path / "host").mkdir()
    tree = built("single") / "_build/prod/rel/greeter"
    files = tmp_path / "files"
    script = Path(__file__).with_name("openrc_host.sh")
    arguments = (tmp_path / "host", packages, tree, files / "greeter", files / "greeter.sh")
    isolated = ("unshare", "--mount", "--pid", "--fork", "--net", "--kill-child", "--propagation", "private")
    done = run(*isolated, script, *arguments, cwd=tmp_path)
    assert done.status == 0, done.err
    said = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
    environment = base64.b64decode(said.pop("nasty")).decode().split("\1")
    assert f"NASTY={NASTY}" in environment
    assert said == {
        "start": "0",
        "status": "0",
        "user": "nobody",
        "files": "4096",
        "restarted": "yes",
        "reload": "1",
        "stop": "0",
        "stopped": "3",
        "left": "",
    }
