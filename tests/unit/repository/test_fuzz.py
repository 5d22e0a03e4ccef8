"""Packages and files of a repository that were changed at random: nothing crashes, and none of them is published."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dray.deb_file import open_data, read_members, validate_data
from dray.errors import DrayError
from dray.package.codec import GZIP
from dray.package.read_deb import read_deb
from dray.repository.check import check_suite
from dray.repository.collect import collect_garbage
from dray.repository.draft import Draft
from dray.repository.folder import FolderStore
from dray.repository.keys import generate_key, read_secret_key, verify_text
from dray.repository.manage import list_entries, refresh_suite, remove_package, roll_back
from dray.repository.publish import Terms, publish_packages
from dray.repository.release_file import format_release
from dray.repository.store import Upload
from dray.repository.suite import inrelease_key, read_suite
from dray.repository.update import Repository
from tests.debs import build_control, build_deb, sha256, write_deb
from tests.fakes import FakeClock

FUZZ = settings(max_examples=60)
IN_RELEASE = "dists/stable/InRelease"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A repository of three publications, and packages that are not in it."""
    folder = tmp_path_factory.mktemp("fuzz")
    signer = read_secret_key(generate_key("Shop", valid_days=400)[0].encode(), origin="")
    repository = Repository(FolderStore(folder / "whole"), signer, FakeClock(time.time()))
    for version in ("1", "2", "3"):
        debs = [write_deb(folder / "debs", name, version) for name in ("shop", "till")]
        debs.append(write_deb(folder / "debs", "docs", version, "all"))
        publish_packages(repository, [read_deb(path) for path in debs], Terms())
    return repository, folder


def copy_of(place):
    """Return a repository that may be changed."""
    repository, folder = place
    shutil.rmtree(folder / "changed", ignore_errors=True)
    shutil.copytree(folder / "whole", folder / "changed")
    return replace(repository, store=FolderStore(folder / "changed"))


@st.composite
def changes(draw):
    """A change to some bytes: where, as a fraction, and what it does there."""
    kind = draw(st.sampled_from(["cut", "overwrite", "insert", "empty", "double", "text"]))
    return kind, draw(st.floats(0, 1)), draw(st.binary(min_size=1, max_size=12))


def change(data, how):
    kind, where, noise = how
    position = int(where * len(data))
    return {
        "cut": data[:position],
        "overwrite": data[:position] + noise + data[position + len(noise) :],
        "insert": data[:position] + noise + data[position:],
        "empty": b"",
        "double": data + data,
        "text": data[:position] + b"\n" + noise.hex().encode() + b": x\n" + data[position:],
    }[kind]


def is_signed(repository):
    """Tell whether somebody has signed what is published, as it stands there now."""
    try:
        verify_text(repository.store.get(IN_RELEASE).data, repository.certificates, file="")
    except DrayError:
        return False
    return True


OPERATIONS = {
    "publish": lambda repository, deb: publish_packages(repository, [deb], Terms()),
    "publish for all": lambda repository, deb: publish_packages(
        repository, [deb], Terms(architectures=("riscv64",), keep=2)
    ),
    "remove": lambda repository, _: remove_package(repository, "stable", "till"),
    "refresh": lambda repository, _: refresh_suite(repository, "stable"),
    "roll back": lambda repository, _: roll_back(repository, "stable"),
}


def list_damage(repository):
    """Return what hosts would stumble over in the indices; packages are as they were changed."""
    now = repository.clock.now()
    found = check_suite(repository.store, "stable", repository.certificates, now=now, deep=True)
    return [item.what for item in found if item.damage and not item.what.startswith("pool/")]


def try_operation(repository, name, deb):
    """Do something in a repository; where it is refused, what hosts see has stayed."""
    file = repository.store.get(IN_RELEASE)
    try:
        OPERATIONS[name](repository, deb)
    except DrayError:
        found = repository.store.get(IN_RELEASE)
        assert (found and found.data) == (file and file.data)
        return False
    return True


@FUZZ
@given(st.data(), changes(), st.sampled_from(sorted(OPERATIONS)))
def test_a_file_of_a_repository_that_was_changed_is_noticed_or_does_not_count(place, data, how, operation):
    repository = copy_of(place)
    folder = place[1] / "changed"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(folder / "pool"))
    path = data.draw(st.sampled_from(files))
    path.write_bytes(change(path.read_bytes(), how))
    signed = is_signed(repository)
    deb = read_deb(write_deb(place[1] / "new", "shop", "4"))
    list_damage(repository)
    done = try_operation(repository, operation, deb)
    assert signed or not done or operation == "roll back", "published on top of what nobody has signed"
    if done:
        named = "do not ask by checksum"
        assert [what for what in list_damage(repository) if named not in what and str(path.name) not in what] == []


@FUZZ
@given(changes(), st.sampled_from(sorted(OPERATIONS)))
def test_an_index_that_was_changed_and_signed_again_is_read_or_is_an_error(place, how, operation):
    """Somebody has the key, or another program wrote the index: a signature says nothing of what it holds."""
    repository = copy_of(place)
    suite = read_suite(repository.store, "stable", repository.certificates)
    path = "main/binary-amd64/Packages"
    listed = suite.release.find(f"{path}.gz")
    text = change(GZIP.decompress(repository.store.get(f"{suite.folder}/{listed.by_hash}").data), how)
    packed = GZIP.compress(text)
    mine = replace(listed, size=len(packed), sha256=sha256(packed))
    plain = replace(listed, path=path, size=len(text), sha256=sha256(text))
    others = tuple(item for item in suite.release.listed if not item.path.startswith(path))
    release = replace(suite.release, listed=tuple(sorted((*others, plain, mine), key=lambda item: item.path)))
    repository.store.put([Upload(f"{suite.folder}/{mine.by_hash}", packed)])
    repository.store.put([Upload(inrelease_key("stable"), repository.signer.sign(format_release(release).encode()))])
    list_damage(repository)
    try_operation(repository, operation, read_deb(write_deb(place[1] / "new", "shop", "4")))
    try:
        suite = read_suite(repository.store, "stable", repository.certificates)
        list_entries(Draft(repository.store, suite, suite.release))
        collect_garbage(repository.store, suite, repository.clock.now() + 1e7)
    except DrayError:
        assert True


@FUZZ
@given(changes())
@example(("text", 0.5, b"x"))
def test_a_release_that_was_changed_and_signed_again_is_read_or_is_an_error(place, how):
    repository = copy_of(place)
    suite = read_suite(repository.store, "stable", repository.certificates)
    signed = repository.signer.sign(change(format_release(suite.release).encode(), how) or b"\n")
    repository.store.put([Upload(inrelease_key("stable"), signed)])
    list_damage(repository)
    deb = read_deb(write_deb(place[1] / "new", "shop", "4"))
    for operation in sorted(OPERATIONS):
        try_operation(repository, operation, deb)


@FUZZ
@given(changes(), st.sampled_from(["", ".gz", ".xz", ".zst"]))
def test_a_package_that_was_changed_is_whole_or_is_not_published(place, how, codec):
    repository = copy_of(place)
    good = build_deb(build_control("shop", "4", Depends="libc6"), {"usr/share/shop/x": b"x" * 2000}, codec=codec)
    file = place[1] / "changed.deb"
    file.write_bytes(change(good, how))
    before = repository.store.get(IN_RELEASE).data
    try:
        deb = read_deb(file)
        publish_packages(repository, [deb], Terms())
    except DrayError:
        assert repository.store.get(IN_RELEASE).data == before
        return
    with file.open("rb") as source:  # what is published, dpkg can unpack
        members = read_members(source, file)
        validate_data(source, members, file)
        open_data(source, members, file, limit=1 << 20).read(512)
    assert list_damage(repository) == []
    assert ("shop", deb.version) in published(repository) or deb.package != "shop"


def published(repository):
    suite = read_suite(repository.store, "stable", repository.certificates)
    found = list_entries(Draft(repository.store, suite, suite.release))
    return {(entry.package, entry.version) for _, entry in found}
