"""Two releases are compared by what they do, not by how they were written down."""

from __future__ import annotations

import json
import tarfile

import pytest

from dray.beam.relfile import RelApplication, RelFile, format_rel
from dray.errors import UsageError
from dray.upgrade.compare import Changes, compare_sides
from dray.upgrade.side import read_side
from tests.unit.beam.test_module import make_module

ELF = b"\x7fELF" + bytes(60)


def module(code, *more):
    return make_module((b"AtU8", b"names"), (b"Code", code), *more)


def write_release(folder, *, version="1.0", erts="13.1", apps=(("shop", "1.0"),), files=None, config="[]."):
    """Write a release as a folder; ``files`` are its further files."""
    rel = RelFile("shop", version, erts, tuple(RelApplication(*app) for app in apps))
    all_files = {
        f"releases/{version}/shop.rel": format_rel(rel),
        f"releases/{version}/sys.config": config.encode(),
        f"releases/{version}/start.boot": version.encode(),
        **(files or {}),
    }
    for path, data in all_files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.fixture
def compare(tmp_path):
    """Return a function that compares two releases, given by their options."""

    def do(old, new):
        sides = (
            read_side(write_release(tmp_path / name, **options)) for name, options in (("old", old), ("new", new))
        )
        return compare_sides(*sides)

    return do


def test_equal_releases_of_two_versions_do_not_differ(compare):
    difference = compare({}, {"version": "2.0"})
    assert difference.is_empty
    assert difference.reasons == ()


def test_modules_count_by_their_code(compare):
    code, other = module(b"one"), module(b"two")
    stripped = module(b"one", (b"Docs", b"text"))
    difference = compare(
        {"files": {"lib/shop-1.0/ebin/a.beam": code, "lib/shop-1.0/ebin/b.beam": code}},
        {"files": {"lib/shop-1.0/ebin/a.beam": stripped, "lib/shop-1.0/ebin/b.beam": other}},
    )
    assert code != stripped
    (shop,) = difference.applications
    assert shop.modules == Changes(changed=("b",))
    assert shop.is_unversioned


def test_applications_come_change_their_version_and_go(compare):
    difference = compare(
        {"apps": (("shop", "1.0"), ("gone", "1"), ("same", "3"))},
        {"apps": (("shop", "1.1"), ("new", "2"), ("same", "3"))},
    )
    assert [(app.name, app.old, app.new) for app in difference.applications] == [
        ("gone", "1", None),
        ("new", None, "2"),
        ("shop", "1.0", "1.1"),
    ]


def test_files_of_an_application_are_compared_across_its_versions(compare):
    difference = compare(
        {"files": {"lib/shop-1.0/priv/a": b"1", "lib/shop-1.0/ebin/shop.app": b"x"}},
        {
            "apps": (("shop", "1.1"),),
            "files": {"lib/shop-1.1/priv/a": b"1", "lib/shop-1.1/priv/b": b"2", "lib/shop-1.1/ebin/shop.app": b"y"},
        },
    )
    assert difference.applications[0].files == Changes(added=("priv/b",))


def test_configuration_is_compared_by_its_keys(compare):
    difference = compare(
        {"config": "[{shop,[{a,1},{b,2}]}].", "files": {"releases/1.0/runtime.exs": b"1"}},
        {"config": "[{shop,[{b,3},{c,4}]}].", "version": "2.0", "files": {"releases/2.0/runtime.exs": b"2"}},
    )
    assert difference.config == Changes(("shop.c",), ("shop.a",), ("shop.b", "runtime.exs"))


def test_protocols_and_other_files_stand_by_themselves(compare):
    one, two = module(b"one"), module(b"two")
    difference = compare(
        {"files": {"releases/1.0/consolidated/Elixir.P.beam": one, "releases/1.0/env.sh": b"1", "bin/shop": b"x"}},
        {
            "version": "2.0",
            "files": {"releases/2.0/consolidated/Elixir.P.beam": two, "releases/2.0/env.sh": b"2", "bin/shop": b"x"},
        },
    )
    assert difference.protocols == Changes(changed=("Elixir.P",))
    assert difference.files == Changes(changed=("releases/VSN/env.sh",))


REASONS = {
    "another runtime": ({}, {"erts": "14.0"}, "ERTS 13.1 -> 14.0: a node cannot change its runtime"),
    "another Elixir": (
        {"apps": (("elixir", "1.14.0"),)},
        {"apps": (("elixir", "1.15.0"),)},
        "Elixir 1.14.0 -> 1.15.0: a node cannot change its runtime",
    ),
    "machine code": (
        {"files": {"lib/shop-1.0/priv/x.so": ELF}},
        {"files": {"lib/shop-1.0/priv/x.so": ELF + b"!"}},
        "shop: priv/x.so is machine code, which a node does not load a second time",
    ),
}


@pytest.mark.parametrize(("old", "new", "reason"), REASONS.values(), ids=REASONS)
def test_a_restart_has_a_reason(compare, old, new, reason):
    assert compare(old, new).reasons == (reason,)


def test_machine_code_of_a_new_application_is_loaded_for_the_first_time(compare):
    new = {"apps": (("shop", "1.0"), ("nif", "1")), "files": {"lib/nif-1/priv/x.so": ELF}}
    assert compare({}, new).reasons == ()


def test_a_tar_and_a_manifest_are_sides_like_a_folder(tmp_path):
    tree = write_release(tmp_path / "tree", files={"lib/shop-1.0/ebin/a.beam": module(b"one")})
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(tree, arcname=".")
    of_tree = read_side(tree)
    assert compare_sides(of_tree, read_side(tmp_path / "x.tar.gz")).is_empty
    manifest = {
        "name": "shop",
        "version": "1.0",
        "erts": "13.1",
        "applications": [{"name": "shop", "version": "1.0"}],
        "files": [
            {"path": path, "size": 1, "sha256": content.sha256} for path, content in sorted(of_tree.files.items())
        ],
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    of_manifest = read_side(tmp_path / "manifest.json")
    assert compare_sides(of_manifest, of_tree).is_empty
    assert compare_sides(of_tree, of_manifest).is_empty


def test_what_otp_cannot_install_is_refused(tmp_path):
    (tmp_path / "none/releases").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"no releases/VERSION/NAME\.rel"):
        read_side(tmp_path / "none")
    both = write_release(write_release(tmp_path / "both"), version="2.0")
    with pytest.raises(UsageError, match=r"several versions: 1\.0, 2\.0"):
        read_side(both)
