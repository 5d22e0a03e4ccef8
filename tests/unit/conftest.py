"""Fixtures of unit tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import make_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dray.core.context import Context


@pytest.fixture
def make_ctx(tmp_path: Path) -> Callable[..., Context]:
    """Return a function that makes a context of fakes in a folder of the test's own."""
    return lambda **given: make_context(tmp_path, **given)
