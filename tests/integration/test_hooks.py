"""Every hook runs exactly once, at its moment, with what it may use; and its failure is the command's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.harness import build, copy_project, dray, wait_for

pytestmark = pytest.mark.beam

POINTS = ("pre_configure", "post_configure", "pre_start", "post_start", "pre_stop", "post_stop", "status")
NOTE = 'echo "{point} $RELEASE_NAME $RELEASE_VSN $RELEASE_COMMAND" >>"$HOOK_LOG"\n'


@pytest.fixture(scope="module")
def hooked(tmp_path_factory):
    """A project with a hook that writes a line at every point, and some that fail when they are told to."""
    project = copy_project("single", tmp_path_factory.mktemp("hooked") / "single")
    for point in POINTS:
        write_hook(project, point, "10-note.sh", NOTE.format(point=point))
        write_hook(project, point, "20-fail.sh", f'[ "$FAILING" != {point} ] || exit 7\n')
    write_hook(project, "pre_configure", "30-export.sh", "export GREETING_OF_HOOK=hello\n")
    build(project)
    return project / "_build/prod/rel/greeter"


def write_hook(project, point, name, text):
    file = project / "rel/hooks" / point / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture
def node(launch, hooked, tmp_path):
    return launch(hooked, "greeter", HOOK_LOG=str(tmp_path / "hooks.log"))


@pytest.fixture
def said(tmp_path):
    """Return a function that returns the lines of the hooks."""
    log = tmp_path / "hooks.log"
    return lambda: log.read_text().splitlines() if log.exists() else []


def points(lines):
    return [line.split()[0] for line in lines]


START = ["pre_configure", "post_configure", "pre_start", "post_start"]


def wait_for_point(said, point):
    wait_for(lambda: point in points(said()), f"the hook {point}")


@pytest.fixture
def foreground(node):
    """Return a function that starts the system in the foreground; it is ended with the test."""
    processes = []

    def start(*, env=None):
        out = subprocess.PIPE
        variables = {**os.environ, **node.env, **(env or {})}
        process = subprocess.Popen(
            [*node.shell, str(node.tree / "bin/greeter"), "start"],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("shell", [("dash",), ("bash", "--posix"), ("busybox", "sh")], ids=lambda shell: shell[0])
def test_each_hook_of_a_start_and_a_stop_runs_once_and_in_order(node, said, foreground, shell):
    node.shell = shell
    process = foreground()
    wait_for_point(said, "post_start")
    assert points(said()) == START
    assert said()[0] == "pre_configure greeter 1.2.3 start"
    assert node("status").status == 0
    assert node("stop").status == 0
    assert process.wait(20) == 0
    wait_for_point(said, "post_stop")
    assert points(said()) == [*START, "status", "pre_stop", "post_stop"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_runs_the_hooks_of_a_stop_once(node, said, foreground, number):
    process = foreground()
    wait_for_point(said, "post_start")
    process.send_signal(number)
    assert process.wait(20) == 0
    assert points(said()) == [*START, "pre_stop", "post_stop"]


def test_a_daemon_has_run_its_hooks_when_the_command_returns(node, said):
    assert node("daemon").status == 0
    assert points(said()) == START
    assert node("stop").status == 0
    assert points(said()) == [*START, "pre_stop", "post_stop"]


def test_what_configure_hooks_export_the_system_gets(node):
    with node.running():
        assert node("rpc", 'IO.puts(System.get_env("GREETING_OF_HOOK"))').out == "hello\n"


@pytest.mark.parametrize("point", ["pre_configure", "post_configure", "pre_start"])
def test_a_failure_before_the_start_keeps_the_system_from_starting(node, said, foreground, point):
    process = foreground(env={"FAILING": point})
    assert process.wait(20) == 7
    assert f"ERROR: the hook rel/hooks/{point}/20-fail.sh ({point}) failed with status 7" in process.stdout.read()
    assert node("ping").status == 1
    assert points(said())[-1] == point


@pytest.mark.parametrize("command", ["start", "daemon"])
def test_a_failure_after_the_start_stops_the_system_with_its_status(node, foreground, command):
    if command == "start":
        process = foreground(env={"FAILING": "post_start"})
        assert process.wait(30) == 7
    else:
        assert node("daemon", env={"FAILING": "post_start"}).status == 7
    wait_for(lambda: node("ping").status == 1, "the system to be gone")


def test_a_failure_before_the_stop_leaves_the_system_running_and_it_can_be_stopped_later(node, said, foreground):
    process = foreground()
    wait_for_point(said, "post_start")
    assert node("stop", env={"FAILING": "pre_stop"}).status == 7
    assert node("ping").status == 0
    assert node("stop").status == 0
    assert process.wait(20) == 0


def test_the_failure_of_a_status_hook_is_that_of_status(node):
    with node.running():
        assert node("status", env={"FAILING": "status"}).status == 7


def test_a_crash_is_no_stop(node, said, foreground):
    process = foreground()
    wait_for_point(said, "post_start")
    os.kill(int(node("pid").out), signal.SIGKILL)
    assert process.wait(20) == 137
    assert points(said()) == START


def test_hooks_may_ask_the_release_and_wait(launch, tmp_path):
    project = copy_project("single", tmp_path / "single")
    write_hook(
        project,
        "pre_start",
        "migrate.sh",
        '"$RELEASE_ROOT/bin/greeter" eval "File.write!(\\"$OUT\\", \\"migrated\\")"\n',
    )
    write_hook(project, "post_start", "ask.sh", 'wait_until 5 test -e "$OUT"\nrpc "IO.puts(:asked)" >>"$OUT"\n')
    build(project)
    out = tmp_path / "out"
    node = launch(project / "_build/prod/rel/greeter", "greeter", OUT=str(out))
    assert node("daemon").status == 0
    assert out.read_text() == "migratedasked\n"
    assert node("stop").status == 0


def test_a_hook_that_calls_its_own_command_is_told_so(launch, tmp_path):
    project = copy_project("single", tmp_path / "single")
    write_hook(project, "pre_start", "again.sh", '"$RELEASE_ROOT/bin/greeter" start\n')
    build(project)
    done = launch(project / "_build/prod/rel/greeter", "greeter")("start")
    assert done.status == 1
    assert "ERROR: a hook of pre_start cannot call start, which it is part of" in done.err


def test_a_hook_that_hangs_is_ended_and_named(launch, tmp_path):
    project = copy_project("single", tmp_path / "single")
    write_hook(project, "pre_start", "hang.sh", "sleep 60\n")
    build(project)
    done = launch(project / "_build/prod/rel/greeter", "greeter")("start", env={"RELEASE_HOOK_TIMEOUT": "1"})
    assert done.status == 124
    assert "the hook rel/hooks/pre_start/hang.sh (pre_start) did not end within 1 s" in done.err


def test_hooks_come_from_files_configuration_and_steps_in_this_order(launch, tmp_path):
    project = copy_project("single", tmp_path / "single")
    write_hook(project, "pre_start", "file.sh", "echo file\n")
    (project / "rel/config.sh").write_text("echo config\n")
    (project / "rel/step.sh").write_text("echo step\n")
    (project / "rel/config.py").write_text(
        "from dray.config import config\nfrom dray.steps import *\n"
        'config("hooks", pre_start="rel/config.sh")\n'
        'build = release() | assemble() | hook("pre_start", "rel/step.sh")\n'
    )
    build(project)
    node = launch(project / "_build/prod/rel/greeter", "greeter", ELIXIR_CLI_DRY_RUN="1")
    assert node("start").out.splitlines()[:3] == ["file", "config", "step"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('config("hooks", pre_strat="rel/x.sh")', "there is no hook point pre_strat"),
        ('config("hooks", pre_start="rel/none.sh")', "the hook rel/none.sh for pre_start is missing"),
        ('config("hooks", pre_start=5)', "a hook is the path of a shell file, or a list of them"),
    ],
)
def test_mistakes_are_found_when_the_release_is_built(tmp_path, line, message):
    project = copy_project("single", tmp_path / "single")
    (project / "rel").mkdir()
    (project / "rel/x.sh").write_text("")
    (project / "rel/config.py").write_text(
        f"from dray.config import config\nfrom dray.steps import *\n{line}\nbuild = release() | assemble()\n"
    )
    done = dray("build", cwd=project)
    assert done.status == 2
    assert message in done.err
    assert "rel/config.py:3" in done.err
    assert Path(project / "rel").exists()


def test_a_command_of_the_project_is_typed_like_any_other_and_stands_in_the_help(launch, tmp_path):
    project = copy_project("single", tmp_path / "single")
    (project / "rel/commands").mkdir(parents=True)
    (project / "rel/commands/greet.sh").write_text(
        '# greet NAME: Greets somebody\n[ -n "$2" ] || fail "greet expects a name"\nlog "Hello, $2"\n'
    )
    build(project)
    node = launch(project / "_build/prod/rel/greeter", "greeter")
    assert node("greet", "Ada").out == "Hello, Ada\n"
    assert (node("greet").status, node("greet").err) == (1, "ERROR: greet expects a name\n")
    assert "    greet NAME" in node("help").err

    (project / "rel/commands/stop.sh").write_text("# stop: mine\n")
    done = dray("build", cwd=project)
    assert done.status == 2
    assert "rel/commands/stop.sh has the name of a command that every release has" in done.err


def test_a_block_of_a_template_can_be_changed_and_the_rest_follows_dray(launch, tmp_path):
    project = copy_project("single", tmp_path / "single")
    build(project)
    template = project / "rel/templates/releases/VSN/launcher.elixir"
    template.parent.mkdir(parents=True)
    template.write_text(
        '{% extends "built-in/releases/VSN/launcher.elixir" %}\n'
        "{% block pre_start %}\n{{ super() }}log 'about to start {{ name }}'\n{% endblock %}\n"
    )
    build(project)
    node = launch(project / "_build/prod/rel/greeter", "greeter", ELIXIR_CLI_DRY_RUN="1")
    assert node("start").out.startswith("about to start greeter\n")
    shown = dray("show", "templates", cwd=project).out
    (line,) = [line.split() for line in shown.splitlines() if line.startswith("releases/VSN/launcher.elixir")]
    assert line[-1] == "rel/templates/releases/VSN/launcher.elixir"
    assert {"pre_start", "functions"} < set(line)


@pytest.mark.parametrize("shell", [("dash",), ("bash", "--posix"), ("busybox", "sh")], ids=lambda shell: shell[0])
def test_a_hook_ends_at_its_first_command_that_fails(launch, tmp_path, shell):
    project = copy_project("single", tmp_path / "single")
    for point in ("pre_start", "post_start", "pre_stop"):
        write_hook(project, point, "10-fail.sh", f'[ "$FAILING" != {point} ] || sh -c "exit 9"\necho past {point}\n')
    build(project)
    node = launch(project / "_build/prod/rel/greeter", "greeter")
    node.shell = shell
    started = node("start", env={"FAILING": "pre_start"})
    assert (started.status, "past" in started.out) == (9, False)
    started = node("daemon", env={"FAILING": "post_start"})
    assert (started.status, "past post_start" in started.out) == (9, False)
    wait_for(lambda: node("status").status == 3, "the system to stop")
    with node.running():
        stopped = node("stop", env={"FAILING": "pre_stop"})
        assert (stopped.status, "past" in stopped.out) == (9, False)


@pytest.mark.parametrize("shell", [("dash",), ("bash", "--posix"), ("busybox", "sh")], ids=lambda shell: shell[0])
def test_a_hook_that_fails_after_a_signal_ends_there_too(node, said, foreground, hooked, shell):
    node.shell = shell
    hook = hooked / "releases/1.2.3/hooks/pre_stop/000-mark.sh"
    hook.write_text('# mark\n[ "$FAILING" != mark ] || sh -c "exit 9"\necho past >>"$HOOK_LOG"\n')
    try:
        process = foreground(env={"FAILING": "mark"})
        wait_for_point(said, "post_start")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 9
    finally:
        hook.unlink()
    assert "past" not in said()


def test_a_hook_ends_with_the_launcher_that_waits_for_it(launch, tmp_path):
    project = copy_project("single", tmp_path / "single")
    write_hook(project, "pre_start", "slow.sh", 'echo began >>"$HOOK_LOG"\nsleep 5\necho done >>"$HOOK_LOG"\n')
    build(project)
    log = tmp_path / "hooks.log"
    node = launch(project / "_build/prod/rel/greeter", "greeter", HOOK_LOG=str(log))
    process = subprocess.Popen((node.tree / "bin/greeter", "start"), env={**os.environ, **node.env})
    wait_for(log.exists, "the hook")
    process.terminate()
    process.wait(20)
    wait_for(lambda: not list_processes(f"HOOK_LOG={log}"), "the hook to end", 8)
    assert log.read_text() == "began\n"


def list_processes(variable):
    """Return the processes that have a variable; ``Path.glob`` would fail where one ends meanwhile."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and variable.encode() in (process / "environ").read_bytes():
                found.append(process)
    return found


def test_a_limit_of_hooks_that_is_no_number_is_refused(node):
    done = node("start", env={"RELEASE_HOOK_TIMEOUT": "10s"})
    assert done.status == 1
    assert "Expected RELEASE_HOOK_TIMEOUT to be a number of seconds, got: 10s" in done.err


def test_a_daemon_that_ends_while_it_starts_is_seen_with_its_log(launch, tmp_path):
    project = copy_project("single", tmp_path / "single")
    write_hook(project, "post_start", "never.sh", "log never\n")
    (project / "config").mkdir()
    # It cannot be asked, and ends a moment after it has said why: run_erl loses what is printed in the last instant.
    (project / "config/runtime.exs").write_text(
        "Node.set_cookie(:another)\n"
        'IO.puts(:stderr, "ONLY_ON_THE_HOST is missing")\nProcess.sleep(1000)\nSystem.halt(1)\n'
    )
    build(project)
    node = launch(project / "_build/prod/rel/greeter", "greeter")
    done = node("daemon")
    assert done.status == 1
    assert "greeter ended while it was starting; its log is in " in done.err
    assert "ONLY_ON_THE_HOST is missing" in done.err
    assert "never" not in done.out
