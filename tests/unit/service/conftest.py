"""Services and templates for the tests of formats."""

from __future__ import annotations

import pytest

from dray.service.model import build_service
from dray.service.options import ServiceOptions
from dray.template.environment import TemplateFolder


@pytest.fixture
def service():
    """Return a function that makes the service of a release named shop."""
    return lambda **options: build_service(ServiceOptions(**options), release="shop", description="Sells 100% of it")


@pytest.fixture(scope="session")
def templates():
    """The built-in templates."""
    return TemplateFolder()
