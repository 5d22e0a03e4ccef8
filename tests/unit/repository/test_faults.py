"""A store that fails at any moment: what is published is the old state or the new one, and publishing again works."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dray.errors import DrayError, IntegrityError, RepositoryError
from dray.repository.check import check_suite
from dray.repository.manage import refresh_suite, roll_back
from tests.unit.repository.test_publish import assert_whole, versions


class Failing:
    """A store whose operation number ``at`` fails, before its work or half-way through it."""

    def __init__(self, store, at, half):
        self.store, self.at, self.half, self.count = store, at, half, 0

    address = "failing"

    def lock(self):
        return self.store.lock()

    def _step(self, work, uploads=None):
        self.count += 1
        if self.count != self.at:
            return work()
        if self.half and uploads:
            self.store.put(uploads[: len(uploads) // 2])
        raise RepositoryError("the store is gone")

    def get(self, key):
        return self._step(lambda: self.store.get(key))

    def put_new(self, uploads):
        return self._step(lambda: self.store.put_new(uploads), uploads)

    def put(self, uploads):
        return self._step(lambda: self.store.put(uploads), uploads)

    def replace(self, key, data, etag):
        return self._step(lambda: self.store.replace(key, data, etag))

    def list_items(self, prefix):
        return self._step(lambda: self.store.list_items(prefix))

    def delete(self, keys):
        return self._step(lambda: self.store.delete(keys))


@pytest.mark.parametrize("half", [False, True], ids=["before", "half-way"])
def test_a_store_that_fails_leaves_a_valid_repository(publish, repository, half):
    publish(("shop", "1"))
    done = 0
    for at in range(1, 40):
        before = versions(repository)
        failing = Failing(repository.store, at, half)
        try:
            publish(("shop", str(at + 1)), to=replace(repository, store=failing))
            done += 1
        except DrayError:
            assert versions(repository) in (before, [*before, ("shop", str(at + 1), 100)])
        damage = [
            finding
            for finding in check_suite(
                repository.store, "stable", repository.certificates, now=repository.clock.now()
            )
            if finding.damage and "do not ask by checksum" not in finding.what
        ]
        assert damage == [], f"operation {at}"
        publish(("shop", str(at + 1)))
        assert versions(repository)[-1] == ("shop", str(at + 1), 100)
        assert_whole(repository)
        if done:
            break
    assert done, "there are more operations than the test goes through"


@pytest.mark.parametrize(
    ("pattern", "change", "message"),
    [
        (
            "dists/stable/InRelease",
            lambda data: data.replace(b"Suite: stable", b"Suite: unsafe"),
            "no valid signature",
        ),
        ("dists/stable/InRelease", lambda _: b"", "no valid signature"),
        ("dists/stable/main/binary-amd64/Packages.gz", lambda data: data + b"x", "is not what InRelease says"),
        ("dists/stable/main/binary-amd64/Packages.xz", None, "Packages.xz is missing"),
        ("dists/stable/main/binary-amd64/by-hash/SHA256/*", lambda data: data[:-1], "is not what InRelease says"),
        ("dists/stable/main/binary-amd64/by-hash/SHA256/*", None, "is missing, and InRelease lists it"),
        ("pool/main/s/shop/shop_2_amd64.deb", None, "shop_2_amd64.deb is missing"),
        ("pool/main/s/shop/shop_2_amd64.deb", lambda data: data + b"x", "bytes, and"),
        ("pool/main/s/shop/shop_2_amd64.deb", lambda data: data[:-1] + b"x", "has other content"),
        (
            "dists/stable/generations/1",
            lambda data: data.replace(b"Suite", b"suite"),
            "generation 1 cannot be gone back to",
        ),
    ],
)
def test_check_finds_what_was_changed_by_hand(publish, repository, tmp_path, pattern, change, message):
    publish(("shop", "1"))
    publish(("shop", "2"))
    assert_whole(repository)
    for path in (tmp_path / "store").glob(pattern):
        if change is None:
            path.unlink()
        else:
            path.write_bytes(change(path.read_bytes()))
    found = check_suite(repository.store, "stable", repository.certificates, now=repository.clock.now(), deep=True)
    assert any(re.search(re.escape(message), finding.what) for finding in found), found


def test_nothing_is_published_on_top_of_a_damaged_index(publish, repository, tmp_path):
    publish(("shop", "1"))
    before = (tmp_path / "store/dists/stable/InRelease").read_bytes()
    for path in (tmp_path / "store").glob("dists/stable/main/*/by-hash/SHA256/*"):
        path.write_bytes(b"damaged")
    with pytest.raises(IntegrityError, match="is not what InRelease says"):
        publish(("shop", "2"))
    assert (tmp_path / "store/dists/stable/InRelease").read_bytes() == before


def test_names_that_were_changed_by_hand_are_written_anew(publish, repository, tmp_path):
    publish(("shop", "1"))
    Path(tmp_path / "store/dists/stable/main/binary-amd64/Packages.gz").unlink()
    refresh_suite(repository, "stable")
    assert_whole(repository)


def test_there_is_no_way_back_to_what_is_damaged(publish, repository, tmp_path):
    publish(("shop", "1"))
    old = set((tmp_path / "store").glob("dists/stable/main/*/by-hash/SHA256/*"))
    publish(("shop", "2"))
    for path in old:
        path.unlink()
    with pytest.raises(IntegrityError, match="is missing, and InRelease lists it"):
        roll_back(repository, "stable")
    assert [version for _, version, _ in versions(repository)] == ["1", "2"]


def test_check_speaks_of_a_suite_that_is_not_there_and_of_dates(publish, repository, clock):
    (finding,) = check_suite(repository.store, "stable", (), now=0)
    assert "no suite" in finding.what
    publish(("shop", "1"), valid_days=4)
    for days, said in ((-3, "from the future"), (2, "ends in less"), (5, "not valid any more")):
        found = check_suite(repository.store, "stable", repository.certificates, now=clock.time + days * 86400)
        assert said in found[0].what


@pytest.mark.parametrize(
    "change", [lambda path: path.write_bytes(b"x"), lambda path: path.unlink()], ids=["damaged", "gone"]
)
def test_the_way_back_starts_from_a_ruin_too(publish, repository, tmp_path, change):
    for number in range(1, 5):
        publish(("shop", str(number)))
    change(tmp_path / "store/dists/stable/InRelease")
    for path in (tmp_path / "store").glob("dists/stable/generations/3"):
        path.write_bytes(b"damaged, too")
    assert roll_back(repository, "stable")[0] == 2
    assert [version for _, version, _ in versions(repository)] == ["1", "2"]
    publish(("shop", "5"))
    found = check_suite(repository.store, "stable", repository.certificates, now=repository.clock.now())
    assert [finding.what for finding in found if finding.damage] == []
