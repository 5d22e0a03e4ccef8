"""Every shell file that dray makes is understood by every shell, and shellcheck finds nothing in it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dray.assemble.host import list_host_entries
from dray.assemble.launcher import list_launcher_entries, read_command
from dray.core.erts import Erts
from dray.core.project import ReleaseDefinition, Toolchain
from dray.core.release import Release
from dray.errors import ProjectError, StepError
from dray.template.environment import TemplateFolder
from tests.fakes import make_context
from tests.unit.assemble.test_definition import project

pytestmark = pytest.mark.shells

TEMPLATES = TemplateFolder()
SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh")]


def elixir_scripts(folder: Path) -> Path:
    """Write launchers of the kind that Elixir installs."""
    folder.mkdir(parents=True)
    (folder / "elixir").write_text(
        '#!/bin/sh\nERTS_BIN=\nERTS_BIN="$ERTS_BIN"\n'
        'set -- "$ERTS_BIN$ERL_EXEC" -noshell -elixir_root "$SCRIPT_PATH"/../lib '
        '-pa "$SCRIPT_PATH"/../lib/elixir/ebin $X\n'
    )
    (folder / "iex").write_text("#!/bin/sh\n")
    return folder


def rendered(tmp_path, language, *, included=True, reboots=False):
    elixir = elixir_scripts(tmp_path / "elixir" / "bin") if language == "elixir" else None
    version = "1.14.0" if language == "elixir" else None
    tools = Toolchain("25", "13.1", Path("/otp"), Path("/otp/lib"), (), version, elixir)
    release = Release(name="shop", version="1.0", project=project(toolchain=tools))
    erts = Erts("13.1", Path("/otp"), Path("/otp/lib"), included=included)
    release = replace(release, definition=ReleaseDefinition("shop"))
    entries = list_launcher_entries(release, erts, TEMPLATES, reboots=reboots)
    entries += list_host_entries(release, replace(make_context(tmp_path), templates=TEMPLATES), b"")
    found = {entry.path: entry.source.decode() for entry in entries if not entry.path.endswith(".escript")}
    found["env.sh"] = TEMPLATES.render("releases/VSN/env.sh", name="shop")
    found["erl"] = TEMPLATES.render("erts/bin/erl")
    return found


CASES = [("elixir", True, False), ("elixir", False, True), ("erlang", True, False)]


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
@pytest.mark.parametrize(("language", "included", "reboots"), CASES)
def test_shells_understand_every_file(tmp_path, shell, language, included, reboots):
    for path, text in rendered(tmp_path, language, included=included, reboots=reboots).items():
        done = subprocess.run((*shell, "-n"), input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), path


@pytest.mark.parametrize(("language", "included", "reboots"), CASES)
def test_shellcheck_finds_nothing(tmp_path, language, included, reboots):
    for path, text in rendered(tmp_path, language, included=included, reboots=reboots).items():
        if path.endswith(("/elixir", "/iex")):
            continue
        # Variables of the launcher are read by the files that it reads, and the other way round.
        command = ("shellcheck", "--shell=sh", "--exclude=SC2034,SC2154", "-")
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert done.stdout == "", path


def test_commands_describe_themselves_and_help_lists_them_all(tmp_path):
    found = rendered(tmp_path, "elixir")
    names = [path.rpartition("/")[2].removesuffix(".sh") for path in found if "/commands/" in path]
    assert names == [
        *("start", "start_iex", "daemon", "daemon_iex", "eval", "rpc", "remote"),
        *("restart", "stop", "pid", "ping", "ready", "status", "version", "vm_args", "epmd"),
        *("upgrade", "downgrade", "versions", "remove", "switch_version", "run_hooks", "help"),
    ]
    for name in names:
        if name in {"switch_version", "run_hooks"}:  # the launcher's own business
            continue
        assert f"    {name}" in found["releases/1.0/commands/help.sh"]


def test_a_command_without_a_description_is_refused():
    with pytest.raises(ProjectError, match="says in a comment"):
        read_command("# shellcheck shell=sh\necho\n")


def test_elixirs_own_scripts_are_made_to_run_inside_a_release(tmp_path):
    script = rendered(tmp_path, "elixir")["releases/1.0/elixir"]
    assert "elixir_root" not in script
    assert "-pa" not in script
    assert 'ERTS_BIN="$SCRIPT_PATH"/../../erts-13.1/bin/' in script


def test_without_a_runtime_they_use_that_of_the_host(tmp_path):
    script = rendered(tmp_path, "elixir", included=False)["releases/1.0/elixir"]
    assert 'ERTS_BIN="$ERTS_BIN"' in script


def test_a_launcher_of_elixirs_that_is_not_known_is_refused(tmp_path):
    folder = elixir_scripts(tmp_path / "bin")
    (folder / "elixir").write_text("#!/bin/sh\nexec beam\n")
    tools = Toolchain("25", "13.1", Path("/otp"), Path("/otp/lib"), (), "9.9.9", folder)
    release = Release(name="shop", version="1.0", project=project(toolchain=tools))
    with pytest.raises(ProjectError, match="not a launcher of Elixir's that dray knows"):
        list_launcher_entries(release, Erts("13.1", Path("/o"), Path("/l")), TEMPLATES, reboots=False)


def test_a_template_that_asks_for_a_missing_value_is_an_error():
    with pytest.raises(StepError, match=r"bin/NAME cannot be rendered: 'name' is undefined"):
        TEMPLATES.render("bin/NAME")
    with pytest.raises(StepError, match="no/such"):
        TEMPLATES.render("no/such")


def test_values_are_quoted_where_the_shell_reads_them(tmp_path):
    (tmp_path / "x").write_text("echo {{ value | sh }}")
    text = TemplateFolder(built_in=tmp_path).render("x", value="it's $HOME `id`")
    done = subprocess.run(("sh", "-c", text), capture_output=True, text=True, check=True)
    assert done.stdout == "it's $HOME `id`\n"
