"""What tests of notifications share."""

from __future__ import annotations

import pytest

from tests.slack_server import running_slack
from tests.unit.notify.releases import make_umbrella


@pytest.fixture
def slack_server():
    with running_slack() as server:
        yield server


@pytest.fixture
def root(tmp_path):
    """Return the folder of an umbrella in git, with one commit."""
    make_umbrella(tmp_path)
    return tmp_path
