"""An index of dray, compared with those of apt-ftparchive and as python-debian reads them."""

from __future__ import annotations

import subprocess
import time

import pytest
from debian.deb822 import Packages, Release

from dray.package.read_deb import read_deb
from dray.repository.folder import FolderStore
from dray.repository.keys import generate_key, read_secret_key, strip_signature
from dray.repository.publish import Terms, publish_packages
from dray.repository.suite import load_index, read_suite
from dray.repository.update import Repository
from tests.debs import write_deb
from tests.fakes import FakeClock

pytestmark = pytest.mark.ftparchive
_OWN = {"MD5sum", "SHA1", "SHA512"}


@pytest.fixture
def repository(tmp_path):
    text, _ = generate_key("Shop", valid_days=0)
    return Repository(
        FolderStore(tmp_path / "store"), read_secret_key(text.encode(), origin=""), FakeClock(time.time())
    )


def test_packages_are_those_of_apt_ftparchive(tmp_path, repository):
    debs = [
        write_deb(tmp_path, "shop", "1:1.0~rc1-1", Depends="libc6 (>= 2.34)", Section="net", Priority="optional"),
        write_deb(tmp_path, "shop", "1.0", codec=".xz", Installed_Size="12"),
        write_deb(tmp_path, "libshop", "2.0+git1", "all", Multi_Arch="foreign"),
    ]
    publish_packages(repository, [read_deb(path) for path in debs], Terms())
    suite = read_suite(repository.store, "stable", repository.certificates)
    mine = load_index(repository.store, suite, "main", "amd64").format().decode()
    asked = subprocess.run(
        ["apt-ftparchive", "packages", "pool"], cwd=tmp_path / "store", capture_output=True, text=True, check=True
    ).stdout
    assert _read(mine) == _read(asked)


def _read(text):
    stanzas = [dict(stanza) for stanza in Packages.iter_paragraphs(text, use_apt_pkg=False)]
    for stanza in stanzas:
        for name in _OWN:
            stanza.pop(name, None)
    return sorted(stanzas, key=lambda stanza: stanza["Filename"])


def test_release_lists_what_python_debian_reads(tmp_path, repository):
    publish_packages(repository, [read_deb(write_deb(tmp_path))], Terms())
    suite = read_suite(repository.store, "stable", repository.certificates)
    read = Release(strip_signature(suite.signed, file="x"))
    assert read["Suite"] == "stable"
    assert read["Architectures"] == "amd64"
    listed = {(item["name"], int(item["size"]), item["sha256"]) for item in read["SHA256"]}
    assert listed == {(item.path, item.size, item.sha256) for item in suite.release.listed}
