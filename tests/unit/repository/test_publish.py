"""Publishing: what gets into the indices, and what is refused before anything changes."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import pytest

from dray.core.publication import Publication
from dray.errors import ConfigError, IntegrityError, RepositoryError, UsageError
from dray.package.read_deb import read_deb
from dray.repository.check import check_suite
from dray.repository.draft import Draft
from dray.repository.keys import generate_key, read_secret_key
from dray.repository.manage import create_suite, list_entries, refresh_suite, remove_package, roll_back
from dray.repository.publish import Terms, pool_path
from dray.repository.suite import read_suite
from dray.repository.update import Repository
from tests.debs import write_deb


def versions(repository, suite="stable"):
    found = read_suite(repository.store, suite, repository.certificates)
    entries = list_entries(Draft(repository.store, found, found.release))
    return [(entry.package, entry.version, entry.rollout) for _, entry in entries]


def assert_whole(repository, suite="stable"):
    found = check_suite(repository.store, suite, repository.certificates, now=repository.clock.now(), deep=True)
    assert found == ()


def test_a_publication_says_what_was_there_before(publish, repository, tmp_path):
    first = write_deb(tmp_path / "debs", version="1.0", Dray_Commit="f00d")
    assert publish(first) == (Publication(repository.store.address, "shop", "1.0"),)
    (second,) = publish(("shop", "1.1"), rollout=10)
    assert (second.previous, second.previous_commit, second.rollout) == ("1.0", "f00d", 10)
    assert versions(repository) == [("shop", "1.0", 100), ("shop", "1.1", 10)]
    assert_whole(repository)


def test_publishing_again_changes_the_rollout_alone(publish, repository):
    publish(("shop", "1.0"))
    for rollout in (10, 50, 0, 100):
        (again,) = publish(("shop", "1.1"), rollout=rollout)
        assert again.previous == "1.0"
        assert versions(repository)[1] == ("shop", "1.1", rollout)
    generation = read_suite(repository.store, "stable", repository.certificates).release.generation
    publish(("shop", "1.1"))
    assert read_suite(repository.store, "stable", repository.certificates).release.generation == generation
    assert_whole(repository)


def test_only_the_newest_versions_stay_where_so_many_are_wanted(publish, repository):
    publish(*(("shop", f"1.{number}") for number in range(12)), keep=3)
    assert [version for _, version, _ in versions(repository)] == [f"1.{number}" for number in range(12)]
    publish(("shop", "1.12"), ("other", "1"), keep=3)
    assert versions(repository) == [("other", "1", 100), *(("shop", f"1.{n}", 100) for n in (10, 11, 12))]
    assert_whole(repository)


def test_a_version_that_goes_back_is_refused_unless_it_is_meant(publish, repository):
    publish(("shop", "1.1"))
    with pytest.raises(RepositoryError, match="newer") as caught:
        publish(("shop", "1.1~rc1"))
    assert "--allow-downgrade" in caught.value.hint
    assert [version for _, version, _ in versions(repository)] == ["1.1"]
    publish(("shop", "1.1~rc1"), allow_downgrade=True)
    assert [version for _, version, _ in versions(repository)] == ["1.1~rc1", "1.1"]
    assert_whole(repository)


def test_a_version_is_published_once(publish, repository, tmp_path):
    publish(("shop", "1.0"))
    other = write_deb(tmp_path / "other", version="1.0", Section="web")
    with pytest.raises(RepositoryError, match="with other content"):
        publish(other)
    with pytest.raises(RepositoryError, match="are both shop 1.0"):
        publish(("shop", "1.0"), other, suite="testing")
    remove_package(repository, "stable", "shop")
    with pytest.raises(RepositoryError, match="with other content"):
        publish(other)
    publish(("shop", "1.0"))
    assert_whole(repository)


def test_a_package_that_holds_others_together_comes_with_them_or_after_them(publish, repository, tmp_path):
    def meta(version):
        names = f"whole={version} front={version} store={version}"
        return write_deb(tmp_path / "debs", "whole", version, "all", Dray_Packages=names)

    with pytest.raises(RepositoryError, match=r"whole 1\.0 holds packages together .*: store 1\.0$"):
        publish(meta("1.0"), ("front", "1.0"))
    assert versions(repository) == []
    publish(meta("1.0"), ("front", "1.0"), ("store", "1.0"))
    publish(("front", "1.1"), ("store", "1.1"))
    publish(meta("1.1"))
    assert {(name, version) for name, version, _ in versions(repository)} >= {("whole", "1.0"), ("whole", "1.1")}
    assert_whole(repository)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"suite": "a/b"}, "name of a suite"),
        ({"suite": ".."}, "name of a suite"),
        ({"component": ""}, "name of a component"),
        ({"architectures": ("x y",)}, "name of a architecture"),
        ({"rollout": 101}, "percentage"),
        ({"rollout": -1}, "percentage"),
        ({"keep": 0}, "how many versions stay"),
        ({"valid_days": -1}, "number of days"),
    ],
)
def test_terms_that_make_no_sense_are_refused(publish, terms, message):
    with pytest.raises(ConfigError, match=message):
        publish(("shop", "1.0"), **terms)


def test_a_new_architecture_gets_what_runs_everywhere(publish, repository, tmp_path):
    publish(write_deb(tmp_path / "debs", "docs", "1", "all"), ("shop", "1"))
    publish(write_deb(tmp_path / "debs", "shop", "1", "riscv64"))
    release = read_suite(repository.store, "stable", repository.certificates).release
    assert release.architectures == ("amd64", "riscv64")
    draft = Draft(repository.store, read_suite(repository.store, "stable", repository.certificates), release)
    assert draft.index("main", "riscv64").names == ("docs", "shop")
    assert_whole(repository)


def test_suites_and_components_stand_side_by_side(publish, repository):
    publish(("shop", "1"))
    publish(("shop", "2"), component="beta")
    publish(("shop", "3"), suite="testing")
    assert [version for _, version, _ in versions(repository)] == ["1", "2"]
    assert [version for _, version, _ in versions(repository, "testing")] == ["3"]
    assert_whole(repository)
    assert_whole(repository, "testing")


@pytest.mark.parametrize(
    ("name", "version", "path"),
    [
        ("shop", "1.0-1", "pool/main/s/shop/shop_1.0-1_amd64.deb"),
        ("libshop", "1.0", "pool/main/libs/libshop/libshop_1.0_amd64.deb"),
        ("shop", "2:1.0", "pool/main/s/shop/epoch-2/shop_1.0_amd64.deb"),
        ("shop", "0:1.0", "pool/main/s/shop/shop_1.0_amd64.deb"),
    ],
)
def test_each_package_has_a_place_in_the_pool(tmp_path, name, version, path):
    assert pool_path(read_deb(write_deb(tmp_path, name, version)), "main") == path


def test_a_removal_and_the_way_back(publish, repository):
    publish(("shop", "1"), ("shop", "2"), ("other", "1"))
    assert {entry.version for entry in remove_package(repository, "stable", "shop")} == {"1", "2"}
    assert versions(repository) == [("other", "1", 100)]
    number, release = roll_back(repository, "stable")
    assert (number, release.generation) == (1, 3)
    assert len(versions(repository)) == 3
    with pytest.raises(UsageError, match="keeps these generations of stable: 1, 2"):
        roll_back(repository, "stable", 7)
    assert_whole(repository)


def test_what_is_not_there_cannot_be_removed(publish, repository):
    with pytest.raises(RepositoryError, match="no suite stable"):
        remove_package(repository, "stable", "shop")
    publish(("shop", "1"))
    for given in ({"version": "2"}, {"architecture": "arm64"}):
        with pytest.raises(UsageError, match="has no shop"):
            remove_package(repository, "stable", "shop", **given)
    with pytest.raises(UsageError, match="version"):
        remove_package(repository, "stable", "shop", version="nonsense")


def test_a_suite_with_an_end_keeps_its_length(publish, repository, clock):
    publish(("shop", "1"), valid_days=7)
    clock.time += 86400
    publish(("shop", "2"))
    release = refresh_suite(repository, "stable")
    assert release.valid_until - release.date == 7 * 86400
    assert release.date == int(clock.time)
    assert refresh_suite(repository, "stable", 0).valid_until is None


def test_an_empty_suite_is_valid(repository):
    create_suite(repository, Terms(architectures=("amd64",)))
    assert_whole(repository)
    assert versions(repository) == []


def test_a_key_is_changed_over(publish, repository, signer):
    publish(("shop", "1"))
    text, _ = generate_key("Next", valid_days=0)
    other = Repository(repository.store, read_secret_key(text.encode(), origin=""), repository.clock)
    with pytest.raises(IntegrityError, match="no valid signature"):
        publish(("shop", "2"), to=other)
    trusting = replace(other, trusted=(signer.certificate,))
    publish(("shop", "2"), to=trusting)
    assert_whole(replace(trusting, trusted=(signer.certificate,)))


def test_two_publishers_lose_nothing(publish, repository):
    failed = []

    def work(name):
        try:
            for number in range(6):
                publish((f"shop-{name}", str(number)))
        except Exception as error:  # noqa: BLE001 - the test tells of it
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert versions(repository) == [(f"shop-{name}", str(n), 100) for name in "abc" for n in range(6)]
    assert_whole(repository)


def test_publishers_without_a_lock_lose_nothing(make_store, signer, clock, publish):
    failed = []
    stores = [make_store("s3") for _ in "ab"]

    def work(name, store):
        try:
            for number in range(3):
                publish((f"shop-{name}", str(number)), to=Repository(store, signer, clock))
        except Exception as error:  # noqa: BLE001 - the test tells of it
            failed.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in zip("ab", stores, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    repository = Repository(stores[0], signer, clock)
    assert failed == []
    assert versions(repository) == [(f"shop-{name}", str(n), 100) for name in "ab" for n in range(3)]
    repository = Repository(stores[1], signer, clock)
    refresh_suite(repository, "stable")
    assert_whole(repository)


def test_old_generations_and_their_files_are_removed(publish, repository, clock, tmp_path):
    store = tmp_path / "store"
    publish(("shop", "0"), keep=1)
    for number in range(1, 6):
        publish(("shop", str(number)), keep=1)
    assert len(list(store.glob("pool/**/*.deb"))) == 6
    clock.time += 2 * 86400  # all files are older than a day now
    publish(("shop", "6"), keep=1)
    # Kept are three earlier generations, with what they list.
    assert sorted(int(path.name) for path in store.glob("dists/stable/generations/*")) == [4, 5, 6]
    assert sorted(path.stem for path in store.glob("pool/**/*.deb")) == [f"shop_{n}_amd64" for n in (3, 4, 5, 6)]
    assert len(list(store.glob("dists/stable/main/*/by-hash/SHA256/*"))) == 4 * 2
    assert_whole(repository)
    assert roll_back(repository, "stable", 4)[0] == 4
    assert_whole(repository)


def test_a_package_that_another_suite_has_stays(publish, repository, clock, tmp_path):
    publish(("shop", "0"), suite="testing")
    publish(("shop", "0"), keep=1)
    for number in range(1, 6):
        publish(("shop", str(number)), keep=1)
    clock.time += 2 * 86400
    publish(("shop", "6"), keep=1)
    assert (tmp_path / "store/pool/main/s/shop/shop_0_amd64.deb").exists()
    assert not (tmp_path / "store/pool/main/s/shop/shop_1_amd64.deb").exists()
    assert_whole(repository, "testing")


def test_a_large_index_is_packed_for_speed(publish, repository, monkeypatch):
    monkeypatch.setattr("dray.repository.draft.MANY_PACKAGES", 2)
    publish(("aa", "1"))
    listed = {item.path for item in read_suite(repository.store, "stable", repository.certificates).release.listed}
    assert listed == {f"main/binary-amd64/Packages{suffix}" for suffix in ("", ".gz", ".xz")}
    publish(("bb", "1"), ("cc", "1"))
    listed = {item.path for item in read_suite(repository.store, "stable", repository.certificates).release.listed}
    assert listed == {f"main/binary-amd64/Packages{suffix}" for suffix in ("", ".gz", ".zst")}
    publish(("dd", "1"))
    assert len(versions(repository)) == 4
    assert_whole(repository)


def test_the_same_packages_give_the_same_indices(publish, repository, signer, clock, tmp_path):
    from dray.repository.folder import FolderStore  # noqa: PLC0415 - a second one

    publish(("aa", "1"), ("bb", "1"))
    other = Repository(FolderStore(tmp_path / "other"), signer, clock)
    publish(("bb", "1"), to=other)
    publish(("aa", "1"), to=other)
    one, two = (read_suite(item.store, "stable", item.certificates).release for item in (repository, other))
    assert one.listed == two.listed
    assert re.fullmatch(r"[0-9a-f]{40}", one.signed_by)
