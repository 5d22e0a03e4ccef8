"""The versions on a host: unpacked, refused, listed, removed, and changed by one command at a time."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile

import pytest

from tests.harness import wait_for
from tests.upgrades import ask, change, list_versions, require_hot

pytestmark = pytest.mark.beam


def files(tree):
    """Return what is installed: all files but those that a command writes while it works."""
    return sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())


def repack(archive, target, edit):
    """Write an archive anew, its files changed."""
    folder = target.parent / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="tar")
    edit(folder)
    with tarfile.open(target, "w:gz") as packed:
        for path in sorted(folder.iterdir()):
            packed.add(path, arcname=path.name)
    return target


def test_an_archive_is_unpacked_and_upgraded_to_and_its_versions_are_listed_and_removed(second, installed):
    launcher = installed()
    before = files(launcher.tree)
    assert list_versions(launcher) == {"0.1.0": "permanent"}
    with launcher.running():
        done = change(launcher, "upgrade", str(second.archive))
        assert (done["status"], done["mode"]) == (0, "hot"), done["err"]
        assert list_versions(launcher) == {"0.1.0": "", "0.2.0": "running, permanent, hot from 0.1.0"}
        assert launcher("remove", "0.2.0").err == "ERROR: 0.2.0 is the version that the next start starts\n"
        assert launcher("remove", "9").err == "ERROR: evolving 9 is not installed here; installed: 0.1.0 0.2.0 \n"
        require_hot(launcher, "0.1.0")
        assert launcher("remove", "0.2.0").status == 0
        assert list_versions(launcher) == {"0.1.0": "running, permanent"}
        assert ask(launcher, "Evolving.note()") == r'"first\n"'
        assert ask(launcher, ":release_handler.which_releases() |> Enum.map(&elem(&1, 1))") == "['0.1.0']"
        done = change(launcher, "upgrade", str(second.archive))
        assert (done["status"], done["mode"]) == (0, "hot"), done["err"]
        assert launcher("remove", "0.1.0").status == 0
        assert list_versions(launcher) == {"0.2.0": "running, permanent, hot from 0.1.0"}
        assert ask(launcher, "Evolving.note()") == r'"second\n"'
    assert launcher("version").out == "evolving 0.2.0\n"
    with launcher.running():
        assert ask(launcher, "Evolving.note()") == r'"second\n"'
    assert set(before) - set(files(launcher.tree))


def test_what_runs_already_is_left_alone_and_unknown_versions_are_refused(second, installed):
    with installed(second).running() as launcher:
        done = change(launcher, "upgrade", "0.1.0")
        assert (done["status"], done["mode"], done["from"], done["to"]) == (0, "none", "0.1.0", "0.1.0")
        done = launcher("upgrade", "9")
        assert (done.status, done.err) == (1, "ERROR: evolving 9 is not installed here; installed: 0.1.0 0.2.0 \n")
        assert launcher("upgrade").status == 1
        done = launcher("upgrade", "/nowhere/x.tar.gz")
        assert (done.status, done.err) == (1, "ERROR: /nowhere/x.tar.gz cannot be read\n")
        assert launcher("upgrade", "0.2.0", "--cold").err.startswith("ERROR: upgrade has no option --cold")
        done = change(launcher, "upgrade", "0.2.0", "--check")
        assert (done["status"], done["mode"], done["result"]) == (0, "hot", "checked")
        assert list_versions(launcher)["0.1.0"] == "running, permanent"
        assert ask(launcher, ":code.is_loaded(:dray_node)") == "false"


def test_where_nothing_runs_the_next_start_starts_the_new_version(second, installed):
    launcher = installed(second)
    done = change(launcher, "upgrade", "0.2.0")
    assert (done["status"], done["mode"]) == (0, "none")
    assert list_versions(launcher) == {"0.1.0": "", "0.2.0": "permanent, hot from 0.1.0"}
    with launcher.running():
        assert ask(launcher, "Evolving.note()") == r'"second\n"'
        require_hot(launcher, "0.1.0")
        require_hot(launcher, "0.2.0")


def damage(second, tmp_path, how):
    archive = tmp_path / "damaged.tar.gz"
    if how == "cut off":
        archive.write_bytes(second.archive.read_bytes()[:200_000])
    elif how == "no archive":
        archive.write_bytes(b"nothing of the kind")
    elif how == "another release":
        return repack(second.archive, archive, lambda folder: shutil.rmtree(folder / "releases/0.2.0"))
    elif how == "same version of an application":

        def edit(folder):
            (found,) = folder.glob("lib/logger-*/ebin/logger.app")
            found.write_text(found.read_text() + "% another\n")

        return repack(second.archive, archive, edit)
    return archive


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cut off", "cannot be unpacked"),
        ("no archive", "cannot be unpacked"),
        ("another release", "is no release of evolving"),
        ("same version of an application", "is installed with other content"),
    ],
)
def test_an_archive_that_does_not_fit_leaves_nothing_behind_and_a_retry_works(second, installed, tmp_path, how, said):
    launcher = installed()
    before = files(launcher.tree)
    done = launcher("upgrade", damage(second, tmp_path, how))
    assert done.status == 1
    assert said in done.err
    assert files(launcher.tree) == before
    assert change(launcher, "upgrade", str(second.archive))["status"] == 0
    assert list_versions(launcher)["0.2.0"].startswith("permanent")


def test_another_version_of_the_same_name_is_refused(second, installed, tmp_path):
    def edit(folder):
        manifest = folder / "releases/0.2.0/manifest.json"
        manifest.write_text(manifest.read_text() + "\n")

    launcher = installed()
    assert change(launcher, "upgrade", str(second.archive))["status"] == 0
    before = files(launcher.tree)
    assert change(launcher, "upgrade", str(second.archive))["status"] == 0
    done = launcher("upgrade", repack(second.archive, tmp_path / "other.tar.gz", edit))
    assert done.status == 1
    assert "another 0.2.0 is installed already" in done.err
    assert files(launcher.tree) == before


@pytest.fixture
def small_disk(tmp_path):
    """A file system with room for one version and a half."""
    folder = tmp_path / "host"
    folder.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", folder), check=True)
    yield folder
    subprocess.run(("umount", folder), check=True)


@pytest.mark.root
def test_a_full_disk_leaves_nothing_behind_and_a_retry_works(small_disk, second, installed):
    launcher = installed()
    with launcher.running():
        before = files(launcher.tree)
        done = launcher("upgrade", second.archive)
        assert done.status == 1
        assert "No space left on device" in done.err or "no space left on device" in done.err
        assert files(launcher.tree) == before
        subprocess.run(("mount", "-o", "remount,size=200m", small_disk), check=True)
        done = change(launcher, "upgrade", str(second.archive))
        assert (done["status"], done["mode"]) == (0, "hot"), done["err"]


def test_a_second_upgrade_waits_for_the_first_one(second, installed, tmp_path):
    with installed(second).running() as launcher:
        lock = launcher.tree / "releases/upgrade.lock"
        holder = subprocess.Popen(("sleep", "60"))
        lock.write_text(f"{holder.pid}\n")
        log = tmp_path / "waiting.log"
        program = launcher.tree / "bin/evolving"
        with log.open("wb") as out:
            waiting = subprocess.Popen(
                (program, "upgrade", "0.2.0"), env={**os.environ, **launcher.env}, stdout=out, stderr=out
            )
        wait_for(
            lambda: f"waiting: another upgrade is in progress here (pid {holder.pid})" in log.read_text(),
            "it to wait",
        )
        assert list_versions(launcher)["0.1.0"] == "running, permanent"
        done = launcher("upgrade", "0.2.0", env={"RELEASE_LOCK_TIMEOUT": "0"})
        assert done.status == 1
        assert "another upgrade is still in progress" in done.err
        holder.kill()
        holder.wait()
        assert waiting.wait(timeout=30) == 0, log.read_text()
        assert list_versions(launcher)["0.2.0"].startswith("running, permanent")
        assert not lock.exists()


def test_two_upgrades_at_once_follow_each_other(second, installed):
    with installed(second).running() as launcher:
        argv = (launcher.tree / "bin/evolving", "upgrade", "0.2.0", "--json")
        both = [
            subprocess.Popen(argv, env={**os.environ, **launcher.env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(2)
        ]
        said = [process.communicate(timeout=60)[0].decode() for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert sorted('"mode": "hot"' in text for text in said) == [False, True]
        assert list_versions(launcher)["0.2.0"].startswith("running, permanent")


def test_ten_upgrades_and_downgrades_work_as_the_first(second, installed):
    with installed(second).running() as launcher:
        assert ask(launcher, "Evolving.Counter.next()") == "1"
        for _ in range(10):
            require_hot(launcher, "0.2.0")
            require_hot(launcher, "0.1.0")
        assert ask(launcher, "Evolving.Counter.next()") == "2"
        assert ask(launcher, ":code.is_loaded(:dray_node)") == "false"
