"""Facts and rules on recorded hosts, in every shell: what the launcher would start the VM with."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dray.assemble.host import list_host_entries
from dray.core.project import ReleaseDefinition, Toolchain
from dray.core.release import Release
from dray.template.environment import TemplateFolder
from tests.fakes import make_context
from tests.unit.assemble.test_definition import project

pytestmark = pytest.mark.shells

SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh")]
DASH = ("dash",)
PLAIN = {
    "proc/sys/kernel/hostname": "web1\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1\tweb1.example.com web1\n",
    "proc/meminfo": "MemTotal:       16777216 kB\nMemFree: 1 kB\n",
    "proc/self/status": "Name:\tsh\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\nMems_allowed:\t1\n",
    "proc/self/cgroup": "0::/\n",
    "proc/self/limits": (
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max open files            1024                 524288               files     \n"
    ),
    "sys/devices/system/cpu/present": "0-7\n",
    "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
    "proc/net/route": (
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0101000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth1\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
        "eth0\t0001000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    ),
    "proc/net/fib_trie": (
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.1.0\n        /24 link UNICAST\n"
        "     |-- 192.168.7.200\n        /32 host LOCAL\n     |-- 10.0.1.15\n        /32 host LOCAL\n"
        "     |-- 127.0.0.1\n        /32 host LOCAL\n"
    ),
}
V1 = {
    **PLAIN,
    "sys/fs/cgroup/cgroup.controllers": None,
    "proc/self/cgroup": "9:name=systemd:/x\n4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "250000\n",
    "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "536870912\n",
}
V2 = {
    **PLAIN,
    "proc/self/cgroup": "0::/system.slice/shop.service\n",
    "sys/fs/cgroup/system.slice/cpu.max": "400000 100000\n",
    "sys/fs/cgroup/system.slice/memory.max": "2147483648\n",
    "sys/fs/cgroup/system.slice/shop.service/cpu.max": "max 100000\n",
    "sys/fs/cgroup/system.slice/shop.service/memory.max": "max\n",
}
BARE = dict.fromkeys(PLAIN, None)


@pytest.fixture
def render(tmp_path, make_host):
    """Return a function that renders vm.args on a host and returns its lines."""

    def run(host, *, shell=DASH, settings=None, env=None, vm_args="", own=None):
        root, release = make_host(host, settings or {}, vm_args, own or {})
        script = (
            'log () { echo "$*"; }; warn () { log "$*" >&2; }; fail () { warn "$*"; exit 1; }\n'
            '. "$REL_VSN_DIR/host/node.sh"; need_node; . "$REL_VSN_DIR/host/vm_args.sh"; build_vm_args\n'
            'printf %s "$vm_args_text"; log "@ $RELEASE_NODE $RELEASE_DISTRIBUTION $ERL_EPMD_ADDRESS"\n'
        )
        base = {
            "PATH": "/usr/bin:/bin",
            "HOST_ROOT": str(root),
            "REL_VSN_DIR": str(release),
            "RELEASE_COMMAND": "start",
            "RELEASE_NAME": "shop",
            "RELEASE_VSN": "1.0",
            "RELEASE_NODE": "shop",
            "RELEASE_DISTRIBUTION": "sname",
            "RELEASE_TMP": "/run/shop",
            "RELEASE_VM_ARGS": str(release / "vm.args"),
        }
        argv = (*shell, "-ec", script)
        done = subprocess.run(argv, env={**base, **(env or {})}, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout.splitlines()

    return run


@pytest.fixture
def make_host(tmp_path):
    """Return a function that lays out a recorded host and a release's files; their folders."""

    def make(host, settings, vm_args, own):
        root, release, source = tmp_path / "host", tmp_path / "releases", tmp_path / "project"
        for path, text in host.items():
            if text is not None:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
        for path, text in own.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_text(text)
        source.mkdir(exist_ok=True)
        (release / "host").mkdir(parents=True)
        (release / "vm.args").write_text(vm_args)
        ctx = make_context(source)
        for section, values in settings.items():
            ctx = replace(ctx, settings=ctx.settings.merge(section, "", values, None))
        tools = Toolchain("25", "13.1", Path("/otp"), Path("/otp/lib"), ())
        facts = Release(
            name="shop", version="1.0", project=project(toolchain=tools), definition=ReleaseDefinition("shop")
        )
        for entry in list_host_entries(facts, replace(ctx, templates=TemplateFolder()), b""):
            (release / "host" / entry.path.rpartition("/")[2]).write_bytes(entry.source)
        return root, release

    return make


def facts(lines):
    found = {}
    for line in lines:
        if line.startswith("## HOST_"):
            name, _, rest = line[3:].partition("=")
            found[name] = rest.partition(": ")[0]
    return found


def flags(lines):
    return [line for line in lines if line and not line.startswith(("#", "@"))]


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(PLAIN, ("web1", "web1.example.com", "10.0.1.15", "8", "16384", "1024"), id="no limits"),
        pytest.param(V1, ("web1", "web1.example.com", "10.0.1.15", "2", "512", "1024"), id="cgroup v1"),
        pytest.param(V2, ("web1", "web1.example.com", "10.0.1.15", "4", "2048", "1024"), id="cgroup v2"),
        pytest.param(BARE, None, id="a host that says nothing"),
    ],
)
def test_facts_of_recorded_hosts(render, shell, host, expected):
    found = facts(render(host, shell=shell))
    assert list(found) == ["HOST_NAME", "HOST_FQDN", "HOST_IP", "HOST_CPUS", "HOST_MEMORY_MB", "HOST_NOFILE"]
    if expected:
        assert tuple(found.values()) == expected
    else:
        assert (found["HOST_IP"], found["HOST_MEMORY_MB"]) == ("127.0.0.1", "1024")
        assert int(found["HOST_CPUS"]) >= 1
        assert int(found["HOST_NOFILE"]) >= 1


@pytest.mark.parametrize(
    ("changes", "cpus", "memory"),
    [
        pytest.param({"proc/self/status": "Cpus_allowed_list:\t0-1,5\n"}, "3", "16384", id="affinity"),
        pytest.param({"sys/fs/cgroup/cpu.max": "50000 100000\n"}, "1", "16384", id="a namespace, half a CPU"),
        pytest.param({"sys/fs/cgroup/memory.max": "268435456\n"}, "8", "256", id="a namespace's memory"),
        pytest.param({"sys/fs/cgroup/cpu.max": "max 100000\n"}, "8", "16384", id="no quota"),
        pytest.param({"sys/fs/cgroup/cpu.max": ""}, "8", "16384", id="an empty file"),
        pytest.param({"sys/fs/cgroup/cpu.max": "x y\n"}, "8", "16384", id="no numbers"),
        pytest.param({"proc/self/status": "Cpus_allowed_list:\t\n"}, "8", "16384", id="an empty list"),
        pytest.param({"sys/fs/cgroup/memory.max": "9223372036854771712\n"}, "8", "16384", id="all memory"),
        pytest.param({"proc/self/cgroup": "0::/../other\n"}, "8", "16384", id="a group out of sight"),
        pytest.param(
            {
                "sys/fs/cgroup/cgroup.controllers": None,
                "proc/self/mountinfo": "40 30 0:30 / /cg rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n",
                "cg/cgroup.controllers": "cpu",
                "cg/cpu.max": "300000 100000",
            },
            "3",
            "16384",
            id="mounted elsewhere",
        ),
    ],
)
def test_limits_of_a_host(render, changes, cpus, memory):
    found = facts(render({**PLAIN, **changes}))
    assert (found["HOST_CPUS"], found["HOST_MEMORY_MB"]) == (cpus, memory)


def test_a_container_without_a_namespace_sees_its_group_at_the_top(render):
    host = {path.replace("/docker/abc", ""): text for path, text in V1.items() if "/docker/abc" in path} | {
        path: text for path, text in V1.items() if "sys/fs/cgroup" not in path
    }
    found = facts(render(host))
    assert (found["HOST_CPUS"], found["HOST_MEMORY_MB"]) == ("2", "512")


# Rules.

LOOPBACK = "-kernel inet_dist_use_interface {127,0,1,1}"
CRASH_DUMP = '-env ERL_CRASH_DUMP "/run/shop/erl_crash.dump"'
QUIET = ["+sbwt none", "+sbwtdcpu none", "+sbwtdio none"]


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_host_without_limits_gets_few_flags(render, shell):
    lines = render(PLAIN, shell=shell)
    assert flags(lines) == [CRASH_DUMP, LOOPBACK]
    assert lines[-1] == "@ shop sname 127.0.1.1"
    assert lines[0] == "## node shop sname *127.0.1.1"


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_small_container_gets_all_of_them_each_with_its_reason(render, shell):
    limits = {"proc/self/limits": "Max open files            1000000000     1000000000   files\n"}
    lines = render({**V1, **limits}, shell=shell)
    assert flags(lines) == ["+S 2:2", *QUIET, "+Q 65536", "+P 131072", CRASH_DUMP, LOOPBACK]
    text = "\n".join(lines)
    assert "# rule schedulers: 2 of 8 CPUs may be used" in text
    assert "# rule busy_wait: a scheduler that spins uses up what it is given: a quota of 250000 of 100000 us" in text
    assert "# rule ports: 1000000000 files may be open" in text
    assert "# rule processes: more processes than this do not fit into 512 MB" in text


@pytest.mark.parametrize(("limit", "flag"), [("unlimited", "+Q 1048576"), ("1048576", None), ("65536", None)])
def test_ports_are_bounded_where_the_limit_of_files_is_not(render, limit, flag):
    found = flags(render({**PLAIN, "proc/self/limits": f"Max open files  {limit}  {limit}  files\n"}))
    assert [line for line in found if line.startswith("+Q")] == ([flag] if flag else [])


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize(
    ("env", "vm_args", "source"),
    [
        ({}, "# about\n  +S 4:4 +sbwt long # why\n", "releases/1.0/vm.args"),
        ({}, "+S4\n+sbwt long", "releases/1.0/vm.args"),
        ({"ELIXIR_ERL_OPTIONS": "+S 4:4 +sbwt long"}, "", "ELIXIR_ERL_OPTIONS"),
        ({"ERL_FLAGS": "+SP 50 +sbwt long"}, "", "ERL_AFLAGS, ERL_FLAGS or ERL_ZFLAGS"),
        ({}, '## config("vm_args")\n+S 4\n+sbwt long\n', 'config("vm_args", flags=...)'),
    ],
)
def test_what_is_yours_wins_and_is_named(render, shell, env, vm_args, source):
    lines = render(V1, shell=shell, env=env, vm_args=vm_args)
    assert f"# rule schedulers leaves out +S 2:2: yours: {source}" in lines
    assert f"# rule busy_wait leaves out +sbwt none: yours: {source}" in lines
    assert "+sbwtdcpu none" in lines
    assert "+S 2:2" not in lines
    for line in vm_args.splitlines():
        assert line in lines


def test_flags_in_comments_are_not_set(render):
    assert "+S 2:2" in render(V1, vm_args="# +S 4\n+A 3 # +S 4\n## +S 4\n")


def test_a_cookie_in_the_environment_is_not_shown(render):
    lines = render(PLAIN, env={"ERL_ZFLAGS": "-setcookie sesame"})
    assert "# yours: ERL_ZFLAGS, with a cookie" in lines
    assert "sesame" not in "\n".join(lines)


def test_rules_can_be_skipped(render):
    lines = render(V1, settings={"vm_args": {"skip": ["busy_wait"]}})
    assert '# rule busy_wait is left out: yours: config("vm_args", skip=...)' in lines
    assert not any(line.startswith("+sbwt") for line in lines)


def test_a_crash_dump_of_yours_stays(render):
    lines = render(PLAIN, env={"ERL_CRASH_DUMP": "/var/crash/x"})
    assert "# rule crash_dump is left out: yours: ERL_CRASH_DUMP=/var/crash/x" in lines


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_facts_and_rules_of_the_project_come_with_their_origin(render, shell):
    own = {
        "rel/facts/disk.sh": "fact HOST_DISKS 3 'counted'\n",
        "rel/rules/disk.sh": 'rule disks "one thread for each of $HOST_DISKS disks" +A "$HOST_DISKS" +P 99999\n',
    }
    lines = render(V1, shell=shell, own=own)
    assert "## HOST_DISKS=3: counted" in lines
    assert "# rule disks: one thread for each of 3 disks" in lines
    assert "+A 3" in lines
    assert "# rule processes leaves out +P 131072: an earlier rule sets it" in lines


# The node.


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize(
    ("changes", "env", "node"),
    [
        pytest.param({}, {}, "shop sname 127.0.1.1", id="as with Mix"),
        pytest.param({"etc/hosts": "10.0.1.15 web1\n"}, {}, "shop@localhost sname 127.0.0.1", id="leads elsewhere"),
        pytest.param({"etc/hosts": "::1 web1\n"}, {}, "shop@localhost sname 127.0.0.1", id="IPv6 alone"),
        pytest.param({"etc/hosts": None}, {}, "shop@localhost sname 127.0.0.1", id="no file"),
        pytest.param({"etc/hosts": "127.0.0.1 web10 myweb1"}, {}, "shop@localhost sname 127.0.0.1", id="similar"),
        pytest.param({"etc/hosts": "# 1 web1\n127.0.0.1 web1"}, {}, "shop sname 127.0.0.1", id="no line end"),
        pytest.param({"proc/sys/kernel/hostname": "web1.example.com"}, {}, "shop sname 127.0.1.1", id="a long name"),
        pytest.param({"proc/sys/kernel/hostname": "(none)\n"}, {}, "shop@localhost sname 127.0.0.1", id="no name"),
        pytest.param({"proc/sys/kernel/hostname": "a b;*\n"}, {}, "shop@localhost sname 127.0.0.1", id="odd name"),
        pytest.param(
            {}, {"RELEASE_DISTRIBUTION": "name"}, "shop@web1.example.com name 127.0.1.1", id="long, by the host"
        ),
        pytest.param(
            {"etc/hosts": "127.0.0.1 web1"},
            {"RELEASE_DISTRIBUTION": "name"},
            "shop@127.0.0.1 name 127.0.0.1",
            id="no long form",
        ),
        pytest.param({}, {"RELEASE_NODE": "x@localhost"}, "x@localhost sname 127.0.0.1", id="yours on loopback"),
        pytest.param(
            {},
            {"RELEASE_NODE": "x@10.1.1.1", "RELEASE_DISTRIBUTION": "name"},
            "x@10.1.1.1 name ",
            id="yours on the network",
        ),
        pytest.param({}, {"RELEASE_DISTRIBUTION": "none"}, "shop none ", id="no node"),
        pytest.param({}, {"ERL_EPMD_ADDRESS": "::1"}, "shop sname ::1", id="a port mapper of yours"),
    ],
)
def test_the_node_gets_a_name_that_leads_to_where_it_listens(render, shell, changes, env, node):
    lines = render({**PLAIN, **changes}, shell=shell, env=env)
    assert lines[-1] == f"@ {node}"
    address = node.split(" ")[2]
    interfaces = [line for line in flags(lines) if "inet_dist_use_interface" in line]
    if address.startswith("127."):
        assert interfaces == [f"-kernel inet_dist_use_interface {{{address.replace('.', ',')}}}"]


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize(
    ("cluster", "changes", "node", "expected"),
    [
        pytest.param(
            {"interface": "host"},
            {},
            "shop@10.0.1.15 name 10.0.1.15",
            ["+zdbbl 32768", CRASH_DUMP, "-kernel inet_dist_use_interface {10,0,1,15}"],
            id="the default route",
        ),
        pytest.param(
            {"interface": "eth1", "ports": (9100, 9110)},
            {"etc/hosts": "192.168.7.200 web1"},
            "shop sname 192.168.7.200",
            [
                "+zdbbl 32768",
                CRASH_DUMP,
                "-kernel inet_dist_use_interface {192,168,7,200}",
                "-kernel inet_dist_listen_min 9100",
                "-kernel inet_dist_listen_max 9110",
            ],
            id="an interface and ports",
        ),
        pytest.param({"interface": "any"}, {}, "shop sname ", ["+zdbbl 32768", CRASH_DUMP], id="everywhere"),
        pytest.param(
            {"port": 9100},
            {},
            "shop sname ",
            [CRASH_DUMP, LOOPBACK, "-start_epmd false", "-erl_epmd_port 9100"],
            id="a fixed port on loopback",
        ),
        pytest.param(
            {"interface": "10.0.1.15", "port": 9100},
            {"proc/sys/kernel/hostname": ""},
            "shop@10.0.1.15 name ",
            [
                "+zdbbl 32768",
                CRASH_DUMP,
                "-kernel inet_dist_use_interface {10,0,1,15}",
                "-start_epmd false",
                "-erl_epmd_port 9100",
            ],
            id="no name, an address",
        ),
    ],
)
def test_a_cluster_says_where_nodes_listen(render, shell, cluster, changes, node, expected):
    lines = render({**PLAIN, **changes}, shell=shell, settings={"cluster": cluster})
    assert lines[-1] == f"@ {node}"
    assert flags(lines) == expected


def test_where_the_system_configuration_says_it_no_rule_does(make_host, tmp_path):
    source = tmp_path / "x"
    source.mkdir()
    release = Release(name="shop", version="1.0", project=project(), definition=ReleaseDefinition("shop"))
    ctx = replace(make_context(source), templates=TemplateFolder())
    entries = {
        entry.path: entry.source.decode()
        for entry in list_host_entries(release, ctx, b"[{kernel,[{inet_dist_use_interface,{0,0,0,0}}]}].")
    }
    assert "sys_config_sets_interface=yes" in entries["releases/1.0/host/vm_args.sh"]
