"""The module on a host that is a folder: the real ``host.sh``, and a launcher that only remembers what it is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dray.deploy.kit import INITS
from dray.deploy.pack import pack_files, tar_files
from dray.deploy.place import shorten_script
from dray.deploy.store import write_release
from dray.repository.folder import FolderStore
from dray.template.environment import TemplateFolder
from tests.collection import COLLECTION
from tests.stored import make_release

assert COLLECTION
from ansible_collections.dray.release.plugins.module_utils.activate import carry_out  # noqa: E402
from ansible_collections.dray.release.plugins.module_utils.deployment import (  # noqa: E402
    DeploymentError,
    Request,
    read_intent,
)
from ansible_collections.dray.release.plugins.module_utils.host import look_at_host  # noqa: E402
from ansible_collections.dray.release.plugins.module_utils.store import open_store  # noqa: E402

COMMAND = """#!/bin/sh
cd "${0%/.dray/command}"
case $1 in
  status)
    [ -e running ] || { echo '{"state": "stopped"}'; exit 3; }
    printf '{"state": "running", "version": "%s"}\\n' "$(cat running)"
    ;;
  upgrade)
    for version; do :; done
    echo "13.1 $version" >releases/start_erl.data
    [ ! -e running ] || echo "$version" >running
    echo '{"mode": "hot"}'
    ;;
  ready)
    [ ! -e "releases/$(cat running)/sick" ] || { echo "it is sick" >&2; exit 1; }
    ;;
  remove) rm -rf "releases/$2" ;;
esac
"""
SERVICE = """#!/bin/sh
cd "${0%/.dray/service}"
case $1 in
  start)
    read -r _ version <releases/start_erl.data
    echo "$version" >running
    echo "$version" >>starts
    ;;
  stop) rm -f running ;;
  logs) echo "the last words" ;;
esac
"""
PLACES = "environment_file={root}/environment\nenvironment_owner=nobody\n"


def files(version, **more):
    return {
        "bin/shop": b"#!/bin/sh\n",
        "lib/kernel-8/ebin/kernel.beam": b"kernel" * 99,
        f"lib/shop-{version}/ebin/shop.beam": b"shop " + version.encode(),
        f"lib/shop-{version}/ebin/same.beam": b"the same in each version",
        f"lib/shop-{version}/priv/\u00fc \u2713": b"a name that a manifest escapes",
        f"lib/shop-{version}/empty": None,
        f"lib/shop-{version}/link": "ebin/shop.beam",
        "releases/RELEASES": b"[].\n",
        "releases/start_erl.data": f"13.1 {version}".encode(),
        f"releases/{version}/shop.rel": b"{}.",
        **{f"releases/{version}/{name}": b"" for name in more},
    }


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


class Place:
    """A store and a host."""

    def __init__(self, folder):
        self.folder, self.root = folder, folder / "host"
        self.store = FolderStore(folder / "store")
        setup = pack_files(
            {
                "files/command": (COMMAND.encode(), 0o755),
                "files/service": (SERVICE.encode(), 0o755),
                "files/places": (PLACES.format(root=self.root).encode(), 0o644),
                "commands": (f"cp command service places {self.root}/.dray\n".encode(), 0o644),
            }
        )
        script = shorten_script(TemplateFolder().render("deploy/host.sh")).encode()
        inits = (*INITS, "unknown")
        self.kit = tar_files({"host.sh": (script, 0o755), **{f"setup-{i}.tar.gz": (setup, 0o644) for i in inits}})

    def put(self, version, content=None, **more):
        release = make_release(self.folder / version, version, content or files(version, **more), app=version)
        write_release(self.store, release, source=f"source-{version}", kit=self.kit, root=str(self.root))

    def read(self, **given):
        asked = {
            **dict.fromkeys(Request._fields),
            "name": "shop",
            "version": "latest",
            "state": "running",
            "setup": True,
            "upgrade": "auto",
            "checks": [],
            "timeout": 1,
            "keep": 5,
            "retry": True,
            "who": "a test",
        }
        store = open_store(str(self.folder / "store"))
        return read_intent(Request(**{**asked, **given}), store), store

    def deploy(self, **given):
        intent, store = self.read(**given)
        return carry_out(intent, store) if intent.changes else intent.describe()

    def grow_older(self):
        """Let a minute go by since versions were found well or not."""
        for path in (self.root / ".dray/versions").iterdir():
            state, since, source = path.read_text().split()
            path.write_text(f"{state} {int(since) - 60} {source}\n")

    def look(self):
        return look_at_host(str(self.root))


def test_a_first_deployment_sets_up_installs_and_starts(place):
    place.put("1")
    intent, _ = place.read()
    shown = intent.describe()
    assert (shown["changed"], shown["mode"], shown["files"]) == (True, "", 8)
    assert not place.root.exists()
    done = place.deploy()
    assert (done["changed"], done["mode"], done["version"], done["previous"]) == (True, "start", "1", "")
    assert [(item.version, item.state) for item in place.look().versions] == [("1", "good")]
    assert (place.root / "lib/shop-1/link").read_text() == "shop 1"
    assert (place.root / "lib/shop-1/empty").is_dir()
    assert '"outcome": "done"' in (place.root / ".dray/audit.log").read_text()
    assert not list((place.root / ".dray").glob("stage-*"))


def test_the_second_time_changes_nothing(place):
    place.put("1")
    place.deploy()
    before = sorted(path.stat().st_mtime_ns for path in place.root.rglob("*"))
    done = place.deploy()
    assert (done["changed"], done["mode"]) == (False, "")
    assert "diff" not in done
    assert sorted(path.stat().st_mtime_ns for path in place.root.rglob("*")) == before


def test_an_update_fetches_what_is_new_links_the_rest_and_follows_hot(place):
    place.put("1")
    place.deploy()
    place.put("2")
    done = place.deploy()
    assert (done["mode"], done["version"], done["previous"]) == ("hot", "2", "1")
    assert done["applications"] == [{"name": "shop", "before": "1", "after": "2"}]
    assert done["files"] == 1
    same = [(place.root / f"lib/shop-{version}/ebin/same.beam").stat().st_ino for version in "12"]
    assert same[0] == same[1]
    assert (place.root / "starts").read_text() == "1\n"


def test_what_is_only_installed_does_not_run(place):
    place.put("1")
    place.deploy()
    place.put("2")
    done = place.deploy(state="installed")
    assert (done["changed"], done["mode"]) == (True, "")
    assert place.look().running == "1"
    assert place.deploy(state="installed")["changed"] is False
    assert place.deploy()["mode"] == "hot"


def test_a_version_that_is_not_well_goes_back(place):
    place.put("1")
    place.deploy()
    place.put("2", sick=True)
    with pytest.raises(DeploymentError, match="it is sick; the host runs 1 again") as raised:
        place.deploy()
    assert raised.value.facts["rolled_back"]
    assert "the last words" in raised.value.facts["log"]
    assert {item.version: item.state for item in place.look().versions} == {"1": "good", "2": "bad"}
    with pytest.raises(DeploymentError, match="not well here before"):
        place.deploy(retry=False)


def test_a_first_version_that_is_not_well_is_stopped(place):
    place.put("1", sick=True)
    with pytest.raises(DeploymentError, match="the host runs nothing"):
        place.deploy()
    assert place.look().run_state == "stopped"


def test_a_check_that_fails_is_the_same(place):
    place.put("1")
    with pytest.raises(DeploymentError, match="after 1 s not command"):
        place.deploy(checks=["test -e nothing"])
    assert place.deploy(checks=["test -e releases/1"])["mode"] == "start"


def test_variables_are_written_once_and_restart(place):
    place.put("1")
    assert place.deploy(variables={"A": 'x"$', "B": 1})["reasons"] == []
    assert (place.root / "environment").read_text() == 'A="x\\"\\$"\nB="1"\n'
    assert place.deploy(variables={"A": 'x"$', "B": 1})["changed"] is False
    done = place.deploy(variables={"A": "y"})
    assert (done["mode"], done["reasons"]) == ("restart", ["the variables of the service have changed"])
    assert (place.root / "starts").read_text() == "1\n1\n"


def test_variables_go_back_with_the_version(place):
    place.put("1")
    place.deploy(variables={"A": "x"})
    place.put("2", sick=True)
    with pytest.raises(DeploymentError, match="the host runs 1 again"):
        place.deploy(variables={"A": "y"})
    assert (place.root / "environment").read_text() == 'A="x"\n'


def test_variables_wait_until_the_version_is_switched(place):
    place.put("1")
    place.deploy(variables={"A": "x"})
    assert place.deploy(variables={"A": "y"}, state="installed")["changed"] is False
    assert (place.root / "environment").read_text() == 'A="x"\n'


def test_a_variable_of_several_lines_is_refused(place):
    place.put("1")
    with pytest.raises(DeploymentError, match="more than one line"):
        place.read(variables={"A": "x\ny"})


def test_damage_is_found_before_anything_is_switched(place):
    place.put("1")
    place.deploy()
    (place.root / "lib/kernel-8/ebin/kernel.beam").write_bytes(b"damaged")
    place.put("2")
    with pytest.raises(DeploymentError, match="nothing was switched: damaged"):
        place.deploy()
    assert place.look().running == "1"


def test_what_an_interrupted_run_has_fetched_is_used(place):
    place.put("1")
    intent, store = place.read()
    path = place.root / f".dray/stage-{intent.entry['manifest']}/tree/lib/kernel-8/ebin/kernel.beam"
    path.parent.mkdir(parents=True)
    shutil.copyfile(place.folder / "1/lib/kernel-8/ebin/kernel.beam", path)
    whole = carry_out(intent, store)["fetched"]
    shutil.rmtree(place.root)
    assert place.deploy()["fetched"] > whole


def test_old_versions_go(place):
    for version in "1234":
        place.put(version)
        place.deploy(keep=2)
        place.grow_older()
    assert [item.version for item in place.look().versions] == ["3", "4"]


def test_the_same_version_with_other_content_is_refused(place):
    place.put("1")
    place.deploy()
    shutil.rmtree(place.folder / "1")
    place.put("1", {**files("1"), "lib/shop-1/ebin/shop.beam": b"other"})
    with pytest.raises(DeploymentError, match="is installed in .* with other content"):
        place.deploy()


def test_a_host_that_is_being_deployed_to_is_left_alone(place):
    place.put("1")
    place.deploy()
    place.put("2")
    lock = place.root / ".dray/lock"
    lock.mkdir()
    (lock / "owner").write_text("ada deploys shop\n")
    (lock / "holder").write_text("1\n")
    (lock / "boot").write_text(Path("/proc/sys/kernel/random/boot_id").read_text())
    (lock / "heard").touch()
    with pytest.raises(DeploymentError, match="locked: ada deploys shop"):
        place.deploy()
    assert place.look().running == "1"


def test_a_host_that_may_not_be_set_up_is_left_alone(place):
    place.put("1")
    with pytest.raises(DeploymentError, match="not set up"):
        place.read(setup=False)
