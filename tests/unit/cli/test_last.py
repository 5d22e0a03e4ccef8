"""What last stands for: a build that is kept here, else the one that was published last."""

from __future__ import annotations

import json

import pytest

from dray.cli.main import run
from tests.debs import write_deb
from tests.unit.upgrade.releases import app, list_files, write_build

CONFIG = """
from dray.config import config
from dray.steps import apt, assemble, deb, release

config("apt", key="apt.key")
deploy = release("shop") | assemble() | deb() | apt("published")
"""


def pack(folder, version, *modules):
    files = list_files(version, apps={"shop": app("m", *modules)})
    files["releases/start_erl.data"] = f"13.1 {version}".encode()
    placed = {f"usr/lib/shop/{path}": data for path, data in files.items()}
    return write_deb(folder, "shop", f"{version}-1", files=placed, Dray_Release=f"shop {version}")


@pytest.fixture
def dray(tmp_path, monkeypatch, capsys):
    """A project that is built, and a function that runs dray in it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("DRAY_APT_KEY", "MIX_ENV"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "project/rel").mkdir(parents=True)
    (tmp_path / "project/rel/config.py").write_text(CONFIG)
    tree = write_build(tmp_path / "project/_build/prod/rel/shop", "1.2", apps={"shop": app("m", "new")})
    (tree / "releases/start_erl.data").write_text("13.1 1.2")
    monkeypatch.chdir(tmp_path / "project")

    def do(*arguments):
        status = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return do


def publish(dray, folder, *versions):
    assert dray("apt", "init", "--key", "apt.key", "--to", "published")[0] == 0
    for version in versions:
        file = pack(folder, version)
        assert dray("apt", "publish", "--key", "apt.key", "--to", "published", file)[0] == 0


def test_the_package_that_was_published_last_is_taken_where_nothing_is_kept(dray, tmp_path):
    publish(dray, tmp_path / "debs", "1.0", "1.1", "1.2")
    status, out, err = dray("diff", "last", "_build/prod/rel/shop", "--json")
    assert (status, err) == (0, "last is shop 1.1-1, published in published stable\n")
    found = json.loads(out)
    assert (found["old"]["source"], found["old"]["version"]) == ("last", "1.1")
    assert found["applications"][0]["modules"]["added"] == ["new"]


def test_what_is_kept_here_comes_first(dray, tmp_path):
    publish(dray, tmp_path / "debs", "1.1")
    pack(tmp_path / "project/_build/prod", "1.0")
    pack(tmp_path / "project/_build/prod", "1.2")
    status, out, _ = dray("diff", "last", "_build/prod/rel/shop", "--json")
    assert (status, json.loads(out)["old"]["version"]) == (0, "1.0")


def test_a_checkout_without_builds_takes_what_was_published_last(dray, tmp_path):
    publish(dray, tmp_path / "debs", "1.0", "1.2")
    (tmp_path / "project/_build").rename(tmp_path / "elsewhere")
    status, out, _ = dray("diff", "last", tmp_path / "elsewhere/prod/rel/shop", "--json")
    assert (status, json.loads(out)["old"]["version"]) == (0, "1.2")


def test_there_may_be_none(dray, tmp_path):
    publish(dray, tmp_path)
    status, _, err = dray("diff", "last", "_build/prod/rel/shop")
    assert status == 2
    assert "nothing is kept in _build/prod of another version of shop than 1.2, and nothing is published" in err


def test_a_published_package_that_was_changed_is_refused(dray, tmp_path):
    publish(dray, tmp_path / "debs", "1.1")
    (file,) = (tmp_path / "project/published/pool").rglob("*.deb")
    file.write_bytes(file.read_bytes()[:-1])
    status, _, err = dray("diff", "last", "_build/prod/rel/shop")
    assert status == 4
    assert "is missing or damaged" in err
