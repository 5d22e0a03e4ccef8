"""A project of two releases on a booted host: apt installs, upgrades and takes back all of it, above one runtime."""

from __future__ import annotations

import pytest

from tests.harness import dray
from tests.hosts.booted import booted
from tests.split_packages import PACKAGES, SplitHost, SplitProject

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts, pytest.mark.dpkg]

PRICES = {"1.0.0": 49, "2.0.0": 56, "3.0.0": 63, "4.0.0": 63}
SUITES = {
    "one": ("1.0.0",),
    "two": ("1.0.0", "2.0.0"),
    "three": ("1.0.0", "2.0.0", "3.0.0"),
    "broken": ("1.0.0", "3.1.0"),
    "whole": ("3.0.0", "4.0.0"),
}
RAISES = '\nif System.get_env("RELEASE_COMMAND") == "start", do: raise("no luck")\n'
GOODS = "apps/shop/lib/shop/goods.ex"
BACK = "apt-get install -y --allow-downgrades $(apt-cache show shop={} | sed -n 's/^Dray-Packages: //p')"
"""The command that docs/deb.md tells."""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """2.0.0 changes code; 3.0.0 has one more application of OTP, and so another runtime; 3.1.0 does not start; 4.0.0
    is not split."""
    project = SplitProject.make(tmp_path_factory.mktemp("split") / "shop_umbrella")
    project.build("1.0.0")
    runtimes = project.packages("shop-erts-*")
    project.edit(GOODS, "watts * 7", "watts * 8")
    project.build("2.0.0")
    assert project.packages("shop-erts-*") == runtimes
    project.edit(GOODS, "watts * 8", "watts * 9")
    project.edit("mix.exs", "runtime_tools: :permanent", "runtime_tools: :permanent, os_mon: :permanent")
    project.build("3.0.0")
    project.configure(split="False")
    project.build("4.0.0")
    project.configure()
    runtime = project.root / "config/runtime.exs"
    runtime.write_text(runtime.read_text() + RAISES)
    project.build("3.1.0")
    assert (len(runtimes), len(project.packages("shop-erts-*"))) == (1, 2)
    return project


@pytest.fixture(scope="module")
def host(project, tmp_path_factory):
    """A host that sees a repository with a suite for each state of it, and lets packages start services."""
    folder = project.root.parent
    env = {"XDG_CONFIG_HOME": str(folder / "config")}

    def type_apt(*arguments):
        done = dray("apt", *map(str, arguments), "--to", "apt", cwd=folder, env=env)
        assert done.status == 0, done.err

    type_apt("init", "shop", "--suite", "one")
    for suite, versions in SUITES.items():
        files = [file for version in versions for file in project.packages(f"*_{version}-1_*")]
        type_apt("publish", *project.packages("shop-erts-*"), *files, "--suite", suite)
    with booted(tmp_path_factory.mktemp("host"), bind={folder / "apt": "/mnt"}) as booted_host:
        (booted_host.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        yield SplitHost(booted_host)


@pytest.fixture
def installed(host):
    """The host with 1.0.0, freshly installed."""
    host.purge()
    host.use_suite("one")
    done = host.apt_get("install", "shop")
    assert done.status == 0, done
    host.wait_until_active()
    return host


def go_to(host, version):
    done = host.host.run("sh", "-c", BACK.format(f"{version}-1"))
    assert done.status == 0, done
    host.wait_until_active()
    return done


def assert_runs(host, version):
    versions = {name: found for name, found in host.installed().items() if "-erts-" not in name}
    assert versions == dict.fromkeys(("shop", *PACKAGES), f"{version}-1")
    assert host.price() == PRICES[version]


def test_both_releases_run_from_one_runtime(installed):
    assert_runs(installed, "1.0.0")
    (runtime,) = installed.runtimes()
    for pid in installed.pids():
        program = installed.host.run("readlink", f"/proc/{pid}/exe").out.strip()
        assert program.startswith(f"/usr/lib/{runtime}/erts-"), program
    root = installed.host.run("shop-front", "rpc", "IO.write(:code.root_dir())").out
    assert root == "/usr/lib/shop-front"
    assert installed.host.run("find", "/usr/lib/shop-front", "-name", "kernel.app").out == ""
    assert installed.host.run("find", "/usr/lib/shop-front", "/usr/lib/shop-store", "-xtype", "l").out == ""
    assert installed.host.run("dpkg", "--verify").out.count("/usr/lib/shop") == 0


def test_apt_takes_both_releases_to_the_next_version_without_a_restart_or_another_runtime(installed):
    before, runtimes = installed.pids(), installed.runtimes()
    installed.use_suite("two")
    done = installed.apt_get("upgrade")
    assert done.status == 0, done
    assert done.out.count("1.0.0 -> 2.0.0, in the running system") == 2
    assert "shop-erts" not in done.out
    assert (installed.pids(), installed.runtimes()) == (before, runtimes)
    assert_runs(installed, "2.0.0")


def test_one_command_takes_all_of_it_back_without_a_restart(installed):
    before = installed.pids()
    installed.use_suite("two")
    assert installed.apt_get("upgrade").status == 0
    refused = installed.apt_get("install", "--allow-downgrades", "shop=1.0.0-1")
    assert refused.status != 0  # why a command is told: apt does not find the way by one name
    done = go_to(installed, "1.0.0")
    assert done.out.count("2.0.0 -> 1.0.0, in the running system") == 2
    assert_runs(installed, "1.0.0")
    assert installed.pids() == before


def test_the_description_of_a_version_tells_the_command_that_leads_to_it(installed):
    installed.use_suite("two")
    assert installed.apt_get("upgrade").status == 0
    shown = installed.host.run("apt-cache", "show", "shop=1.0.0-1").out
    command = shown[shown.index("apt-get install") :].partition("\n\n")[0].partition("\nDescription-md5")[0]
    command = command.replace("install ", "install -y ", 1)
    done = installed.host.run("sh", "-c", command)
    assert done.status == 0, (command, done)
    installed.wait_until_active()
    assert_runs(installed, "1.0.0")


def test_another_runtime_stands_beside_the_first_until_it_is_not_needed(installed):
    (first,) = installed.runtimes()
    installed.use_suite("three")
    held = installed.apt_get("upgrade")
    assert "kept back" in held.out  # as with a new kernel: apt-get upgrade installs no new package
    done = installed.apt_get("upgrade", "--with-new-pkgs")
    assert done.status == 0, done
    installed.wait_until_active()
    assert_runs(installed, "3.0.0")
    (second,) = set(installed.runtimes()) - {first}
    assert first in installed.runtimes()
    go_to(installed, "1.0.0")
    assert_runs(installed, "1.0.0")
    done = installed.apt_get("autoremove")
    assert (done.status, installed.runtimes()) == (0, [first]), (done, second)
    gone = installed.host.run("shop-store", "upgrade", "3.0.0")
    assert gone.status != 0
    assert_runs(installed, "1.0.0")
    installed.host.reboot()
    installed.wait_until_active()
    assert_runs(installed, "1.0.0")


def test_a_runtime_that_the_next_start_needs_is_not_removed(installed):
    (runtime,) = installed.runtimes()
    done = installed.host.run("dpkg", "-r", "--force-depends", runtime)
    assert (done.status, "upgrade or remove that first" in done.err) == (1, True), done
    assert_runs(installed, "1.0.0")


def test_the_old_version_starts_from_its_own_runtime_as_long_as_the_new_one_is_not_configured(installed):
    (first,) = installed.runtimes()
    pool = "/mnt/pool/main/s"
    new = f"$(ls {pool}/shop-erts-*/*.deb | grep -v {first}_) {pool}/*/*_3.0.0-1_*.deb"
    unpacked = installed.host.run("sh", "-c", f"dpkg --unpack {new}")
    assert unpacked.status == 0, unpacked
    installed.host.reboot()
    installed.wait_until_active()
    assert installed.price() == PRICES["1.0.0"]
    done = installed.host.run("dpkg", "--configure", "-a")
    assert done.status == 0, done
    installed.wait_until_active()
    assert_runs(installed, "3.0.0")


def test_the_same_command_mends_a_version_that_does_not_start(installed):
    installed.use_suite("broken")
    done = installed.apt_get("install", "shop")
    assert done.status != 0
    assert "is installed and does not run" in done.out
    go_to(installed, "1.0.0")
    assert_runs(installed, "1.0.0")


def test_a_release_gets_its_own_runtime_and_loses_it_again_without_a_restart(host):
    host.purge()
    host.use_suite("whole")
    before = None
    for version in ("3.0.0", "4.0.0", "3.0.0", "4.0.0"):
        done = host.apt_get("install", "--allow-downgrades", *(f"{name}={version}-1" for name in PACKAGES))
        assert done.status == 0, done
        host.wait_until_active()
        assert (host.price(), host.pids()) == (PRICES[version], before or host.pids())
        before = host.pids()
        links = host.host.run("find", "/usr/lib/shop-front/lib", "-name", "kernel-*", "-type", "l").out
        assert bool(links) == (version == "3.0.0")
        assert host.host.run("dpkg", "--verify").out.count("/usr/lib/shop") == 0
    host.host.reboot()
    host.wait_until_active()
    assert host.price() == PRICES["4.0.0"]


def test_nothing_is_left_when_all_of_it_is_purged(installed):
    done = installed.apt_get("purge", "--autoremove", "shop")
    assert done.status == 0, done
    assert installed.installed() == {}
    left = installed.host.run(
        "sh", "-c", "ls -d /usr/lib/shop* /var/lib/shop* /etc/shop* /usr/bin/shop* 2>/dev/null"
    ).out
    assert left == ""
