"""``dray doctor``: checks that everything is there that a build needs, and says what to type where it is not."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dray._version import __version__
from dray.cli.table import format_table
from dray.errors import DrayError
from dray.project.elixir import OLDEST_ELIXIR
from dray.project.kind import find_project
from dray.project.program import work_folder
from dray.shell import LocalShell

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Args:
        subject: What was looked at.
        state: ``ok``, ``missing`` or ``note``; only what is missing keeps dray from building.
        text: What was found.
        hint: What to type.
    """

    subject: str
    state: str
    text: str
    hint: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor_command(*, as_json: bool) -> None:
    """Check that everything is there that a build needs.

    The exit status is 1 where something is missing.
    """
    findings = examine(Path.cwd())
    if as_json:
        listed = [{"subject": f.subject, "state": f.state, "text": f.text, "hint": f.hint} for f in findings]
        click.echo(json.dumps(listed, indent=2))
    else:
        for finding, line in zip(findings, _format(findings), strict=True):
            click.echo(line)
            if finding.hint:
                click.echo(f"          hint: {finding.hint}")
    if any(finding.state == "missing" for finding in findings):
        sys.exit(1)


def _format(findings: list[Finding]) -> list[str]:
    return format_table([(finding.state, finding.subject, finding.text) for finding in findings])


def examine(root: Path) -> list[Finding]:
    """Return what was found on this machine and in a project."""
    shell = LocalShell(lambda _: None)
    checks: list[Callable[[LocalShell, Path], Finding]] = [
        _check_dray,
        _check_project,
        _check_erlang,
        _check_elixir,
        _check_rebar3,
        _check_git,
        _check_folder,
        _check_locale,
    ]
    return [check(shell, root) for check in checks]


def _check_dray(shell: LocalShell, root: Path) -> Finding:
    del shell, root
    return Finding("dray", "ok", f"{__version__}, Python {sys.version.split()[0]}")


def _check_project(shell: LocalShell, root: Path) -> Finding:
    del shell
    try:
        kind = find_project(root)
    except DrayError as error:
        return Finding("project", "note", error.what, error.hint or "")
    config = (
        "rel/config.py" if (root / "rel" / "config.py").is_file() else "no rel/config.py: everything at its default"
    )
    return Finding("project", "ok", f"{kind}, {config}")


def _check_erlang(shell: LocalShell, root: Path) -> Finding:
    found = shell.which("erl")
    if found is None:
        return Finding("Erlang", "missing", "no program erl in PATH", "on Debian: apt install erlang")
    script = 'io:format("~s ~s ~ts", [erlang:system_info(otp_release), erlang:system_info(version), code:root_dir()])'
    done = shell.run(("erl", "-noshell", "-eval", f"{script}, halt()."), cwd=root, capture=True, check=False)
    if done.status != 0:
        return Finding("Erlang", "missing", f"{found} does not start", "reinstall Erlang")
    release, erts, otp_root = done.output.split(" ", 2)
    if not any(Path(otp_root, f"erts-{erts}", "bin").glob("erl_call")):
        return Finding("Erlang", "note", f"OTP {release} has no erl_call: bin/NAME ping and status will not work")
    missing = [name for name in ("sasl", "compiler", "crypto") if not list(Path(otp_root, "lib").glob(f"{name}-*"))]
    if missing:
        names = " ".join(f"erlang-{name}" for name in missing)
        return Finding(
            "Erlang", "note", f"OTP {release} without {', '.join(missing)}", f"on Debian: apt install {names}"
        )
    return Finding("Erlang", "ok", f"OTP {release}, ERTS {erts}, in {otp_root}")


def _check_elixir(shell: LocalShell, root: Path) -> Finding:
    needed = "missing" if (root / "mix.exs").is_file() else "note"
    if shell.which("elixir") is None:
        return Finding("Elixir", needed, "no program elixir in PATH", "on Debian: apt install elixir")
    done = shell.run(("elixir", "--version"), cwd=root, capture=True, check=False)
    version = re.search(r"Elixir (\d+)\.(\d+)\S*", done.output)
    if version is None:
        return Finding("Elixir", needed, "elixir --version says no version", "reinstall Elixir")
    if (int(version[1]), int(version[2])) < OLDEST_ELIXIR:
        wanted = ".".join(map(str, OLDEST_ELIXIR))
        return Finding("Elixir", needed, f"{version[0]} is too old", f"dray needs {wanted} or newer")
    return Finding("Elixir", "ok", version[0].removeprefix("Elixir "))


def _check_rebar3(shell: LocalShell, root: Path) -> Finding:
    needed = (root / "rebar.config").is_file() and not (root / "mix.exs").is_file()
    found = shell.which("rebar3")
    if found is not None:
        return Finding("rebar3", "ok", str(found))
    return Finding(
        "rebar3",
        "missing" if needed else "note",
        "no program rebar3 in PATH; only rebar3 projects need it",
        "on Debian: apt install rebar3" if needed else "",
    )


def _check_git(shell: LocalShell, root: Path) -> Finding:
    if shell.which("git") is None:
        return Finding("git", "note", "no program git in PATH: releases will not say their commit")
    done = shell.run(("git", "rev-parse", "--short", "HEAD"), cwd=root, capture=True, check=False)
    if done.status != 0:
        return Finding("git", "note", "no commit here: releases will not say theirs")
    return Finding("git", "ok", f"commit {done.output.strip()}")


def _check_folder(shell: LocalShell, root: Path) -> Finding:
    del shell
    folder = Path(work_folder(str(root), os.environ.get("MIX_ENV") or "prod", os.environ))
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        return Finding(
            "_build", "missing", f"{existing} cannot be written", "set MIX_BUILD_PATH to a folder that can"
        )
    free = os.statvfs(existing)
    gigabytes = free.f_bavail * free.f_frsize / 1e9
    if gigabytes < 1:
        return Finding("_build", "note", f"only {gigabytes:.1f} GB free in {existing}")
    return Finding("_build", "ok", f"writable, {gigabytes:.0f} GB free")


def _check_locale(shell: LocalShell, root: Path) -> Finding:
    del shell, root
    if sys.getfilesystemencoding() == "utf-8":
        return Finding("locale", "ok", "UTF-8")
    return Finding("locale", "note", f"{sys.getfilesystemencoding()}, not UTF-8", "export LANG=C.UTF-8")
