"""Maintainer scripts: what every shell takes, for every policy, service and hook."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from dray.core.application import Application, AppOrigin, AppSpec, Mode
from dray.core.contents import File, Symlink
from dray.core.hook import add_hook
from dray.core.release import Release
from dray.core.upgrade import Upgrade, Verdict
from dray.errors import ConfigError
from dray.package.deb.options import DebOptions
from dray.package.deb.place import Place
from dray.package.deb.scripts import build_script_values, list_script_hooks, render_scripts
from dray.service.model import build_service
from dray.service.options import ServiceOptions
from dray.template.environment import TemplateFolder

RELEASE = replace(
    Release(name="shop", version="1.2.0"),
    upgrades=(Upgrade("1.1.0", Verdict.HOT), Upgrade("1.0.0", Verdict.RESTART, ("a NIF changed",))),
)
POLICIES = ("hot-or-restart", "hot-only", "restart", "manual")


LINKED = replace(
    RELEASE,
    applications=tuple(
        Application(AppSpec(name, "1.0"), Mode.PERMANENT, Path(name), AppOrigin.OTP) for name in ("kernel", "shop")
    ),
)
LINK = Symlink("usr/lib/shop/lib/kernel-1.0", "/usr/lib/shop-erts-1/lib/kernel-1.0")


def values(release=RELEASE, instances=0, links=(), **options):
    service = build_service(ServiceOptions(name="shop", root="/usr/lib/shop", instances=instances), release="shop")
    return build_script_values(release, DebOptions(**options), service, Place("shop"), version="1.2.0-1", links=links)


def texts(found):
    runtime = TemplateFolder().render("deb/runtime/prerm", package="shop-erts-1", root="/usr/lib/shop-erts-1")
    scripts = {script.path: script.source.decode() for script in render_scripts(TemplateFolder(), found)}
    return {**scripts, "runtime-prerm": runtime, "command": TemplateFolder().render("deb/command", **found)}


@pytest.mark.shells
@pytest.mark.parametrize(("policy", "instances"), list(product(POLICIES, (0, 2))))
def test_every_shell_takes_the_scripts(policy, instances, tmp_path):
    release = add_hook(LINKED, "post_install", b'echo "it\'s done"\n', origin="rel/hooks/post_install/tell.sh")
    links = (LINK,) if instances else ()
    for name, text in texts(values(release, instances, links, upgrade=policy, start=policy != "manual")).items():
        (tmp_path / name).write_text(text)
        for shell in (("sh", "-n"), ("dash", "-n"), ("bash", "--posix", "-n"), ("busybox", "sh", "-n")):
            done = subprocess.run((*shell, name), cwd=tmp_path, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, ""), f"{shell} {name}"
        checked = ("shellcheck", "--shell=dash", "--exclude=SC2034,SC2043", name)
        done = subprocess.run(checked, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_a_script_that_is_called_with_something_unknown_fails(tmp_path):
    for name, text in texts(values()).items():
        if name == "command":
            continue
        (tmp_path / name).write_text(text)
        done = subprocess.run(("sh", name, "frobnicate"), cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (
            done.returncode,
            f"{name.removeprefix('runtime-')} called with unknown argument `frobnicate'" in done.stderr,
        ) == (1, True)


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("preinst", ("abort-upgrade", "1.0-1")),
        ("prerm", ("upgrade", "1.3.0-1")),
        ("prerm", ("failed-upgrade", "1.0-1", "1.2.0-1")),
        ("prerm", ("deconfigure", "in-favour", "x", "1")),
        ("postrm", ("upgrade", "1.3.0-1")),
        ("postrm", ("failed-upgrade", "1.0-1", "1.2.0-1")),
        ("postrm", ("abort-install",)),
        ("postrm", ("abort-upgrade", "1.0-1", "1.2.0-1")),
        ("postrm", ("disappear", "other", "1")),
        ("postinst", ("triggered", "x")),
        ("runtime-prerm", ("upgrade", "2")),
        ("runtime-prerm", ("remove",)),
    ],
)
def test_what_dpkg_says_while_it_unwinds_does_nothing(script, arguments, tmp_path):
    (tmp_path / script).write_text(texts(values())[script])
    done = subprocess.run(("sh", script, *arguments), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_hooks_run_once_in_their_order_with_what_dpkg_said(tmp_path):
    release = add_hook(RELEASE, "pre_remove", b'echo "one $1 $RELEASE_VSN"\n', origin="rel/one.sh")
    release = add_hook(release, "pre_remove", b"cat <<'END'\n$two\nEND\n", origin="rel/it's two.sh")
    text = texts(values(release))["prerm"].replace("stop_service\n", ":\n").replace("    remove_versions\n", "")
    (tmp_path / "prerm").write_text(text)
    done = subprocess.run(("sh", "prerm", "remove"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "one remove 1.2.0\n$two\n", "")


def test_a_hook_that_fails_ends_the_script_with_its_status(tmp_path):
    release = add_hook(RELEASE, "post_remove", b"false\necho not reached\n", origin="rel/fails.sh")
    release = add_hook(release, "post_remove", b"echo not reached\n", origin="rel/next.sh")
    (tmp_path / "postrm").write_text(texts(values(release))["postrm"])
    done = subprocess.run(("sh", "postrm", "remove"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "shop: the hook rel/fails.sh (post_remove) failed with status 1" in done.stderr


def test_a_hook_that_contains_its_fence_gets_another_one():
    release = add_hook(RELEASE, "pre_install", b"HOOK_1\nHOOK_1_\n", origin="x")
    ((point, (hook,)),) = list_script_hooks(release)
    assert (point, hook.fence, hook.origin) == ("pre_install", "HOOK_1__", "x")


def test_what_is_in_the_way_of_links_and_of_folders_is_found(tmp_path):
    for folder in ("kernel-1.0", "shop-1.0", "other-1.0"):
        (tmp_path / "lib" / folder).mkdir(parents=True)
    script = texts(values(LINKED, links=(LINK,)))["preinst"].partition("case $1 in")[0]
    done = subprocess.run(
        ("sh", "-ec", f"{script}\nroot={tmp_path}\nlist_replaced"), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (f"{tmp_path}/lib/kernel-1.0\n", "")
    (tmp_path / "lib/kernel-1.0").rmdir()
    (tmp_path / "lib/kernel-1.0").symlink_to("/nowhere")
    (tmp_path / "lib/old-1.0").symlink_to("/nowhere")
    script = texts(values(LINKED))["preinst"].partition("case $1 in")[0]
    done = subprocess.run(
        ("sh", "-ec", f"{script}\nroot={tmp_path}\nlist_replaced"), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (f"{tmp_path}/lib/kernel-1.0\n", "")


def test_a_link_takes_the_place_of_the_folder_that_dpkg_leaves(tmp_path):
    script = texts(values(LINKED, links=(LINK,)))["postinst"].partition("case $1 in")[0]
    (tmp_path / "lib/kernel-1.0/ebin").mkdir(parents=True)
    for _ in range(2):
        done = subprocess.run(
            ("sh", "-ec", f"{script}\nroot={tmp_path}\nmake_links"), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert str((tmp_path / "lib/kernel-1.0").readlink()) == LINK.target


@pytest.mark.parametrize(
    ("erts", "files", "status"),
    [
        pytest.param("13.1", '"erts-13.1/bin/erlexec"', 1, id="its ERTS"),
        pytest.param("13.2", '"lib/ssh-1.0/ebin/ssh.app"', 1, id="an application"),
        pytest.param("13.2", '"erts-13.2/bin/erlexec" "lib/ssh-1.0.1/ebin/ssh.app"', 0, id="nothing of it"),
    ],
)
@pytest.mark.parametrize("place", ["usr/lib/shop", "usr/lib/shop/.kept"])
def test_a_runtime_is_not_removed_while_the_next_start_needs_it(tmp_path, erts, files, status, place):
    for version, runtime in (("13.1", "shop-erts-1"), ("13.2", "shop-erts-10")):
        programs = tmp_path / place / f"erts-{version}/bin"
        programs.mkdir(parents=True)
        (programs / "erlexec").symlink_to(f"/usr/lib/{runtime}/erts-{version}/bin/erlexec")
    (tmp_path / place / "lib").mkdir()
    (tmp_path / place / "lib/ssh-1.0").symlink_to("/usr/lib/shop-erts-1/lib/ssh-1.0")
    (tmp_path / place / "releases/1.2.0").mkdir(parents=True)
    (tmp_path / place / "releases/1.2.0/manifest.json").write_text(files)
    (tmp_path / place / "releases/start_erl.data").write_text(f"{erts} 1.2.0")
    (tmp_path / "prerm").write_text(texts(values())["runtime-prerm"])
    done = subprocess.run(
        ("sh", "prerm", "remove"),
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "DPKG_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    place = f"{tmp_path}/{place}"
    said = f"shop-erts-1 is needed by 1.2.0 in {place}, which starts next: upgrade or remove that first\n"
    assert (done.returncode, done.stderr) == (status, said if status else "")


def test_hot_only_knows_what_can_be_done_hot():
    text = texts(values(upgrade="hot-only"))["preinst"]
    assert "1.1.0) verdict=hot ;;" in text
    assert "1.0.0) verdict=restart ;;" in text
    assert "verdict" not in texts(values())["preinst"]


def test_the_command_sets_what_the_service_sets_and_the_host_says(tmp_path):
    (tmp_path / "environment").write_text('RELEASE_NODE="other"\nSECRET=x\nRELEASE_TMP=/elsewhere\n# RELEASE_X=1\n')
    text = texts(values())["command"].replace("/etc/shop/environment", str(tmp_path / "environment"))
    (tmp_path / "shop").write_text(text.replace("exec /usr/lib/shop/bin/shop", "env; echo"))
    done = subprocess.run(
        ("sh", "shop", "status"),
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert {"RELEASE_NODE=other", "RELEASE_TMP=/var/lib/shop", "LANG=C.UTF-8", "status"} <= set(lines)
    assert not [line for line in lines if line.startswith(("SECRET", "RELEASE_X"))]


def test_an_instance_is_chosen_by_a_variable(tmp_path):
    (tmp_path / "shop").write_text(
        texts(values(instances=2))["command"].replace("exec /usr/lib/shop/bin/shop", "echo $RELEASE_NODE; echo")
    )
    for given, expected in (({}, "shop-1"), ({"RELEASE_INSTANCE": "2"}, "shop-2"), ({"RELEASE_INSTANCE": "3"}, "")):
        env = {"PATH": "/usr/bin:/bin", **given}
        done = subprocess.run(("sh", "shop"), cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.stdout.partition("\n")[0] == expected


def test_hooks_of_packages_are_known_points():
    with pytest.raises(ConfigError):
        add_hook(RELEASE, "post_unpack", b"", origin="x")
    assert isinstance(add_hook(RELEASE, "pre_install", b"", origin="x").contents[0], File)
