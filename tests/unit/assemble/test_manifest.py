"""manifest.json is made of the release alone."""

from __future__ import annotations

import json
from pathlib import Path

from dray.assemble.manifest import format_manifest, manifest_path
from dray.core.application import Application, AppOrigin, AppSpec, Mode
from dray.core.contents import Digest, Directory, File, Symlink
from dray.core.erts import Erts
from dray.core.project import Commit
from dray.core.release import Release
from dray.core.upgrade import Upgrade, Verdict
from tests.unit.assemble.test_definition import project


def make(**given):
    application = Application(AppSpec("shop", "1.0"), Mode.PERMANENT, Path("/x"), AppOrigin.PROJECT)
    base = Release(
        name="shop",
        version="1.0",
        env="staging",
        project=project(commit=Commit("a" * 40, 5, dirty=True)),
        erts=Erts("13.1", Path("/otp"), Path("/otp/lib")),
        applications=(application,),
    )
    paths = given.pop("paths", ("lib/shop-1.0/ebin/shop.app", 'share/ü "x"'))
    filled = base.add(*(File(path, path.encode()) for path in paths), Symlink("l", "t"), Directory("d"))
    return Release(
        **{
            **{name: getattr(filled, name) for name in filled.__slots__},
            "digests": {path: Digest(len(path), "f" * 64) for path in paths},
            **given,
        }
    )


def test_upgrades_are_there_where_they_were_decided():
    assert "upgrades" not in json.loads(format_manifest(make()))
    decided = Upgrade("0.9", Verdict.RESTART, ("ERTS differs",), ("shop 0.9 -> 1.0",))
    assert json.loads(format_manifest(make(upgrades=(decided,))))["upgrades"] == [
        {"from": "0.9", "verdict": "restart", "reasons": ["ERTS differs"], "changes": ["shop 0.9 -> 1.0"]}
    ]


def test_it_says_what_the_release_is():
    facts = json.loads(format_manifest(make()))
    assert (facts["name"], facts["version"], facts["env"], facts["otp"], facts["elixir"]) == (
        "shop",
        "1.0",
        "staging",
        "25",
        "1.14.0",
    )
    assert facts["commit"] == {"sha": "a" * 40, "time": 5, "dirty": True}
    assert facts["erts"] == "13.1"
    (application,) = facts["applications"]
    assert (application["name"], application["mode"], application["origin"]) == ("shop", "permanent", "project")
    assert len(application["digest"]) == 64


def test_it_lists_files_links_and_folders_whatever_their_names():
    facts = json.loads(format_manifest(make()))
    assert [item["path"] for item in facts["files"]] == ["d", "l", "lib/shop-1.0/ebin/shop.app", 'share/ü "x"']
    assert facts["files"][0]["directory"] is True
    assert facts["files"][1]["target"] == "t"


def test_the_digest_of_an_application_depends_on_its_files_alone():
    one = json.loads(format_manifest(make()))["applications"][0]["digest"]
    other = json.loads(format_manifest(make(paths=("lib/shop-1.0/ebin/shop.app", "share/z"))))["applications"][0][
        "digest"
    ]
    more = json.loads(format_manifest(make(paths=("lib/shop-1.0/ebin/shop.app", "lib/shop-1.0/priv/x"))))
    assert one == other != more["applications"][0]["digest"]


def test_an_application_that_is_not_carried_has_no_digest():
    assert json.loads(format_manifest(make(paths=())))["applications"][0]["digest"] == ""


def test_the_same_release_gives_the_same_bytes():
    assert format_manifest(make()) == format_manifest(make())
    assert manifest_path(make()) == "releases/1.0/manifest.json"
