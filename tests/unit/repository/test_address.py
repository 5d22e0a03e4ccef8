"""Stores are found by their addresses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dray.errors import ConfigError
from dray.repository.address import open_store


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("/srv/apt", "/srv/apt"),
        ("apt", "/project/apt"),
        ("file:/srv/apt", "/srv/apt"),
        ("file:///srv/apt", "/srv/apt"),
        ("ssh://host/srv/apt/", "ssh://host/srv/apt"),
        ("ssh://ada@host:2222/srv/apt", "ssh://ada@host:2222/srv/apt"),
    ],
)
def test_a_store_has_the_address_that_it_was_opened_by(given, address):
    with open_store(given, root=Path("/project")) as store:
        assert store.address == address


@pytest.mark.parametrize(
    "given",
    ["ftp://host/x", "ssh://host", "ssh:///x", "ssh://host:x/y", "ssh://-oProxyCommand=x/y", "s3://", "file://x"],
)
def test_what_is_no_address_is_an_error(given):
    with pytest.raises(ConfigError, match="a repository is a folder"), open_store(given):
        pass


def test_a_bucket_needs_boto3(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ConfigError, match="boto3") as caught, open_store("s3://bucket/x"):
        pass
    assert "dray[s3]" in caught.value.hint
