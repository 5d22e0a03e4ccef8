"""The collection works out the same as dray does on the other side of a connection."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dray.deploy.host_state import HostState, InstalledVersion, list_removable
from dray.deploy.manifest import read_manifest
from dray.deploy.transfer import plan_transfer
from dray.errors import IntegrityError
from tests.collection import COLLECTION, COLLECTIONS
from tests.harness import run

from ansible_collections.dray.release.plugins.module_utils import plan  # isort: skip # found by tests.collection
from ansible_collections.dray.release.plugins.module_utils.host import Host, Installed  # isort: skip

PATHS = (
    *("bin/shop", "erts-13/bin/beam.smp", "lib/a-1/ebin/a.beam", "lib/a-1/priv/ü", "lib/b-1/ebin/b.beam"),
    *("releases/RELEASES", "releases/start_erl.data", "releases/VSN/sys.config", "releases/shop-VSN.rel"),
)
CONTENTS = st.dictionaries(st.sampled_from(PATHS), st.sampled_from(("x", "y", "link")), min_size=1)


def format_manifest(version, contents):
    files = []
    for path, content in sorted(contents.items()):
        named = path.replace("VSN", version)
        if content == "link":
            files.append({"path": named, "target": "x"})
        else:
            files.append({"path": named, "size": 1, "sha256": content * 64, "mode": "0644"})
    facts = {"name": "shop", "version": version, "applications": [], "files": files}
    return json.dumps(facts).encode()


@given(CONTENTS, st.lists(CONTENTS, max_size=2), st.booleans())
def test_both_sides_plan_the_same(new, installed, first):
    data = format_manifest("9", new)
    others = [format_manifest(str(number), contents) for number, contents in enumerate(installed)]
    ours = (read_manifest(data, ""), [read_manifest(other, "") for other in others])
    theirs = (plan.read_manifest(data), [plan.read_manifest(other) for other in others])
    wanted = refused = None
    try:
        wanted = plan_transfer(*ours, first=first)
    except IntegrityError as error:
        refused = error.what
    if wanted is None:
        with pytest.raises(plan.PlanError) as raised:
            plan.plan_version(*theirs, first)
        assert refused == str(raised.value)
        return
    manifest = plan.read_manifest(data)
    made = plan.plan_version(manifest, [plan.read_manifest(other) for other in others], first)
    assert (tuple(made.sent), tuple(made.links), tuple(made.fresh)) == (wanted.sent, wanted.links, wanted.fresh)
    assert plan.format_sums(manifest, made) == wanted.format_sums()


VERSIONS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(("good", "bad", "ready")), st.integers(0, 9)),
    unique_by=lambda item: item[0],
)


@given(VERSIONS, st.sampled_from("abc"), st.integers(1, 3), st.sampled_from(("", "a", "d")))
def test_both_sides_keep_the_same_versions(versions, permanent, keep, before):
    status = {"version": permanent, "state": "running"}
    installed = tuple(InstalledVersion(version, "", state, since) for version, state, since in versions)
    ours = HostState({"permanent": permanent}, installed, status=status)
    theirs = Host(
        "/", [Installed(version, "", state, since, "", "") for version, state, since in versions], permanent, status
    )
    assert tuple(theirs.list_removable(keep, before)) == list_removable(ours, keep=keep, before=before)


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "lib/../../x"])
def test_a_manifest_that_leaves_the_release_is_refused(path):
    with pytest.raises(plan.PlanError, match="outside"):
        plan.read_manifest(format_manifest("1", {path: "x"}))


@pytest.mark.parametrize("changed", [{"version": "../../etc"}, {"files": [{"path": "../up", "directory": True}]}])
def test_versions_and_folders_stay_in_the_release_as_well(changed):
    facts = {**json.loads(format_manifest("1", {"bin/shop": "x"})), **changed}
    with pytest.raises(plan.PlanError, match="outside"):
        plan.read_manifest(json.dumps(facts).encode())


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"files": 1}'])
def test_a_damaged_manifest_is_refused(data):
    with pytest.raises(plan.PlanError, match="damaged"):
        plan.read_manifest(data)


def test_a_difference_names_the_applications_that_change():
    pair = []
    for version, digests in (
        ("1", {"shop": "a", "web": "b", "old": "c"}),
        ("2", {"shop": "x", "web": "b", "new": "d"}),
    ):
        facts = json.loads(format_manifest(version, {}))
        facts["applications"] = [
            {"name": name, "version": f"{version}.0", "digest": digest} for name, digest in digests.items()
        ]
        facts["applications"][1]["version"] = "7"
        pair.append(plan.read_manifest(json.dumps(facts).encode()))
    changed = plan.compare_applications(*pair)
    assert [(app["name"], app["before"], app["after"]) for app in changed] == [
        ("new", "", "2.0"),
        ("old", "1.0", ""),
        ("shop", "1.0", "2.0"),
    ]
    shown = plan.describe_difference("shop", "1", "2", changed)
    assert shown["before"] == "shop 1\n  old 1.0\n  shop 1.0\n"
    assert shown["after"] == "shop 2\n  new 2.0\n  shop 2.0\n"


@pytest.mark.parametrize("module", ["deploy", "release_info"])
def test_modules_are_read_without_ansible_and_describe_all_their_options(module):
    program = (
        f"import sys, json; sys.path.insert(0, {str(COLLECTIONS)!r});"
        f"from ansible_collections.dray.release.plugins.modules import {module} as m;"
        "print(json.dumps([m.DOCUMENTATION, m.EXAMPLES, m.RETURN, getattr(m, 'ARGUMENTS', None)]))"
    )
    done = run(sys.executable, "-S", "-c", program, cwd=Path("/"))
    assert done.status == 0, done.err
    documentation, examples, returned, arguments = json.loads(done.out)
    options = yaml.safe_load(documentation)["options"]
    assert yaml.safe_load(examples)
    assert yaml.safe_load(returned)
    for name, given_as in (arguments or {}).items():
        assert options[name]["type"] == given_as["type"]
        assert options[name].get("default") == given_as.get("default")
        assert options[name].get("choices") == given_as.get("choices")
    assert options.keys() == (arguments or options).keys()


def test_the_roles_tasks_give_the_module_all_its_options():
    (task,) = yaml.safe_load((COLLECTION / "roles/release/tasks/run.yml").read_text())
    module = (COLLECTION / "plugins/modules/deploy.py").read_text()
    options = yaml.safe_load(module.split('r"""')[1].split('"""')[0])["options"]
    assert task["dray.release.deploy"].keys() == options.keys()
