"""Fixtures of unit tests."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from dray.assemble import workers
from tests.fakes import make_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dray.core.context import Context


@pytest.fixture
def make_ctx(tmp_path: Path) -> Callable[..., Context]:
    """Return a function that makes a context of fakes in a folder of the test's own."""
    return lambda **given: make_context(tmp_path, **given)


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let work be shared by two processes, also where pytest itself has threads, as with ``-n``."""
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(workers.threading, "active_count", lambda: 1)
    with warnings.catch_warnings():  # Python 3.12 and later warn of forks beside threads; these only compute
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        yield
