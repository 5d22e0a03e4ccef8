"""Hosts that are folders, and releases that are deployed to them."""

from __future__ import annotations

import pytest

from tests.folder_hosts import FolderHosts, make_release

HOSTS = ("web1", "web2", "web3")


@pytest.fixture
def hosts(tmp_path):
    return FolderHosts(tmp_path, HOSTS)


@pytest.fixture
def releases(tmp_path):
    """Two versions of which one application differs."""

    def make(version):
        application = {"lib/shop-1/ebin/shop.beam": None, f"lib/shop-{version}/ebin/shop.beam": version.encode()}
        return make_release(tmp_path / version, version, application)

    return make
