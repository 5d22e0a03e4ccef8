from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.deploy.manifest import Item, Manifest, format_difference, is_plain, read_manifest
from dray.deploy.prepare import read_release_manifest
from dray.deploy.transfer import find_top, plan_transfer
from dray.errors import IntegrityError
from tests.folder_hosts import SCRIPT, make_release

SAME = {"lib/shop-1/ebin/shop.beam": b"the same"}
AWK = SCRIPT[SCRIPT.index("awk -v old=") :].split("'")[1]


@pytest.mark.parametrize(
    ("path", "top"),
    [
        ("lib/shop-1/ebin/shop.beam", "lib/shop-1"),
        ("erts-14.2/bin/beam.smp", "erts-14.2"),
        ("releases/0.1.0/sys.config", "releases/0.1.0"),
        ("releases/0.1.0.rel", "releases/0.1.0.rel"),
        ("releases/0.2.0/sys.config", "releases/0.2.0/sys.config"),
        ("bin/shop", "bin/shop"),
        ("share/doc/README", "share/doc/README"),
        ("lib/README", "lib/README"),
    ],
)
def test_file_moves_with_the_folder_that_versions_share(path, top):
    assert find_top(path, "0.1.0") == top


def manifest(tmp_path, version, files=None):
    return read_release_manifest(make_release(tmp_path / version, version, files))


def test_first_transfer_sends_everything_and_names_the_version_last(tmp_path):
    new = manifest(tmp_path, "0.1.0")
    transfer = plan_transfer(new, (), first=True)
    assert set(transfer.sent) == set(new.items)
    assert transfer.links == ()
    assert transfer.fresh[-2:] == ("releases/0.1.0", "releases/start_erl.data")
    assert transfer.manifest == new.data


def test_update_leaves_out_what_is_there_and_links_what_is_elsewhere(tmp_path):
    old = manifest(tmp_path, "0.1.0")
    application = {"lib/shop-1/ebin/shop.beam": None, "lib/shop-2/ebin/shop.beam": b"shop of 0.1.0"}
    new = manifest(tmp_path, "0.2.0", application)
    transfer = plan_transfer(new, (old,))
    assert transfer.sent == ("releases/shop-0.2.0.rel",)
    assert ("lib/shop-1/ebin/shop.beam", "lib/shop-2/ebin/shop.beam") in transfer.links
    assert transfer.fresh == ("lib/shop-2", "releases/shop-0.2.0.rel", "releases/0.2.0")
    assert len(transfer.manifest) < len(new.data)


def test_what_an_earlier_transfer_has_left_is_not_sent_again(tmp_path):
    new = manifest(tmp_path, "0.1.0")
    there = {"bin/shop": new.items["bin/shop"].sha256, "lib/kernel-1/ebin/kernel.beam": "damaged"}
    sent = plan_transfer(new, (), there=there, first=True).sent
    assert "bin/shop" not in sent
    assert "lib/kernel-1/ebin/kernel.beam" in sent


def test_file_whose_mode_differs_is_sent(tmp_path):
    old = manifest(tmp_path, "0.1.0", {"lib/tool-1/priv/tool": b"#!/bin/sh\n# run\n", **SAME})
    new = read_release_manifest(
        make_release(
            tmp_path / "new",
            "0.2.0",
            {"lib/tool-2/priv/tool": b"#!/bin/sh\n# run\n", **SAME},
            **{"lib/tool-2/priv/tool": 0o755},
        )
    )
    assert "lib/tool-2/priv/tool" in plan_transfer(new, (old,)).sent


def test_shared_folder_with_other_content_is_an_error(tmp_path):
    old = manifest(tmp_path, "0.1.0")
    new = manifest(tmp_path, "0.2.0", {"lib/kernel-1/ebin/kernel.beam": b"another"})
    with pytest.raises(IntegrityError, match="lib/kernel-1/ebin/kernel.beam is installed with other content"):
        plan_transfer(new, (old,))


def test_links_of_many_files_take_few_commands():
    items = {f"lib/a-1/ebin/m{n}.beam": Item(f"lib/a-1/ebin/m{n}.beam", f"{n:064x}", "0644", 1) for n in range(500)}
    old = Manifest(b"old\n", "1", (), items)
    moved = {
        path.replace("a-1", "a-2"): replace(item, path=path.replace("a-1", "a-2")) for path, item in items.items()
    }
    script = plan_transfer(Manifest(b"new\n", "2", (), moved), (old,)).format_links()
    assert sum(line.startswith("ln ") for line in script.splitlines()) == 3


@pytest.mark.parametrize(
    ("path", "plain"), [("lib/a/b.beam", True), ('lib/"', False), ("lib/ä", False), ("lib/\\", False)]
)
def test_path_is_plain_where_a_manifest_does_not_escape_it(path, plain):
    assert is_plain(path) is plain


def test_manifest_tells_files_links_and_directories_apart(tmp_path):
    new = manifest(tmp_path, "0.1.0")
    assert new.version == "0.1.0"
    assert new.items["bin/shop"].size == 10
    assert new.digest == read_manifest(new.data, "here").digest


files = st.lists(
    st.sampled_from(["lib/a", "releases/{}/b", "releases/{}/c", "bin/d", "= 1 2", "~", "ü\\\\"]), max_size=9
)


def as_manifest(version, paths):
    lines = [f'  {{"path": "{path.format(version)}"}},' for path in paths]
    data = "".join(f"{line}\n" for line in ("{", f' "version": "{version}",', *lines, "}")).encode()
    return Manifest(data, version, (), {})


@given(files, files, st.sampled_from(["0.2.0", "0.1.0+3f2a9c", "0.1.0"]))
def test_host_makes_the_new_manifest_of_the_old_one(tmp_path_factory, old, new, version):
    folder = tmp_path_factory.mktemp("manifests")
    base, wanted = as_manifest("0.1.0", old), as_manifest(version, new)
    (folder / "base").write_bytes(base.data)
    (folder / "difference").write_bytes(format_difference(base, wanted))
    values = ("-v", 'old="releases/0.1.0/', "-v", f'new="releases/{version}/')
    made = subprocess.run(("awk", *values, AWK, "base", "difference"), cwd=folder, capture_output=True, check=True)
    assert made.stdout == wanted.data
