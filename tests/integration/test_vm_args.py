"""vm.args on real hosts: the flags arrive, what is yours wins, and nothing listens beyond loopback."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.harness import build, copy_project, wait_for
from tests.integration.conftest import free_port

pytestmark = pytest.mark.beam

CONFIG = """\
from dray.config import config
from dray.steps import assemble, release

{settings}

build = release("greeter") | assemble()
"""
WITH_HOSTS = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
WITH_FULL = (
    'mkdir -p "$1" && mount -t tmpfs -o size=64k x "$1" && dd if=/dev/zero of="$1/x" bs=1k count=99 2>/dev/null'
)


def loopback():
    """Return where a node listens, as Erlang writes it: Debian lets the name of a host lead to 127.0.1.1."""
    own = socket.gethostbyname(socket.gethostname())
    return "{" + (own if own.startswith("127.") else "127.0.0.1").replace(".", ",") + "}"


LISTENING = ("{:ok, {127, 0, 0, 1}}\n", "{:ok, {127, 0, 1, 1}}\n")
KERNEL = "IO.inspect(:application.get_env(:kernel, :inet_dist_use_interface))"


@pytest.fixture(scope="session")
def greeter(built):
    return built("single") / "_build/prod/rel/greeter"


@pytest.fixture
def configured(tmp_path):
    """Return a function that builds the project with settings of its own, and returns the release."""

    def make(settings, **files):
        project = copy_project("single", tmp_path / "project")
        (project / "rel").mkdir(exist_ok=True)
        (project / "rel/config.py").write_text(CONFIG.format(settings=settings))
        for path, text in files.items():
            target = project / path.replace("__", "/").replace("_dot_", ".")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        build(project)
        return project / "_build/prod/rel/greeter"

    return make


def listening(pid):
    """Return the addresses on which a process listens, as /proc/net has them, without those of its clients."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
        except OSError:
            continue
        if found:
            sockets.add(found[1])
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path("/proc/net", table).read_text().splitlines()[1:]]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in sockets}


LOOPBACK = {"0100007F", "0101007F", "00000000000000000000000001000000"}


def test_the_flags_arrive_and_are_shown(launch, greeter, tmp_path):
    launcher = launch(greeter, "greeter")
    before = launcher("vm_args")
    assert before.status == 0, before.err
    assert before.out.startswith("# greeter is not running; a start would use:\n## node ")
    assert "# rule crash_dump: RELEASE_TMP can be written\n" in before.out
    with launcher.running():
        running = launcher("vm_args").out
        assert running.startswith("# greeter is running with:\n## node ")
        assert running.splitlines()[1:] == before.out.splitlines()[1:]
        assert launcher("rpc", KERNEL).out in LISTENING
        dump = launcher("rpc", 'IO.puts(System.get_env("ERL_CRASH_DUMP"))').out
        assert dump == f"{tmp_path}/run/erl_crash.dump\n"
        assert listening(int(launcher("pid").out)) <= LOOPBACK
    assert launcher("vm_args").out.startswith("# greeter is not running")
    (file,) = (tmp_path / "run").glob("*.vm.args*")
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_port_mapper_that_a_start_brings_listens_on_loopback_alone(launch, greeter):
    port = free_port()
    launcher = launch(greeter, "greeter", ERL_EPMD_PORT=str(port))
    try:
        with launcher.running():
            rows = [
                row.split()[1].split(":")
                for table in ("tcp", "tcp6")
                for row in Path("/proc/net", table).read_text().splitlines()[1:]
                if row.split()[3] == "0A"
            ]
            found = {address for address, number in rows if int(number, 16) == port}
            assert found
            assert found <= LOOPBACK
    finally:
        subprocess.run(("epmd", "-port", str(port), "-kill"), capture_output=True, check=False)


@pytest.mark.root
@pytest.mark.parametrize(
    ("hosts", "suffix", "interface"),
    [
        ("127.0.0.1 localhost\n127.0.1.1 {host}\n", "", "{127, 0, 1, 1}"),
        ("127.0.0.1 localhost\n192.0.2.77 {host}\n", "@localhost", "{127, 0, 0, 1}"),
        ("127.0.0.1 localhost\n", "@localhost", "{127, 0, 0, 1}"),
    ],
    ids=["as Debian has it", "the name leads to the network", "the name leads nowhere"],
)
def test_every_command_reaches_a_node_on_loopback_wherever_its_name_leads(
    launch, greeter, tmp_path, hosts, suffix, interface
):
    (tmp_path / "hosts").write_text(hosts.format(host=os.uname().nodename))
    port = free_port()
    launcher = launch(greeter, "greeter", ERL_EPMD_PORT=str(port))
    launcher.shell = ("unshare", "--mount", "sh", "-c", WITH_HOSTS, "sh", str(tmp_path / "hosts"))
    node = launcher.env["RELEASE_NODE"] + suffix
    try:
        with launcher.running():
            assert launcher("ping").out == "pong\n"
            assert f"node {node}, up" in launcher("status").out
            assert launcher("rpc", KERNEL).out == f"{{:ok, {interface}}}\n"
            assert "42" in launcher.in_terminal("remote", typed="20 + 22\r", until="42")
            assert listening(int(launcher("pid").out)) <= LOOPBACK
            assert launcher("stop").status == 0
    finally:
        subprocess.run(("epmd", "-port", str(port), "-kill"), capture_output=True, check=False)


@pytest.mark.parametrize("language", ["elixir", pytest.param("erlang", marks=pytest.mark.rebar3)])
def test_a_fixed_port_needs_no_port_mapper(launch, configured, tmp_path, language):
    port, mapper = free_port(), free_port()
    settings = f'config("cluster", port={port})'
    if language == "elixir":
        tree, name, answer = configured(settings), "greeter", ("rpc", "IO.puts(42)", "42\n")
    else:
        project = copy_project("rebar", tmp_path / "rebar")
        (project / "rel").mkdir(exist_ok=True)
        (project / "rel/config.py").write_text(CONFIG.format(settings=settings).replace("greeter", "counter"))
        build(project)
        tree, name, answer = project / "_build/prod/rel/counter", "counter", ("rpc", "6 * 7", "{ok, 42}\n")
    launcher = launch(tree, name, ERL_EPMD_PORT=str(mapper))
    with launcher.running():
        assert launcher("ping").out == "pong\n"
        assert launcher(*answer[:2]).out == answer[2]
        assert "node" in launcher("status").out
        rows = [line.split()[1:4:2] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ports = {int(local[9:], 16): local[:8] for local, state in rows if state == "0A"}
        assert ports[port] in LOOPBACK
        assert mapper not in ports
        assert "-start_epmd false\n" in launcher("vm_args").out
    assert launcher("status").status == 3


TLS_FILES = """
    Chain = #{root => [], intermediates => [], peer => []},
    #{server_config := Own} = public_key:pkix_test_data(#{server_chain => Chain, client_chain => Chain}),
    {Kind, Key} = proplists:get_value(key, Own),
    Certificate = {'Certificate', proplists:get_value(cert, Own), not_encrypted},
    ok = file:write_file("both.pem", public_key:pem_encode([Certificate, {Kind, Key, not_encrypted}])),
    {ok, Folder} = file:get_cwd(),
    File = {certfile, Folder ++ "/both.pem"},
    Options = [{server, [File]}, {client, [File, {verify, verify_none}]}],
    ok = file:write_file("tls.conf", io_lib:format("~p.", [Options])),
    halt().
"""


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_cluster_listens_where_it_is_told_with_the_cookie_of_the_host(launch, configured, tmp_path, tls):
    (tmp_path / "cookie").write_text("ofthehost\n")
    first = free_port()
    settings = f'config("cluster", interface="127.0.0.2", ports=({first}, {first}), cookie="file:{tmp_path}/cookie")'
    if tls:
        subprocess.run(("erl", "-noshell", "-eval", TLS_FILES), cwd=tmp_path, check=True)
        settings += f'\nconfig("cluster", tls="{tmp_path}/tls.conf")'
        settings += '\nconfig("greeter", applications={"ssl": "permanent"})'
    port = free_port()
    launcher = launch(configured(settings), "greeter", ERL_EPMD_PORT=str(port))
    node = f"{launcher.env['RELEASE_NODE']}@127.0.0.2"
    try:
        with launcher.running():
            assert launcher("ping").out == "pong\n"
            assert f"node {node}, up" in launcher("status").out
            assert launcher("rpc", "IO.puts(Node.get_cookie())").out == "ofthehost\n"
            assert listening(int(launcher("pid").out)) == {"0200007F"}
            said = launcher("vm_args").out
            assert said.startswith("# greeter is running with:\n")
            assert ("-proto_dist inet_tls\n" in said) is tls
            (tmp_path / "cookie").unlink()
            done = launcher("ping")
            assert (done.status, "cookie's file" in done.err) == (1, True)
            (tmp_path / "cookie").write_text("ofthehost")
    finally:
        subprocess.run(("epmd", "-port", str(port), "-kill"), capture_output=True, check=False)


@pytest.mark.services
def test_a_node_that_speaks_tls_says_when_it_is_ready(launch, configured, tmp_path):
    """``erl_call`` speaks no TLS: a whole VM asks the node, and systemd's own program says it."""
    subprocess.run(("erl", "-noshell", "-eval", TLS_FILES), cwd=tmp_path, check=True)
    settings = f'config("cluster", tls="{tmp_path}/tls.conf")\nconfig("greeter", applications={{"ssl": "permanent"}})'
    launcher = launch(configured(settings), "greeter")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(60)
        env = {**os.environ, **launcher.env, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        process = subprocess.Popen(
            (launcher.tree / "bin/greeter", "start"), env=env, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            assert ear.recv(100).decode().strip() == "READY=1"
            assert launcher("ping").out == "pong\n"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.root
def test_limits_of_the_kernel_are_seen(launch, greeter):
    """Version 1 of control groups, as many machines mount it; those of version 2 are recorded in the unit tests."""
    groups = [Path("/sys/fs/cgroup", kind, f"dray-{os.getpid()}") for kind in ("cpu", "memory")]
    if not all(group.parent.is_dir() for group in groups):
        pytest.skip("this machine mounts no control groups of version 1")
    launcher = launch(greeter, "greeter")
    try:
        for group in groups:
            group.mkdir()
        (groups[0] / "cpu.cfs_quota_us").write_text("150000")
        (groups[1] / "memory.limit_in_bytes").write_text(str(300 << 20))
        join = 'for group in "$1" "$2"; do echo $$ >"$group/cgroup.procs"; done; shift 2; exec "$@"'
        launcher.shell = ("sh", "-c", join, "sh", *map(str, groups))
        said = launcher("vm_args").out
        assert "## HOST_CPUS=1: a quota of 150000 of 100000 us (cgroup v1 cpu.cfs_quota_us)" in said
        assert "## HOST_MEMORY_MB=300: a limit of 314572800 bytes" in said
        assert "\n+sbwt none\n" in said
        assert "\n+P 76800\n" in said
    finally:
        for group in groups:
            wait_for(lambda group=group: not (group / "cgroup.procs").read_text(), "the group to be empty")
            group.rmdir()


def test_the_cpus_that_may_be_used_become_schedulers(launch, greeter):
    launcher = launch(greeter, "greeter")
    one = min(os.sched_getaffinity(0))
    launcher.shell = ("taskset", "-c", str(one))
    with launcher.running():
        assert launcher("rpc", "IO.puts(:erlang.system_info(:schedulers))").out == "1\n"
        assert f": it may run on CPU {one};" in launcher("vm_args").out


def test_a_step_adds_facts_and_rules(launch, greeter):
    launcher = launch(greeter, "greeter", own_copy=True)
    folder = launcher.tree / "releases/1.2.3/host/facts.d"
    folder.mkdir()
    (folder / "zone.sh").write_text("fact HOST_ZONE a-1 'the cloud'\nrule zone \"for $HOST_ZONE\" +A 7\n")
    assert "## HOST_ZONE=a-1: the cloud\n# rule zone: for a-1\n+A 7\n" in launcher("vm_args").out


def test_what_is_yours_wins_and_the_output_says_so(launch, configured):
    tree = configured(
        'config("vm_args", flags=["+sbwt short"], skip=["crash_dump"])',
        rel__vm_dot_args=f"+P 300000\n-kernel inet_dist_use_interface {loopback()} # here\n",
        rel__facts__disks_dot_sh="fact HOST_DISKS 3 'counted'\n",
        rel__rules__disks_dot_sh='rule disks "a thread for each" +A "$HOST_DISKS"\n'
        'rule more "why" +P 1 +sbwt none +A 9\n',
    )
    launcher = launch(tree, "greeter", ELIXIR_ERL_OPTIONS="+zdbbl 2048")
    said = launcher("vm_args").out
    for line in (
        "## HOST_DISKS=3: counted",
        "# rule disks: a thread for each",
        "# rule more leaves out +P 1: yours: rel/vm.args",
        '# rule more leaves out +sbwt none: yours: config("vm_args", flags=...)',
        "# rule more leaves out +A 9: an earlier rule sets it",
        '# rule crash_dump is left out: yours: config("vm_args", skip=...)',
        f"# rule interface leaves out -kernel inet_dist_use_interface {loopback()}: yours: rel/vm.args",
        "# yours: ELIXIR_ERL_OPTIONS=+zdbbl 2048",
        "# yours: rel/vm.args",
    ):
        assert line in said.splitlines(), said
    with launcher.running():
        asked = "IO.inspect({:erlang.system_info(:process_limit), :erlang.system_info(:thread_pool_size)})"
        assert launcher("rpc", asked).out == "{524288, 3}\n"
        assert launcher("rpc", "IO.inspect(:erlang.system_info(:dist_buf_busy_limit))").out == f"{2048 * 1024}\n"


def test_another_file_of_flags_is_yours(launch, greeter, tmp_path):
    (tmp_path / "my args").write_text("+P 20000")
    launcher = launch(greeter, "greeter", RELEASE_VM_ARGS=str(tmp_path / "my args"))
    assert f"# yours: RELEASE_VM_ARGS={tmp_path}/my args\n+P 20000\n" in launcher("vm_args").out
    with launcher.running():
        assert launcher("rpc", "IO.inspect(:erlang.system_info(:process_limit))").out == "32768\n"
        shown = launcher("rpc", 'IO.puts(System.get_env("RELEASE_VM_ARGS"))').out
        assert shown == f"{tmp_path}/my args\n"


def test_what_a_broken_start_has_left_is_no_obstacle(launch, greeter, tmp_path):
    launcher = launch(greeter, "greeter")
    run = tmp_path / "run"
    run.mkdir()
    file = run / f"{launcher.env['RELEASE_NODE']}.vm.args"
    for left in ("", "## no", "## node", "\0\0\0"):
        file.write_text(left)
        (run / f"{file.name}.17").write_text("## node x")
        assert launcher("status").status == 3
        assert launcher("vm_args").status == 0
    with launcher.running():
        assert launcher("ping").status == 0
        assert file.read_text().startswith("## node ")


@pytest.mark.root
@pytest.mark.parametrize("lives", [True, False], ids=["it lives", "it is gone"])
def test_an_earlier_node_is_asked_for_only_where_its_process_may_live(launch, greeter, tmp_path, lives):
    launcher = launch(greeter, "greeter", own_copy=True, ELIXIR_CLI_DRY_RUN="1")
    assert launcher("start").status == 0
    (process,) = (tmp_path / "run").glob("*.pid")
    assert not Path(f"/proc/{process.read_text().strip()}").exists()
    if lives:
        process.write_text(f"{os.getpid()}\n")
    (erl_call,) = launcher.tree.glob("erts-*/bin/erl_call")
    erl_call.unlink()
    erl_call.write_text(f"#!/bin/sh\necho asked >{tmp_path}/asked\nexit 1\n")
    erl_call.chmod(0o755)
    (flags,) = (tmp_path / "run").glob("*.vm.args")
    before = flags.stat()
    assert launcher("start").status == 0
    assert (tmp_path / "asked").exists() == lives
    assert flags.stat().st_ino == before.st_ino, "equal flags are not written again"


def test_a_full_disk_is_a_warning_and_the_node_is_reached_all_the_same(launch, configured, tmp_path):
    port = free_port()
    tree = configured(f'config("cluster", port={port})')
    launcher = launch(tree, "greeter", RELEASE_COOKIE="given", RELEASE_TMP=str(tmp_path / "full"))
    script = f'{WITH_FULL}; shift; "$@" start & pid=$!; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 0.4;\
        "$@" ping 2>/dev/null && break; done; "$@" rpc "{KERNEL}"; "$@" stop; wait $pid; ls "$RELEASE_TMP"'
    launcher.shell = ("unshare", "--mount", "sh", "-c", script, "sh", str(tmp_path / "full"))
    done = launcher()
    assert "WARNING: " in done.err
    assert "vm.args cannot be written: starting with " in done.err
    assert done.out in {f"pong\n{answer}x\n" for answer in LISTENING}, done


@pytest.mark.root
def test_nothing_that_can_be_written_is_a_warning(launch, greeter, tmp_path):
    other = shutil.copytree(greeter, tmp_path / "tree", symlinks=True)
    launcher = launch(other, "greeter", RELEASE_COOKIE="given", RELEASE_TMP="", ELIXIR_CLI_DRY_RUN="1")
    bind = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
    launcher.shell = ("unshare", "--mount", "sh", "-c", bind, "sh", str(other))
    done = launcher("start")
    assert done.status == 0
    assert f"WARNING: {other}/tmp/" in done.err
    assert f"-args_file {other}/releases/1.2.3/vm.args" in done.out


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ('config("cluster", prot=9100)', "config(\"cluster\", ...) has no key 'prot'"),
        ('config("vm_args", flag=["+P 1"])', "config(\"vm_args\", ...) has no key 'flag'"),
        ('config("clustre", port=9100)', "config('clustre', ...) speaks of no step and no release"),
    ],
)
def test_a_misspelt_setting_is_an_error_with_a_suggestion(configured, settings, error):
    with pytest.raises(AssertionError) as raised:
        configured(settings)
    assert error in str(raised.value)
    assert "did you mean" in str(raised.value)


def test_the_node_is_found_again_after_a_restart_of_its_machine(launch, greeter, tmp_path):
    launcher = launch(greeter, "greeter")
    with launcher.running():
        launcher("rpc", "System.halt(9)")
        wait_for(lambda: launcher("status").status == 3, "the node to be gone")
        assert launcher("vm_args").out.startswith("# greeter is not running")
        assert launcher("daemon").status == 0
        launcher.wait_until_up()
        assert launcher("vm_args").out.startswith("# greeter is running")
    assert len(list((tmp_path / "run").glob("*.vm.args*"))) == 1
