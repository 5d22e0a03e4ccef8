"""The file of variables is read as systemd reads it, by whichever shell the host has."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from dray.service.model import build_service
from dray.service.options import ServiceOptions
from dray.service.shell import render_script
from dray.template.environment import TemplateFolder

SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "ash")]


def start(folder, content, shell, *, mode=0o600):
    file = folder / "environment"
    if content is not None:
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)
    options = ServiceOptions(root=str(folder), state=str(folder), environment_file=str(file), environment={"A": "in"})
    service = build_service(options, release="shop")
    script = render_script(service, service.processes[0], TemplateFolder())
    path = folder / "start.sh"
    path.write_text(script.text)
    return subprocess.run((*shell, str(path), "/usr/bin/env", "-0"), capture_output=True, check=False)


def variables(done):
    assert done.returncode == 0, done.stderr
    return dict(item.split("=", 1) for item in done.stdout.decode().split("\0") if item)


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def shell(request):
    if shutil.which(request.param[0]) is None:
        pytest.skip(f"needs {request.param[0]}")
    return request.param


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("B=plain words", "plain words"),
        ("  B=trimmed \t", "trimmed"),
        ("B=", ""),
        ("B=a=b", "a=b"),
        ("B=$HOME `id` $(id) *", "$HOME `id` $(id) *"),
        ("B=C:\\\\temp\\x", "C:\\tempx"),
        ("B='single \\n \"quoted\" $x '", 'single \\n "quoted" $x '),
        ('B="double \\"quoted\\" \\$x \\\\ \\n \' "', 'double "quoted" $x \\ \\n \' '),
        ("B=it's", "it's"),
        ("B=grün 漢", "grün 漢"),
        ("B=no line end", "no line end"),
    ],
)
def test_a_line_sets_a_variable(line, value, shell, tmp_path):
    found = variables(start(tmp_path, f"# comment\n; comment\n\n{line}", shell))
    assert found["B"] == value


def test_the_file_wins_over_the_service(shell, tmp_path):
    assert variables(start(tmp_path, "A=file\n", shell))["A"] == "file"


def test_a_file_that_is_missing_sets_nothing(shell, tmp_path):
    assert variables(start(tmp_path, None, shell))["A"] == "in"


@pytest.mark.parametrize("line", ["export B=1", "B", "1B=2", "B C=1", "=1"])
def test_a_line_of_another_form_ends_the_start_without_showing_its_value(line, shell, tmp_path):
    done = start(tmp_path, f"{line.replace('=1', '=hidden')}\n", shell)
    assert done.returncode == 78
    assert b"has a line that is not NAME=value" in done.stderr
    assert b"hidden" not in done.stderr


@pytest.mark.root
def test_a_file_that_cannot_be_read_ends_the_start(shell, tmp_path):
    done = start(tmp_path, "A=file\n", ("setpriv", "--reuid=65534", "--clear-groups", *shell), mode=0o600)
    assert done.returncode != 0
    if done.returncode == 78:
        assert b"cannot be read by nobody" in done.stderr
