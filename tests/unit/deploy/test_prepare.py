from __future__ import annotations

from dataclasses import replace

import pytest

from dray.core.host import Host
from dray.core.release import Release
from dray.deploy.fitness import Demand, validate_fitness
from dray.deploy.history import History
from dray.deploy.host_state import HostState, InstalledVersion
from dray.deploy.manifest import Item, Manifest
from dray.deploy.place import shorten_script
from dray.deploy.preflight import validate_party
from dray.deploy.prepare import choose_version, digest_content, list_conflicts, read_release_manifest
from dray.errors import ConfigError, RemoteError
from dray.native.platform import Platform
from tests.folder_hosts import make_release

WEB = Host("web1")


def state(*versions, **facts):
    return HostState(facts, tuple(versions))


def test_content_is_told_apart_by_files_and_modes_alone(tmp_path):
    one = make_release(tmp_path / "1", "0.1.0")
    assert digest_content(one) == digest_content(make_release(tmp_path / "2", "0.1.0"))
    assert digest_content(one) != digest_content(make_release(tmp_path / "3", "0.1.0", {"share/x": b"x"}))
    assert digest_content(one) != digest_content(make_release(tmp_path / "4", "0.1.0", **{"bin/shop": 0o755}))
    assert digest_content(one) == digest_content(replace(one, env="staging"))


def test_release_that_is_not_assembled_is_refused():
    with pytest.raises(ConfigError, match="deployed once it is assembled"):
        digest_content(Release("shop", "0.1.0"))


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        ((), "0.1.0"),
        ((InstalledVersion("0.1.0", "m", source="cafe1234"),), "0.1.0"),
        ((InstalledVersion("0.0.9", "m", source="beef34"),), "0.1.0"),
        ((InstalledVersion("0.1.0", "m", source="beef34"),), "0.1.0+cafe12"),
        ((InstalledVersion("0.1.0", "m"),), "0.1.0+cafe12"),
        ((InstalledVersion("0.1.0+beef34", "m", source="beef34"),), "0.1.0+cafe12"),
        ((InstalledVersion("0.1.0+cafe12", "m", source="cafe1234"),), "0.1.0+cafe12"),
    ],
)
def test_version_gets_a_suffix_where_a_host_has_it_with_other_content(installed, chosen):
    assert choose_version("0.1.0", "cafe1234", (state(), state(*installed))) == chosen


def test_version_that_looks_like_one_with_a_suffix_is_told_from_it():
    other = state(InstalledVersion("0.1.0+3f2a9c", "m", source="beef"))
    assert choose_version("0.1.0+3f2a9c", "cafe1234", (other,)) == "0.1.0+3f2a9c.cafe12"


def test_version_with_build_metadata_gets_one_part_more():
    other = state(InstalledVersion("0.1.0+git", "m", source="beef"))
    assert choose_version("0.1.0+git", "cafe1234", (other,)) == "0.1.0+git.cafe12"


def manifest_of(version, **applications):
    items = {path: Item(path, sha256, "0644", 1) for path, sha256 in applications.pop("files").items()}
    listed = tuple((name, number, "") for name, number in applications.items())
    return Manifest(b"", version, listed, items)


def test_applications_in_conflict_are_those_of_one_version_with_two_contents():
    mine = manifest_of(
        "0.2.0",
        shop="1",
        web="2",
        kernel="9",
        host="1",
        files={"lib/shop-1/a": "aa", "lib/web-2/a": "bb", "lib/kernel-9/a": "cc"},
    )
    theirs = manifest_of(
        "0.1.0",
        shop="1",
        web="1",
        kernel="9",
        files={"lib/shop-1/a": "dd", "lib/web-1/a": "ee", "lib/kernel-9/a": "cc"},
    )
    assert list_conflicts(mine.contents, (theirs,)) == {"shop": f"1+{mine.contents['shop', '1'][:6]}"}


def test_appup_that_differs_is_no_conflict():
    mine = manifest_of("0.2.0", shop="1", files={"lib/shop-1/a": "aa"})
    theirs = manifest_of("0.1.0", shop="1", files={"lib/shop-1/a": "aa", "lib/shop-1/ebin/shop.appup": "bb"})
    assert list_conflicts(mine.contents, (theirs,)) == {}


def test_history_keeps_builds_and_shares_their_files(tmp_path):
    history = History(tmp_path / "history")
    releases = [make_release(tmp_path / f"{number}", f"0.{number}.0") for number in range(2)]
    digests = [read_release_manifest(release).digest for release in releases]
    for release, digest in zip(releases, digests, strict=True):
        history.keep(release, digest)
    places = [history.find(digest) for digest in digests]
    kernel = "lib/kernel-1/ebin/kernel.beam"
    assert (places[0] / kernel).samefile(places[1] / kernel)
    assert not (places[0] / kernel).samefile(releases[0].tree / kernel)
    assert history.read_manifest(digests[1]).version == "0.1.0"
    assert history.find("0" * 64) is None


def test_history_does_not_trust_a_build_that_was_damaged(tmp_path):
    history = History(tmp_path / "history")
    release = make_release(tmp_path / "1", "0.1.0")
    digest = read_release_manifest(release).digest
    history.keep(release, digest)
    (history.find(digest) / "releases/0.1.0/manifest.json").write_text("{")
    assert history.find(digest) is None
    history.keep(release, digest)
    assert history.find(digest) is not None


LINUX = {"system": "Linux", "cpu": "x86_64", "libc": "gnu 2.36"}


@pytest.mark.parametrize(
    "needed",
    [
        Platform("x86_64", "linux", "gnu", (2, 34)),
        Platform("x86_64", "linux"),
    ],
)
def test_host_that_offers_enough_is_fit(needed):
    validate_fitness((Demand("erts/beam", needed),), state(**LINUX), WEB)


@pytest.mark.parametrize(
    "needed",
    [
        Platform("x86_64", "linux", "gnu", (2, 38)),
        Platform("aarch64", "linux", "gnu", (2, 17)),
        Platform("x86_64", "linux", "musl"),
        Platform("x86_64", "freebsd"),
    ],
)
def test_host_that_cannot_run_a_file_is_told_which(needed):
    with pytest.raises(RemoteError, match=rf"web1 cannot run erts/beam: it needs {needed}"):
        validate_fitness((Demand("erts/beam", needed),), state(**LINUX), WEB)


class Member:
    """A host that has said something."""

    def __init__(self, **facts: str) -> None:
        self.host, self.state = WEB, state(**{"setup": "yes", "time": "1000", **facts})
        self.told_at = 1000


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"setup": "no"}, "web1 is not set up"),
        ({"time": "2000"}, "the clock of web1 is 1000 s off"),
    ],
)
def test_host_that_is_not_ready_for_a_deployment_is_refused(facts, message):
    with pytest.raises(RemoteError, match=message):
        validate_party((Member(**facts),), ())


def test_script_travels_without_what_only_people_read():
    assert shorten_script("# a comment\n\n  echo '#1'  \n\t# another\nexit 0\n") == "echo '#1'\nexit 0\n"
