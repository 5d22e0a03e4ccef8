"""A project's modules can be imported for a while, and only theirs leave no trace."""

from __future__ import annotations

import importlib
import sys

import pytest

from dray.config.importable import importable


@pytest.fixture(autouse=True)
def compiling(monkeypatch):
    """Let Python keep what it compiles, whatever the environment says, and forget what a test imports."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write_module(folder, name="compiled_or_not"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text("value = 1\n")
    return folder


@pytest.mark.parametrize("place", ["", "rel", "tools/more"])
def test_the_projects_own_modules_leave_no_trace(tmp_path, place):
    write_module(tmp_path / place)
    with importable(tmp_path):
        importlib.import_module(".".join(filter(None, (*place.split("/"), "compiled_or_not"))))
    assert not list(tmp_path.rglob("__pycache__"))


def test_other_modules_that_are_imported_meanwhile_are_compiled_once(tmp_path):
    elsewhere = write_module(tmp_path / "elsewhere")
    sys.path.append(str(elsewhere))
    with importable(tmp_path / "project"):
        importlib.import_module("compiled_or_not")
    assert list(elsewhere.rglob("*.pyc"))


def test_a_virtual_environment_in_the_project_is_none_of_its_modules(tmp_path):
    packages = write_module(tmp_path / ".venv" / "lib" / "package").parent
    sys.path.append(str(packages))
    with importable(tmp_path):
        importlib.import_module("package.compiled_or_not")
    assert list(packages.rglob("*.pyc"))


def test_afterwards_python_imports_as_before(tmp_path):
    hooks, path = list(sys.path_hooks), list(sys.path)
    with importable(write_module(tmp_path)):
        assert str(tmp_path) in sys.path
    assert (sys.path_hooks, sys.path) == (hooks, path)
    assert str(tmp_path) not in sys.path_importer_cache
