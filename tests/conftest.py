"""Requirements of tests: what one needs says its marker; in CI a missing requirement is a failure, not a skip."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A machine may be busy: how long an example takes says nothing about what it shows.
settings.register_profile("dray", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dray")

PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
"""Programs that pip has installed are found, too."""

IN_CI = os.environ.get("CI", "") not in {"", "0", "false"}

_PROGRAMS = {
    "beam": ("erl", "elixir", "mix", "cc"),
    "rebar3": ("rebar3",),
    "shells": ("dash", "bash", "busybox", "shellcheck"),
    "services": ("runsv", "s6-svscan", "supervisord", "ruby", "systemd-analyze"),
    "ansible": ("ansible-playbook",),
    "apt": ("apt-get", "apt-cache"),
    "ftparchive": ("apt-ftparchive",),
    "sshd": ("sshd", "ssh", "ssh-keygen"),
    "hosts": ("systemd-nspawn", "nsenter", "ip", "sudo"),
    "dpkg": ("dpkg-shlibdeps", "objdump", "c++", "lintian", "groff"),
    "debian13": ("debootstrap", "chroot"),
    "roots": ("debootstrap", "chroot", "piuparts"),
    "sid": ("debootstrap", "chroot"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew")


def missing_requirements(marker: str) -> list[str]:
    missing = [name for name in _PROGRAMS.get(marker, ()) if shutil.which(name, path=PATH) is None]
    if marker in {"root", "hosts", "debian13", "sid", "roots"} and os.geteuid() != 0:
        missing.append("root")
    return missing


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers():
        missing = missing_requirements(marker.name)
        if missing:
            text = f"needs {', '.join(missing)}"
            if IN_CI:
                pytest.fail(f"{text}, and in CI every requirement is present")
            pytest.skip(text)


@pytest.fixture
def golden(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """Compare a text with the file of that name beside the test; --update-golden writes it."""
    folder = Path(str(request.fspath)).parent / "golden"

    def compare(name: str, text: str) -> None:
        file = folder / name
        if request.config.getoption("--update-golden"):
            folder.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return compare
