"""Deployments to booted hosts as they are every day, by the real commands: set up, deploy, look, take back."""

from __future__ import annotations

import re
import threading

import pytest

from tests.deployed import PORT, Shop, ask_price, list_installed, read_note
from tests.harness import wait_for
from tests.hosts.fleet import fleet

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts, pytest.mark.sshd]

NAMES = ("h1", "deploy@h2", "h3", "h4")
"""One of them is deployed to by a user who becomes root by sudo."""
CHECK = f"http://localhost:{PORT}/greeting"
VALUE = "4711-never-tell"
SECRET = {"SHOP_SECRET_VALUE": VALUE}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    with fleet(tmp_path_factory.mktemp("fleet"), len(NAMES)) as running:
        for host in running:
            # So that its log tells the commands, too.
            config = host.root / "etc/ssh/sshd_config"
            config.write_text(f"LogLevel VERBOSE\n{config.read_text()}")
            host.run("systemctl", "reload", "ssh")
        yield running


@pytest.fixture(scope="module")
def shop(hosts, compiled_shop, tmp_path_factory):
    shop = Shop(compiled_shop, hosts.ssh_config).copy(tmp_path_factory.mktemp("everyday") / "shop")
    shop.configure(*NAMES, note="first\n", check=CHECK)
    return shop


@pytest.fixture(scope="module")
def running(shop, hosts):
    """The shop, set up and running on all hosts."""
    done = shop("setup")
    assert done.status == 0, done.err
    return shop.deploy()


def list_files(host):
    """Return what lies where setup and deployments write: names, modes, owners and contents."""
    places = "/etc/shop /etc/systemd/system /opt /usr/local /var/lib/shop /etc/passwd /etc/group"
    return host.run(
        "sh",
        "-c",
        f"find {places} -printf '%p %m %u %g %l\\n' 2>/dev/null | sort; "
        f"find {places} -type f -exec sha256sum {{}} + 2>/dev/null | sort",
    ).out


def test_a_dry_run_of_setup_prints_every_command_and_changes_nothing(shop, hosts):
    before = [list_files(host) for host in hosts]
    done = shop("setup", "--dry-run")
    assert done.status == 0, done.err
    assert done.out.count("  systemctl enable -q shop\n") == len(NAMES)
    assert "==> shop.service <==" in done.out
    assert [list_files(host) for host in hosts] == before


def test_hosts_are_set_up_before_they_are_deployed_to(shop):
    done = shop("deploy")
    assert done.status == 3
    assert "h1 is not set up for the release" in done.err
    assert "type: dray setup h1" in done.err


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (("logs",), 3, r"^h2  shop has not been deployed here: there is no /opt/shop/\.dray/service$"),
        (("rpc", "1 + 1"), 3, r"^h2  shop has not been deployed here: there is no /opt/shop/bin/shop$"),
        (("remote", "deploy@h2"), 3, r"^shop has not been deployed here: there is no /opt/shop/bin/shop\b"),
        (("rollback",), 3, r"^error: h1 has no version to go back to\nhint: type: dray deploy h1$"),
        (("status",), 3, r"^h2 +not set up$"),
    ],
)
def test_hosts_that_have_nothing_say_so(shop, command, status, said):
    done = shop(*command)
    assert done.status == status
    assert re.search(said, f"{done.out}{done.err}", re.MULTILINE)


def test_a_first_deployment_starts_the_release_as_its_own_user(running, hosts, shop):
    assert "0.1.0 on 4 hosts, start" in running.err
    assert shop.versions() == ["0.1.0"] * 4
    for host in hosts:
        assert ask_price(host) == "a lamp costs 49 EUR, 12 left\n"
        assert host.run("systemctl", "is-enabled", "shop").out == "enabled\n"
        pid = host.run("systemctl", "show", "--value", "-p", "MainPID", "shop").out.strip()
        assert host.run("stat", "-c", "%U", f"/proc/{pid}").out == "shop\n"


@pytest.mark.usefixtures("running")
def test_setup_again_changes_nothing(shop, hosts):
    before = [(list_files(host), host.run("pgrep", "-u", "shop", "beam").out) for host in hosts]
    done = shop("setup")
    assert done.status == 0, done.err
    assert [(list_files(host), host.run("pgrep", "-u", "shop", "beam").out) for host in hosts] == before


@pytest.mark.usefixtures("running")
def test_a_dry_run_of_a_deployment_changes_nothing(shop, hosts):
    shop.configure(*NAMES, note="never\n", check=CHECK)
    before = [list_files(host) for host in hosts]
    done = shop("deploy", "--dry-run")
    assert done.status == 0, done.err
    assert "ssh" in done.out
    assert [list_files(host) for host in hosts] == before


@pytest.mark.usefixtures("running")
def test_the_same_again_is_unchanged(shop):
    shop.configure(*NAMES, note="first\n", check=CHECK)
    done = shop.deploy()
    assert re.findall(r"^ +(\S+) +unchanged +0\.1\.0$", done.err, re.MULTILINE)
    assert "0.1.0 runs on 4 hosts already" in done.err


class Customers:
    """Ask for prices on every host as fast as they are answered, while the block lasts."""

    def __init__(self, hosts):
        self.answers = [""] * len(hosts)
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=pair) for pair in enumerate(hosts)]

    def _ask(self, number, host):
        ask = f"curl -fsS --max-time 30 http://localhost:{PORT}/price/lamp 2>&1 || echo failed"
        while not self._end.is_set():
            self.answers[number] += host.run("sh", "-c", f"for n in 1 2 3 4 5 6 7 8; do {ask}; done").out

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        wait_for(lambda: all(self.answers), "the first customers", 60)
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()


def count_logins(host):
    """Return how often somebody logged in over ssh so far, and how many commands were run."""
    log = host.run("journalctl", "-t", "sshd", "-t", "sshd-session", "-o", "cat", "--no-pager").out
    return log.count("Accepted publickey"), log.count("Starting session: ")


@pytest.mark.usefixtures("running")
def test_hosts_follow_hot_without_a_failed_request_over_one_connection_each(shop, hosts):
    shop.change("apps/shop/lib/shop/goods.ex", "watts * 7", "watts * 8")
    before = [count_logins(host) for host in hosts]
    pids = [item["pid"] for item in shop.status().values()]
    looked = [count_logins(host) for host in hosts]
    with Customers(hosts) as customers:
        done = shop.deploy()
    after = [count_logins(host) for host in hosts]
    version = shop.versions()[0]
    assert re.fullmatch(r"0\.1\.0\+[0-9a-f]+", version)
    assert f"0.1.0 -> {version} on 4 hosts, hot" in done.err
    for answers in customers.answers:
        assert set(answers.splitlines()) == {f"a lamp costs {price} EUR, 12 left" for price in (49, 56)}
    assert [item["pid"] for item in shop.status().values()] == pids
    for first, second, third in zip(before, looked, after, strict=True):
        assert (second[0] - first[0], second[1] - first[1]) == (1, 1)
        assert third[0] - second[0] == 1
        assert third[1] - second[1] <= 2


@pytest.mark.usefixtures("running")
def test_hosts_are_taken_back_and_forth(shop, hosts):
    shop.configure(*NAMES, note="second\n", check=CHECK)
    before = shop.deploy() and shop.versions()
    shop.configure(*NAMES, note="third\n", check=CHECK)
    shop.deploy()
    done = shop("rollback")
    assert done.status == 0, done.err
    assert shop.versions() == before
    states = [{v["version"]: v["state"] for v in item["versions"]} for item in shop.status().values()]
    assert [sorted(state.values()).count("bad") for state in states] == [1] * 4
    done = shop("rollback", "--version", "0.1.0")
    assert done.status == 0, done.err
    assert shop.versions() == ["0.1.0"] * 4
    done = shop("rollback", "--version", "0.0.9")
    assert (done.status, "h1 does not have 0.0.9; it has: " in done.err) == (3, True)


@pytest.mark.usefixtures("running")
def test_a_dry_run_tells_who_has_a_version_and_does_not_run_it(shop):
    shop.configure(*NAMES, note="taken back\n", check=CHECK)
    shop.deploy()
    done = shop("rollback", "h1")
    assert done.status == 0, done.err
    lines = shop("deploy", "--dry-run").out.splitlines()
    behind = [lines[n + 1].split() for n, line in enumerate(lines) if re.search(r"has 0\.1\.0\+\w+ already", line)]
    assert [words[0] for words in behind] == ["upgrade", "check", "check", "check"]


@pytest.mark.usefixtures("running")
def test_a_restart_takes_the_place_of_what_cannot_be_hot(shop, hosts):
    shop.configure(*NAMES, note="restarted\n", check=CHECK, upgrade="restart", batches=[1, "100%"], bake=1)
    pids = [item["pid"] for item in shop.status().values()]
    done = shop.deploy()
    assert "restart" in done.err
    assert not set(pids) & {item["pid"] for item in shop.status().values()}
    assert {read_note(host) for host in hosts} == {"restarted\n"}


@pytest.mark.usefixtures("running")
def test_logs_and_answers_come_from_every_host(shop):
    done = shop("logs", "-n", "5")
    assert done.status == 0, done.err
    assert {line.split()[0] for line in done.out.splitlines()} == {"h1", "h2", "h3", "h4"}
    done = shop("rpc", 'IO.puts(elem(Shop.describe("lamp"), 1))', "deploy@h2")
    assert (done.status, done.out.endswith(" EUR, 12 left\n")) == (0, True), done.err
    assert shop("rpc", 'raise("no")').status != 0
    assert "no host is locked" in shop("unlock").err


@pytest.mark.usefixtures("running")
def test_secrets_reach_the_service_and_nobody_else(shop, hosts):
    extra = 'config("fleet", "web", environment={"SHOP_SECRET": env("SHOP_SECRET_VALUE")})'
    shop.configure(
        *NAMES, note="secret\n", check=CHECK, extra=extra, before="test -e go || until test -e go; do :; done"
    )
    ask = ("rpc", 'IO.puts(System.get_env("SHOP_SECRET", "none"))')
    with shop.started("deploy", **SECRET) as deploying:
        deploying.wait_to_say("installed")
        processes = "".join(host.run("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").out for host in hosts)
        (shop.project / "go").touch()
        assert deploying.wait() == 0, deploying.said
        said = deploying.said
    assert VALUE not in processes
    assert VALUE not in said
    assert {line.split()[1] for line in shop(*ask, **SECRET).out.splitlines()} == {VALUE}
    for host in hosts:
        shown = host.run("stat", "-c", "%a %U", "/etc/shop/environment").out.split()
        assert shown == ["600", "root"]
        assert VALUE not in host.run("sh", "-c", "cat /opt/shop/.dray/audit.log; journalctl --no-pager").out
        assert host.run("grep", "-rl", VALUE, "/opt/shop", "/var/lib/shop").out == ""
    found = [
        path
        for path in (shop.project / "_build").rglob("*")
        if path.is_file() and VALUE.encode() in path.read_bytes()
    ]
    assert found == []


@pytest.mark.usefixtures("running")
def test_another_secret_is_a_change_and_the_same_one_is_none(shop, hosts):
    shop.configure(
        *NAMES,
        note="another secret\n",
        check=CHECK,
        extra='config("fleet", "web", environment={"SHOP_SECRET": env("SHOP_SECRET_VALUE")})',
    )
    shop.deploy(**SECRET)
    assert "already" in shop.deploy(**SECRET).err
    done = shop.deploy(**{**SECRET, "SHOP_SECRET_VALUE": "another"})
    assert "restart" in done.err
    ask = ("rpc", 'IO.puts(System.get_env("SHOP_SECRET", "none"))')
    assert {line.split()[1] for line in shop(*ask, **SECRET).out.splitlines()} == {"another"}
    for host in hosts:
        states = [(host.root / "opt/shop/.dray/versions" / version).read_text() for version in list_installed(host)]
        assert 2 <= sum(state.startswith("good") for state in states) <= 6, states
