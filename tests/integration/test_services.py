"""A release under real init systems: variables arrive, a crash is followed by a start, a stop stops."""

from __future__ import annotations

import base64
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from dray.service.export import write_files
from dray.service.format import ServiceFile
from dray.service.model import build_service
from dray.service.options import ServiceOptions
from dray.service.registry import load_format
from dray.service.shell import SCRIPTS
from dray.template.environment import TemplateFolder
from tests.harness import Launcher, dray, run, wait_for

pytestmark = [pytest.mark.beam, pytest.mark.root]

NASTY = 'it\'s "5%" of $HOME `id` $(id) %(here)s \\n \\\nnew line\ttab <b>&amp; ; #! *?[a] grün 漢 \U0001f600 '
HIDDEN = "p%40ss $word 'and' \"more\""


STOP = ("pre_stop", "post_stop")


@dataclass
class Installed:
    """The release on a host: its tree, its service, and the launcher that asks it."""

    folder: Path
    launcher: Launcher
    service: ServiceFile

    def pid(self):
        asked = self.launcher("pid")
        return int(asked.out) if asked.status == 0 else 0

    def wait_until_up(self, *, other_than=0):
        wait_for(lambda: self.pid() not in {0, other_than}, f"the service to run; {self.said()}", 60)
        self.launcher.wait_until_up()
        return self.pid()

    def variable(self, name):
        done = self.launcher("rpc", f'IO.write(Base.encode64(System.get_env("{name}")))')
        assert done.status == 0, done.err
        return base64.b64decode(done.out).decode()

    def expect_hooks(self, *points):
        """Wait until just these hooks have run since the last time."""
        file = self.folder / "state/noted"
        wait_for(
            lambda: file.exists() and len(file.read_text().splitlines()) >= len(points), f"{points}; {self.said()}"
        )
        assert file.read_text().split() == list(points)
        file.unlink()

    def said(self):
        return "\n".join(path.read_text(errors="replace") for path in self.folder.glob("log/**/*") if path.is_file())


@pytest.fixture
def host():
    """A folder that the user nobody may enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="dray-service-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for below in ("state", "log"):
            (folder / below).mkdir()
            shutil.chown(folder / below, "nobody", "nogroup")
        yield folder


@pytest.fixture
def install(built, epmd, host, launch):
    """Return a function that installs the release and its service in a format."""

    def do(format_name, **options):
        root = shutil.copytree(built("single") / "_build/prod/rel/greeter", host / "root", symlinks=True)
        for point in ("post_start", *STOP):
            hook = root / "releases/1.2.3/hooks" / point / "001-note.sh"
            hook.parent.mkdir(parents=True)
            hook.write_text(f'echo {point} >>"$RELEASE_TMP/noted"\n')
        escaped = "".join(f"\\{letter}" if letter in '\\"$`' else letter for letter in HIDDEN)
        (host / "environment").write_text(f'HIDDEN="{escaped}"\n', encoding="utf-8")
        shutil.chown(host / "environment", "root", "nogroup")
        (host / "environment").chmod(0o640)
        client = launch(root, "greeter", RELEASE_TMP=str(host / "state"))
        service = build_service(
            ServiceOptions(
                root=str(root),
                user="nobody",
                group="nogroup",
                state=str(host / "state"),
                runtime=str(host / "run"),
                log=str(host / "log"),
                environment_file=str(host / "environment"),
                environment={"NASTY": NASTY, "ERL_EPMD_PORT": str(epmd), "RELEASE_NODE": client.env["RELEASE_NODE"]},
                open_files=4096,
                restart_delay=0,
                **options,
            ),
            release="greeter",
        )
        files = [
            ServiceFile(file.path, file.text.replace(SCRIPTS, str(host / "files")), file.mode)
            for file in load_format(format_name).render(service, TemplateFolder())
        ]
        write_files(tuple(files), host / "files")
        return Installed(host, client, files[0])

    return do


@contextlib.contextmanager
def supervised(*argv, cwd=None):
    """Run an init system's program in a session of its own while the block lasts."""
    clean = {"PATH": os.environ["PATH"], "HOME": "/root"}
    with subprocess.Popen([str(part) for part in argv], cwd=cwd, env=clean, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def check_variables_and_user(installed, pid):
    assert installed.variable("NASTY") == NASTY
    assert installed.variable("HIDDEN") == HIDDEN
    assert installed.variable("RELEASE_TMP") == str(installed.folder / "state")
    status = Path(f"/proc/{pid}/status").read_text()
    assert f"\nUid:\t{pwd.getpwnam('nobody').pw_uid}\t" in status
    assert Path(f"/proc/{pid}/cwd").resolve() == (installed.folder / "state").resolve()


def check_crash(installed, pid):
    installed.expect_hooks("post_start")
    os.kill(pid, signal.SIGKILL)
    pid = installed.wait_until_up(other_than=pid)
    installed.expect_hooks("post_start")
    return pid


def is_gone(pid):
    """Tell whether a process has ended; whoever started it may not have looked yet."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.services
def test_runit(install):
    installed = install("runit", check="bin/greeter ping")
    folder = installed.folder / "files/greeter"
    with supervised("runsv", folder):
        pid = installed.wait_until_up()
        check_variables_and_user(installed, pid)
        assert "open files" in Path(f"/proc/{pid}/limits").read_text()
        assert run("sv", "-w", "60", "check", folder, cwd=folder).status == 0
        pid = check_crash(installed, pid)
        stopped = run("sv", "-w", "60", "stop", folder, cwd=folder)
        assert stopped.status == 0, stopped.out
        assert is_gone(pid)
        installed.expect_hooks(*STOP)
        assert run("sv", "-w", "60", "start", folder, cwd=folder).status == 0
        pid = installed.wait_until_up()
        assert installed.launcher("stop").status == 0
        wait_for(lambda: run("sv", "status", folder, cwd=folder).out.startswith("down:"), "the service to stay down")
        run("sv", "-w", "60", "exit", folder, cwd=folder)
    assert (installed.folder / "log/current").exists()


@pytest.mark.services
def test_s6(install):
    installed = install("s6", check="bin/greeter ping")
    scan = installed.folder / "files"
    folder = scan / "greeter"
    with supervised("s6-svscan", scan) as process:
        wait_for((folder / "supervise/status").exists, "s6-supervise")
        assert run("s6-svwait", "-U", "-t", "60000", folder, cwd=scan).status == 0, installed.said()
        pid = installed.wait_until_up()
        check_variables_and_user(installed, pid)
        pid = check_crash(installed, pid)
        assert run("s6-svc", "-d", "-wD", "-T", "60000", folder, cwd=scan).status == 0
        assert is_gone(pid)
        installed.expect_hooks(*STOP)
        assert run("s6-svc", "-u", "-wU", "-T", "60000", folder, cwd=scan).status == 0
        assert installed.launcher("stop").status == 0
        wait_for(lambda: run("s6-svstat", folder, cwd=scan).out.startswith("down"), "the service to stay down")
        run("s6-svscanctl", "-t", scan, cwd=scan)
        process.wait(30)
    assert (installed.folder / "log/current").exists()


@pytest.mark.services
def test_supervisord(install):
    installed = install("supervisord")
    folder = installed.folder
    (folder / "supervisord.conf").write_text(
        f"[unix_http_server]\nfile={folder}/socket\n[supervisord]\nlogfile={folder}/own.log\npidfile={folder}/pid\n"
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = "
        "supervisor.rpcinterface:make_main_rpcinterface\n"
        f"[supervisorctl]\nserverurl=unix://{folder}/socket\n[include]\nfiles={folder}/files/*.conf\n"
    )

    def ctl(*words):
        return run("supervisorctl", "-c", folder / "supervisord.conf", *words, cwd=folder)

    with supervised("supervisord", "-n", "-s", "-c", folder / "supervisord.conf"):
        pid = installed.wait_until_up()
        check_variables_and_user(installed, pid)
        pid = check_crash(installed, pid)
        assert ctl("stop", "greeter").status == 0
        assert is_gone(pid)
        installed.expect_hooks(*STOP)
        assert ctl("start", "greeter").status == 0
        installed.wait_until_up()
        assert installed.launcher("stop").status == 0
        wait_for(lambda: "EXITED" in ctl("status", "greeter").out, "the service to stay down")
    assert (folder / "log/greeter.log").exists()


def test_sysv(install):
    installed = install("sysv", check="bin/greeter ping", reload="bin/greeter rpc 'IO.puts(\"it`s $x 5%\")'")
    script = installed.folder / "files/greeter"

    def init(action):
        return run("env", "-i", script, action, cwd=installed.folder)

    assert init("status").status == 3
    assert init("stop").status == 0
    started = init("start")
    assert (started.status, started.out) == (0, "greeter: started\n"), started.err
    try:
        assert init("start").out == "greeter: runs already\n"
        assert init("status").status == 0
        pid = installed.pid()
        check_variables_and_user(installed, pid)
        installed.expect_hooks("post_start")
        assert init("reload").out == "it`s $x 5%\n"
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: init("status").status == 3, "the crash to be seen")
        assert init("restart").status == 0
        pid = installed.pid()
    finally:
        stopped = init("stop")
    assert (stopped.status, stopped.out) == (0, "greeter: stopped\n"), stopped.err
    assert is_gone(pid)
    installed.expect_hooks("post_start", *STOP)
    assert init("frobnicate").status == 2


def test_export_writes_files_and_says_how_to_install_them(built, tmp_path):
    project = built("single")
    done = dray("export", "runit", "--to", str(tmp_path / "out"), "--set", "port=4000", cwd=project)
    assert done.status == 0, done.err
    assert [Path(line).name for line in done.out.splitlines()] == ["run", "finish", "run"]
    assert "install -m 0755 greeter/run /etc/sv/greeter/run" in done.err
    assert "ln -s /etc/sv/greeter /etc/service/" in done.err
    assert "export PORT=4000\n" in (tmp_path / "out/greeter/run").read_text()
    again = dray("export", "runit", "--to", str(tmp_path / "out"), "--set", "port=4001", cwd=project)
    states = [line.rpartition(" ")[2] for line in again.out.splitlines()]
    assert states == ["(replaced)", "(unchanged)", "(unchanged)"]


def test_export_prints(built):
    done = dray("export", "systemd", "--print", "--set", "environment=A=b c", cwd=built("single"))
    assert done.status == 0, done.err
    assert done.out.startswith("==> greeter.service <==\n# greeter.service: written by dray export systemd.")
    assert 'Environment="A=b c"\n' in done.out


def test_export_takes_the_user_s_templates(built, tmp_path):
    folder = tmp_path / "dray/templates/service/procfile"
    folder.mkdir(parents=True)
    (folder / "Procfile").write_text("mine\n")
    done = dray("export", "procfile", "--print", cwd=built("single"), env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert done.out.startswith("==> Procfile <==\nmine\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sytemd",), "did you mean 'systemd'"),
        (("systemd", "--set", "usr=x"), "did you mean 'user'"),
        (("systemd", "--set", "user"), "--set takes KEY=VALUE"),
        (("systemd", "--set", "port=high"), "port is a whole number"),
        (("systemd", "--set", "user=a b"), "user is made of letters"),
        (("systemd", "--release", "greter"), "did you mean 'greeter'"),
    ],
)
def test_export_refuses_mistakes(arguments, message, built):
    done = dray("export", *arguments, cwd=built("single"))
    assert done.status == 2
    assert message in done.err
    assert done.out == ""
