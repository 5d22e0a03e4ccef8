"""The launcher on a host: the shells, the cookie, read-only trees, odd paths, stopping, what each command answers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from dray.beam.module import read_chunks
from tests.harness import build, copy_project, dray, wait_for

pytestmark = pytest.mark.beam

HELLO = 'IO.puts(Greeter.greet("Ada"))'
SHELLS = [("dash",), ("bash",), ("bash", "--posix"), ("busybox", "sh")]


@pytest.fixture(scope="session")
def greeter(built):
    """A release of one Elixir application."""
    return built("single") / "_build/prod/rel/greeter"


@pytest.fixture(scope="session")
def counter(built):
    """A release of a rebar3 project."""
    return built("rebar") / "_build/prod/rel/counter"


def lives(pid):
    """Tell whether a process is there; one that has ended and was not asked for yet is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def background_pid(launcher):
    done = launcher("pid")
    assert done.status == 0, done.err
    return int(done.out)


@pytest.fixture
def foreground(tmp_path):
    """Return a function that starts a release in the foreground; what still runs at the end is ended."""
    started = []

    def start(launcher, *arguments, env=None):
        own = {**os.environ, **launcher.env, **(env or {})}
        log = (tmp_path / f"foreground-{len(started)}.log").open("wb")
        argv = (*launcher.shell, launcher.tree / "bin" / launcher.name, *(arguments or ("start",)))
        process = subprocess.Popen(argv, env=own, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=tmp_path)
        log.close()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


# The shells.


@pytest.fixture
def only_busybox(tmp_path):
    """A folder with busybox's programs and nothing else, as a small host has them."""
    folder = tmp_path / "busybox"
    folder.mkdir()
    subprocess.run(("busybox", "--install", "-s", folder), check=True)
    return folder


def use_every_command(launcher, hello):
    """Use all commands of a launcher that is not running, and leave it stopped."""
    name = launcher.name
    question = "20 + 22\r" if launcher.is_elixir else "20 + 22.\r"
    assert launcher("version").out.startswith(f"{name} ")
    assert (launcher("ping").status, launcher("pid").status, launcher("restart").status) == (1, 1, 1)
    not_running = launcher("stop")
    assert not_running.status == 1
    assert not_running.err.startswith(f"ERROR: {name} is not running: no answer from ")
    status = launcher("status")
    assert (status.status, status.out, status.err) == (3, f"{name} is not running\n", "")

    with launcher.running():
        assert launcher("ping").out == "pong\n"
        assert re.fullmatch(
            rf"{name} [\d.]+ is running: pid \d+, node {launcher.env['RELEASE_NODE']}, up 0d 0h 0m \d+s\n",
            launcher("status").out,
        )
        pid = background_pid(launcher)
        assert lives(pid)
        answer = launcher("rpc", hello)
        assert answer.status == 0, answer.err
        assert launcher("eval", "IO.puts(6 * 7)" if launcher.is_elixir else 'io:format("42~n").').out == "42\n"
        before = boots(launcher)
        assert before
        assert launcher("restart").status == 0
        wait_for(lambda: boots(launcher) not in {"", before}, "the restart")
        launcher.wait_until_up()
        assert background_pid(launcher) == pid
        assert "42" in launcher.in_terminal("remote", typed=question, until="42")
        assert (launcher("stop").status, lives(pid)) == (0, False)
        assert launcher("status").status == 3
    interactive = "start_iex" if launcher.is_elixir else "console"
    assert "42" in launcher.in_terminal(interactive, typed=question, until="42")
    return answer.out


def boots(launcher):
    """Return what is another after each start of the system: the process of its innermost supervisor."""
    pid = "IO.inspect(Process.whereis(:kernel_sup))" if launcher.is_elixir else "whereis(kernel_sup)"
    done = launcher("rpc", pid)
    return done.out if done.status == 0 and "<" in done.out else ""


@pytest.mark.shells
@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_every_command_works_in_every_shell(launch, greeter, shell):
    launcher = launch(greeter, "greeter")
    launcher.shell = shell
    assert use_every_command(launcher, HELLO) == "Hello Ada, you are number 1\n"


@pytest.mark.shells
@pytest.mark.rebar3
@pytest.mark.parametrize("shell", [("dash",), ("busybox", "sh")], ids=" ".join)
def test_every_command_of_an_erlang_release_works_in_every_shell(launch, counter, shell):
    launcher = launch(counter, "counter")
    launcher.shell = shell
    assert use_every_command(launcher, "counter:next()") == "{ok, 42}\n"


@pytest.mark.shells
def test_a_host_with_nothing_but_busybox_is_enough(launch, greeter, only_busybox):
    launcher = launch(greeter, "greeter", PATH=str(only_busybox))
    launcher.shell = (shutil.which("busybox") or "", "sh")
    assert use_every_command(launcher, HELLO) == "Hello Ada, you are number 1\n"


@pytest.mark.shells
@pytest.mark.rebar3
def test_an_erlang_release_too_needs_nothing_but_busybox(launch, counter, only_busybox):
    launcher = launch(counter, "counter", PATH=str(only_busybox))
    launcher.shell = (shutil.which("busybox") or "", "sh")
    assert use_every_command(launcher, "counter:next()") == "{ok, 42}\n"


def test_commands_beside_each_other_all_reach_the_system(launch, greeter):
    with launch(greeter, "greeter").running() as launcher:
        argv = (launcher.tree / "bin/greeter", "pid")
        env = {**os.environ, **launcher.env}
        beside = [subprocess.Popen(argv, env=env, stdout=subprocess.PIPE) for _ in range(6)]
        said = [process.communicate(timeout=60)[0] for process in beside]
        assert [process.returncode for process in beside] == [0] * 6
        assert len(set(said)) == 1


# Erlang's expressions.


@pytest.mark.rebar3
def test_expressions_of_an_erlang_release_are_erlang(launch, counter):
    launcher = launch(counter, "counter")
    assert launcher("eval", 'io:format("~p~n", [application:get_env(counter, first)]).').out == "{ok,41}\n"
    assert launcher("eval", 'io:format("~p", [whereis(counter)])').out == "undefined"
    assert launcher("eval", "halt(7)").status == 7
    for wrong in ("exit(why)", "error(why)", "throw(why)", "1 +", "}"):
        done = launcher("eval", wrong)
        assert (done.status, done.out) == (1, ""), wrong
        assert done.err, wrong
    assert launcher("eval", 'io:format("~ts", [init:get_plain_arguments()])', "a b", "c").out == "a bc"
    assert launcher("eval").err == "ERROR: EVAL expects an expression as argument\n"
    assert launcher("rpc").err == "ERROR: RPC expects an expression as argument\n"


@pytest.mark.rebar3
def test_an_erlang_system_answers_and_says_when_it_cannot(launch, counter):
    with launch(counter, "counter").running() as launcher:
        assert launcher("rpc", "counter:next().").out == "{ok, 42}\n"
        assert launcher("rpc", "counter:next()").out == "{ok, 43}\n"
        assert launcher("rpc", 'io:format("said~n"), 1 + 1').out == "said\n{ok, 2}\n"
        assert launcher("rpc", r'"a\\b\tc"').out == '{ok, "a\\b\\tc"}\n'
        wrong = launcher("rpc", "error(why)")
        assert (wrong.status, wrong.out) == (1, "")
        assert "why" in wrong.err
        assert launcher("rpc", "erlang:system_info(process_limit)").out != "{ok, 262144}\n"
        assert launcher("rpc", 'os:getenv("RELEASE_NAME")').out == '{ok, "counter"}\n'


@pytest.mark.rebar3
def test_an_erlang_system_has_a_console(launch, counter):
    text = launch(counter, "counter").in_terminal("console", typed="counter:next().\r", until="\n42")
    assert re.search(r"^42", text, re.MULTILINE)


# The cookie.


def mode(path):
    return path.stat().st_mode & 0o777


def test_the_first_start_makes_a_cookie_that_only_its_user_reads(launch, greeter):
    launcher = launch(greeter, "greeter")
    cookie = Path(launcher.env["RELEASE_TMP"]) / "COOKIE"
    old = os.umask(0)
    try:
        with launcher.running():
            made = cookie.read_text()
            assert mode(cookie) == 0o600
            assert re.fullmatch("[0-9a-f]{64}", made)
            assert launcher("rpc", "IO.puts(Node.get_cookie())").out == made + "\n"
    finally:
        os.umask(old)
    with launcher.running():
        assert cookie.read_text() == made
    assert sorted(cookie.parent.glob("COOKIE*")) == [cookie]
    assert not (greeter / "releases/COOKIE").exists()
    assert not (greeter / "tmp").exists()


def test_two_hosts_make_two_cookies(launch, greeter, tmp_path):
    cookies = set()
    for name in ("one", "two"):
        launcher = launch(greeter, "greeter", RELEASE_TMP=str(tmp_path / name))
        assert launcher("eval", "IO.puts(Node.get_cookie())").status == 0
        cookies.add((tmp_path / name / "COOKIE").read_text())
    assert len(cookies) == 2


def test_starts_at_the_same_time_agree_on_one_cookie(launch, greeter, tmp_path):
    launcher = launch(greeter, "greeter", RELEASE_TMP=str(tmp_path / "shared"))
    env = {**os.environ, **launcher.env, "RELEASE_DISTRIBUTION": "sname"}
    show = 'IO.puts(System.get_env("RELEASE_COOKIE"))'
    started = [
        subprocess.Popen((greeter / "bin/greeter", "eval", show), env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = {process.communicate(timeout=60)[0] for process in started}
    assert said == {(tmp_path / "shared/COOKIE").read_text() + "\n"}


def test_a_cookie_of_the_environment_wins_and_is_not_written(launch, greeter, tmp_path):
    launcher = launch(greeter, "greeter", RELEASE_COOKIE="chosen by the host")
    with launcher.running():
        assert launcher("rpc", "IO.puts(Node.get_cookie())").out == "chosen by the host\n"
        assert launcher("ping").status == 0
        assert launcher("ping", env={"RELEASE_COOKIE": "another"}).status == 1
        assert launcher("rpc", "1", env={"RELEASE_COOKIE": "another"}).status == 1
    assert not (tmp_path / "run/COOKIE").exists()


def test_a_cookie_beside_the_release_is_taken_as_mix_does(launch, greeter, tmp_path):
    launcher = launch(greeter, "greeter", own_copy=True)
    (launcher.tree / "releases/COOKIE").write_text("of_the_cluster")
    with launcher.running():
        assert launcher("rpc", "IO.puts(Node.get_cookie())").out == "of_the_cluster\n"
    assert not (tmp_path / "run/COOKIE").exists()


def test_a_name_that_is_taken_is_said_and_does_the_running_system_no_harm(launch, greeter):
    launcher = launch(greeter, "greeter")
    with launcher.running():
        pid = launcher("pid").out.strip()
        for command in ("start", "daemon"):
            done = launcher(command)
            assert done.status == 1
            assert f"greeter runs already: pid {pid}, node " in done.err
        assert launcher("pid").out.strip() == pid


def test_asking_makes_no_cookie(launch, greeter, tmp_path):
    launcher = launch(greeter, "greeter")
    for command in ("ping", "status", "pid", "stop", "restart", "version", "remote"):
        launcher(command)
    done = launcher("rpc", "1")
    assert done.status == 1
    assert "there is no cookie that this user may read" in done.err
    assert not (tmp_path / "run").exists()


# Where the tree lies.


READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


def read_only(launcher):
    """Let a launcher see its tree on a read-only file system."""
    launcher.shell = ("unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(launcher.tree))
    return launcher


@pytest.mark.root
@pytest.mark.parametrize(("project", "name"), [("single", "greeter"), ("providers", "rebooting")])
def test_a_read_only_tree_writes_to_release_tmp(launch, built, tmp_path, project, name):
    tree = built(project, *(() if project == "single" else (name,))) / "_build/prod/rel" / name
    launcher = read_only(launch(tree, name, ONLY_ON_THE_HOST="yes"))
    with launcher.running():
        assert launcher("ping").status == 0
        assert launcher("eval", "IO.puts(1)").out == "1\n"
    assert {"COOKIE", "log", "pipe"} <= {path.name for path in (tmp_path / "run").iterdir()}
    assert not (tree / "tmp").exists()


@pytest.mark.root
def test_nothing_that_can_be_written_is_a_clear_error(launch, greeter):
    launcher = read_only(launch(greeter, "greeter", RELEASE_TMP=""))
    for command in (("start",), ("daemon",), ("start_iex",)):
        done = launcher(*command)
        assert done.status == 1
        said = done.err.splitlines()[-1]
        assert said.startswith("ERROR: ")
        assert f"{greeter}/tmp" in said
        assert "make it writable, or set RELEASE_TMP" in said
    assert launcher("version").out == "greeter 1.2.3\n"
    assert launcher("status").status == 3
    assert launcher("eval", "IO.puts(1)").out == "1\n"


@pytest.mark.root
def test_with_a_cookie_only_what_must_be_written_is_an_error(launch, greeter, built, foreground):
    launcher = read_only(launch(greeter, "greeter", RELEASE_TMP="", RELEASE_COOKIE="given"))
    assert launcher("eval", "IO.puts(1)").out == "1\n"
    foreground(launcher)
    launcher.wait_until_up()
    assert launcher("stop").status == 0
    done = launcher("daemon")
    assert done.status == 1
    assert done.err.splitlines()[-1] == (
        f"ERROR: {greeter}/tmp cannot be written; make it writable, or set RELEASE_TMP"
    )

    tree = built("providers", "rebooting") / "_build/prod/rel/rebooting"
    launcher = read_only(launch(tree, "rebooting", RELEASE_TMP="", RELEASE_COOKIE="given", ONLY_ON_THE_HOST="yes"))
    done = launcher("start")
    assert done.status == 1
    assert "ERROR: Cannot start release because it could not write " in done.err


def test_it_can_be_called_through_links(launch, greeter, tmp_path):
    launcher = launch(greeter, "greeter")
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt/current").symlink_to(greeter)
    links = tmp_path / "links"
    links.mkdir()
    (links / "absolute").symlink_to(greeter / "bin/greeter")
    (links / "relative").symlink_to(os.path.relpath(greeter / "bin/greeter", links))
    (links / "chain").symlink_to("relative")
    (links / "long chain").symlink_to(links / "chain")
    (links / "via folder").symlink_to("../opt/current/bin/greeter")
    show = 'IO.puts(System.get_env("RELEASE_ROOT") <> " " <> System.get_env("RELEASE_PROG"))'
    for name in ("absolute", "relative", "chain", "long chain", "via folder"):
        done = subprocess.run(
            (links / name, "version"), capture_output=True, text=True, check=False, env={**os.environ, **launcher.env}
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "greeter 1.2.3\n", ""), name
    for argv, cwd in (
        (("long chain", "eval", show), links),
        (("./long chain", "eval", show), links),
        (("links/long chain", "eval", show), tmp_path),
    ):
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env={**os.environ, **launcher.env, "PATH": f"{links}:{os.environ['PATH']}"},
        )
        assert (done.returncode, done.stdout) == (0, f"{greeter.resolve()} long chain\n"), done.stderr
    done = subprocess.run(
        ("sh", "greeter", "version"), cwd=greeter / "bin", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "greeter 1.2.3\n")


# Elixir's own scripts, which `mix release` takes as well, do not stand a backslash.
ODD_NAMES = ["with spaces", "für Grüße", "$HOME `id` ; x & (y) #", 'it\'s ["quoted"] *?! %d ~']


@pytest.mark.parametrize(("folder", "locale"), [*((name, "C") for name in ODD_NAMES), (ODD_NAMES[1], "C.UTF-8")])
def test_a_tree_may_lie_anywhere(launch, greeter, tmp_path, folder, locale):
    tree = shutil.copytree(greeter, tmp_path / folder / "greeter", symlinks=True)
    launcher = launch(tree, "greeter", RELEASE_TMP=str(tmp_path / folder / "run time"), LC_ALL=locale)
    where = 'IO.puts(System.get_env("RELEASE_ROOT"))'
    done = launcher("eval", where)
    assert done.status == 0, done.err
    with launcher.running():
        assert launcher("ping").status == 0
        done = launcher("rpc", HELLO)
        assert done.out == "Hello Ada, you are number 1\n", done.err
        assert launcher("stop").status == 0


@pytest.mark.rebar3
@pytest.mark.parametrize("folder", [*ODD_NAMES, "-n \\back\\slash"])
def test_the_tree_of_an_erlang_release_may_lie_anywhere(launch, counter, tmp_path, folder):
    tree = shutil.copytree(counter, tmp_path / folder / "counter", symlinks=True)
    launcher = launch(tree, "counter", RELEASE_TMP=str(tmp_path / folder / "run time"))
    assert launcher("eval", 'io:format("~p", [6 * 7])').out == "42"
    with launcher.running():
        assert launcher("rpc", "counter:next()").out == "{ok, 42}\n"


def test_a_version_that_is_not_installed_is_named(launch, greeter):
    launcher = launch(greeter, "greeter", RELEASE_VSN="9.9.9")
    done = launcher("start")
    assert done.status == 1
    assert done.err == f"ERROR: greeter 9.9.9 is not installed in {greeter.resolve()}\n"


# The runtime of the host.


def test_without_a_runtime_of_its_own_it_uses_that_of_the_host(launch, tmp_path):
    project = copy_project("single", tmp_path / "single")
    build(project, "--set", "release.include_erts=false")
    tree = project / "_build/prod/rel/greeter"
    assert not list(tree.glob("erts-*"))
    included = {path.name.partition("-")[0] for path in (tree / "lib").iterdir()}
    assert included == {"greeter", "elixir", "logger", "iex"}, "what comes with OTP is the host's"
    assert use_every_command(launch(tree, "greeter"), HELLO) == "Hello Ada, you are number 1\n"


# Stopping.


SLOW = """
Supervisor.start_child(Greeter.Supervisor, %{
  id: :slow, shutdown: 3_000,
  start: {Task, :start_link, [fn -> Process.flag(:trap_exit, true); receive do :never -> :ok end end]}
})
"""


def test_stop_returns_when_the_system_is_gone(launch, greeter):
    with launch(greeter, "greeter").running("daemon_iex") as launcher:
        pid = background_pid(launcher)
        done = launcher("stop")
        assert (done.status, done.out, done.err, lives(pid)) == (0, "", "", False)


def test_a_host_that_cannot_resolve_its_name_is_asked_by_a_whole_vm(launch, greeter):
    """erl_call of OTP ends with a segmentation fault there."""
    launcher = launch(greeter, "greeter", own_copy=True)
    (erl_call,) = launcher.tree.glob("erts-*/bin/erl_call")
    erl_call.write_text("#!/bin/sh\nkill -SEGV $$\n")
    with launcher.running():
        pid = int(launcher("pid").out)
        assert lives(pid)
        assert launcher("ping").out == "pong\n"
        assert launcher("status").out.startswith(f"greeter 1.2.3 is running: pid {pid}, node ")
        assert launcher("stop").status == 0
        assert not lives(pid)
        assert launcher("ping").status == 1
        assert launcher("daemon").status == 0
        launcher.wait_until_up()


def test_a_host_that_does_not_know_the_name_of_the_node_is_told_so(launch, greeter, tmp_path):
    (tmp_path / "getent").write_text('#!/bin/sh\n[ "$1 $2" != "ahosts nowhere" ]\n')
    (tmp_path / "getent").chmod(0o755)
    with launch(greeter, "greeter", PATH=f"{tmp_path}:{os.environ['PATH']}").running() as launcher:
        said = launcher("pid", env={"RELEASE_NODE": "other@nowhere"})
        known = launcher("pid", env={"RELEASE_NODE": "other@localhost"})
    why = "greeter runs, but this machine does not know the name nowhere: add it to /etc/hosts"
    assert (said.status, said.err) == (1, f"ERROR: {why}\n")
    assert "no answer from other@localhost" in known.err


@pytest.mark.shells
@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_system_that_is_still_starting_is_stopped(launch, greeter, shell):
    launcher = launch(greeter, "greeter")
    launcher.shell = shell
    assert launcher("daemon").status == 0
    assert launcher("stop").status == 0
    assert launcher("status").status == 3
    assert "is not running: no answer" in launcher("ping").err


def test_stop_reaches_a_system_that_is_just_restarting(launch, greeter):
    with launch(greeter, "greeter").running() as launcher:
        pid = int(launcher("pid").out)
        assert launcher("restart").status == 0
        assert launcher("stop", env={"RELEASE_STOP_TIMEOUT": "30"}).status == 0
        assert not lives(pid)


def test_stop_waits_as_long_as_it_is_told_and_then_says_what_to_do(launch, greeter):
    with launch(greeter, "greeter").running() as launcher:
        pid = background_pid(launcher)
        assert launcher("rpc", SLOW).status == 0
        done = launcher("stop", env={"RELEASE_STOP_TIMEOUT": "1"})
        assert done.status == 1
        assert done.err == (
            f"ERROR: greeter still runs after 1 s (pid {pid}): it was told to stop and goes on stopping. "
            f"Wait longer with RELEASE_STOP_TIMEOUT, or end it: kill -KILL {pid}\n"
        )
        assert lives(pid)
        wait_for(lambda: not lives(pid), "the slow stop")


def test_a_limit_that_is_no_number_is_refused_before_anything_stops(launch, greeter):
    with launch(greeter, "greeter").running() as launcher:
        for limit in ("soon", "1.5", "-1", "1; id", "0x10"):
            done = launcher("stop", env={"RELEASE_STOP_TIMEOUT": limit})
            assert done.status == 1
            assert done.err == f"ERROR: Expected RELEASE_STOP_TIMEOUT to be a number of seconds, got: {limit}\n"
        assert launcher("ping").status == 0


def test_a_limit_may_have_leading_zeros(launch, greeter):
    with launch(greeter, "greeter").running() as launcher:
        pid = background_pid(launcher)
        assert (launcher("stop", env={"RELEASE_STOP_TIMEOUT": "08"}).status, lives(pid)) == (0, False)


def test_a_system_in_the_foreground_stops_when_it_is_told_and_ends_with_success(launch, greeter, foreground):
    launcher = launch(greeter, "greeter")
    process = foreground(launcher)
    launcher.wait_until_up()
    assert background_pid(launcher) == process.pid, "the launcher becomes the system"
    assert launcher("stop").status == 0 or process.poll() == 0
    assert process.wait(10) == 0


def test_a_signal_stops_a_system_in_the_foreground(launch, greeter, foreground):
    launcher = launch(greeter, "greeter")
    process = foreground(launcher)
    launcher.wait_until_up()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert launcher("status").status == 3


# In the background, without distribution, by mistake.


def test_what_runs_in_the_background_keeps_its_output_in_files(launch, greeter, tmp_path):
    with launch(greeter, "greeter").running() as launcher:
        assert launcher("rpc", 'IO.puts(:user, "on_the_standard_output")').status == 0
        wait_for(lambda: "on_the_standard_output" in launcher.log(), "the log")
        assert {"log", "pipe", "COOKIE"} <= {path.name for path in (tmp_path / "run").iterdir()}
        assert list((tmp_path / "run/pipe").iterdir())


def test_the_cookie_in_the_log_of_the_start_is_for_its_user_alone(launch, greeter, tmp_path):
    with launch(greeter, "greeter").running():
        log = tmp_path / "run/log/run_erl.log"
        assert (tmp_path / "run/COOKIE").read_text() in log.read_text()
        assert mode(log) == 0o600


@pytest.mark.rebar3
def test_an_erlang_system_in_the_background_keeps_its_output_in_files(launch, counter):
    with launch(counter, "counter").running() as launcher:
        assert launcher("rpc", 'io:put_chars(user, "on_the_standard_output\\n")').status == 0
        wait_for(lambda: "on_the_standard_output" in launcher.log(), "the log")


@pytest.mark.parametrize("kind", ["greeter", "counter"])
def test_without_distribution_it_starts_and_says_why_it_cannot_be_asked(request, launch, foreground, tmp_path, kind):
    tree = request.getfixturevalue(kind)
    launcher = launch(tree, kind, RELEASE_DISTRIBUTION="none")
    process = foreground(launcher)
    text = tmp_path / "foreground-0.log"
    for command in ("ping", "pid", "stop", "restart", "status"):
        done = launcher(command)
        assert done.status == 1, command
        assert done.err == (
            f"ERROR: {kind} runs without distribution (RELEASE_DISTRIBUTION=none) and cannot be asked\n"
        ), command
    assert process.poll() is None, text.read_text()
    assert not (tmp_path / "run/COOKIE").exists()
    assert launcher("version").status == 0


def test_a_long_name_is_a_name(launch, greeter):
    launcher = launch(greeter, "greeter", RELEASE_DISTRIBUTION="name")
    launcher.env["RELEASE_NODE"] += "@127.0.0.1"
    with launcher.running():
        assert launcher("rpc", "IO.puts(node())").out == launcher.env["RELEASE_NODE"] + "\n"
        assert launcher("ping").status == 0


def test_the_help_lists_every_command(launch, greeter, golden):
    launcher = launch(greeter, "greeter")
    shown = launcher("help")
    assert (shown.status, shown.out) == (0, "")
    golden("launcher_help_elixir.txt", shown.err)
    for arguments in ((), ("-h",), ("--help",)):
        assert launcher(*arguments).err == shown.err


@pytest.mark.rebar3
def test_the_help_of_an_erlang_release_lists_its_commands(launch, counter, golden):
    golden("launcher_help_erlang.txt", launch(counter, "counter")("help").err)


@pytest.mark.parametrize(
    "command", ["frobnicate", "../launcher", "../commands/start", "./start", "start.sh", "a b", "*"]
)
def test_a_command_that_does_not_exist_is_named_and_nothing_starts(launch, greeter, command):
    done = launch(greeter, "greeter")(command)
    assert (done.status, done.out) == (1, "")
    assert done.err.endswith(f"ERROR: Unknown command {command}\n")
    assert "start_iex" in done.err


def test_a_command_in_a_foreign_folder_reads_nothing_there(launch, greeter, tmp_path):
    (tmp_path / "cwd").mkdir()
    for name in ("start", "version", "env.sh", "launcher"):
        (tmp_path / "cwd" / name).write_text("echo wrong\n")
    done = launch(greeter, "greeter")("version", cwd=tmp_path / "cwd")
    assert done.out == "greeter 1.2.3\n"


# What is in the tree.


def http_get(port, path="/"):
    """Return what a server of one line answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        parts = []
        while part := connection.recv(4096):
            parts.append(part)
    return b"".join(parts).decode()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_phoenix_release_serves_pages_at_plain_start(launch, port, foreground, tmp_path):
    project = copy_project("phoenix_like", tmp_path / "pages")
    assert dray("init", cwd=project).status == 0
    build(project)
    launcher = launch(project / "_build/prod/rel/pages", "pages", PORT=str(port), RELEASE_DISTRIBUTION="none")
    process = foreground(launcher)
    wait_for(lambda: listens(port), "the endpoint")
    assert '"robots.txt":"robots-' in http_get(port)
    assert '"assets/app.css":"assets/app-' in http_get(port)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_functions_in_steps_of_mix_exs_do_what_they_do_in_mix(built, launch):
    project = built("mix_steps", "stepped")
    tree = project / "_build/prod/rel/stepped"
    assert (tree / "share/steps.txt").read_text() == "stepped 0.1.0\n"
    assert not (tree / "share/unwanted.txt").exists()
    module = next((tree / "lib").glob("stepped-*/ebin/Elixir.Stepped.beam"))
    assert b"Docs" in dict(read_chunks(module.read_bytes()))
    assert [path.name for path in (project / "_build/prod").glob("*.tar.gz")] == ["stepped-0.1.0.tar.gz"]
    assert launch(tree, "stepped")("eval", "IO.puts(Stepped.name())").out == "stepped\n"


def test_release_handler_knows_the_release_as_permanent(launch, tmp_path):
    project = copy_project("single", tmp_path / "single")
    file = project / "mix.exs"
    file.write_text(file.read_text().replace("[:logger, :crypto]", "[:logger, :crypto, :sasl]"))
    build(project)
    with launch(project / "_build/prod/rel/greeter", "greeter").running() as launcher:
        done = launcher(
            "rpc",
            "for {name, vsn, apps, status} <- :release_handler.which_releases(), "
            'do: IO.inspect({to_string(name), to_string(vsn), status, ~c"greeter-1.2.3" in apps})',
        )
        assert done.out == '{"greeter", "1.2.3", :permanent, true}\n', done.err
