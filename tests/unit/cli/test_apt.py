"""dray apt: what is said, as text and as JSON, and the statuses."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from dray.cli.apt_serve import render_page
from dray.cli.main import run
from tests.debs import write_deb
from tests.harness import ROOT


@pytest.fixture
def apt(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("DRAY_APT_KEY", raising=False)
    monkeypatch.chdir(tmp_path)

    def do(*arguments):
        status = run(["apt", *(str(argument) for argument in arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return do


def test_from_the_first_command_to_the_way_back(apt, tmp_path):
    status, out, err = apt("init", "shop", "--to", "repo", "--url", "https://apt.shop.example/")
    assert status == 0
    assert out.splitlines()[1] == "URIs: https://apt.shop.example"
    assert out == (tmp_path / "repo/shop.sources").read_text()
    assert "is a new key" in err
    assert "curl -fsS https://apt.shop.example/shop.sources" in err
    first, second = (write_deb(tmp_path / "debs", version=version) for version in ("1.0", "1.1"))
    assert apt("publish", first, "--to", "repo") == (
        0,
        "shop 1.0 published in repo stable\n".replace("repo", str(tmp_path / "repo")),
        "",
    )
    status, out, _ = apt("publish", second, "--to", "repo", "--rollout", "10", "--json")
    assert json.loads(out)[0]["previous"] == "1.0"
    _, out, _ = apt("list", "--to", "repo")
    assert out.splitlines()[2].split() == ["shop", "1.1", "amd64", "main", "10", str(second.stat().st_size)]
    _, out, _ = apt("list", "--to", "repo", "--generations", "--json")
    assert [(row["generation"], row["state"]) for row in json.loads(out)] == [
        (3, "published"),
        (2, "kept"),
        (1, "kept"),
    ]
    assert apt("check", "--to", "repo", "--deep")[:2] == (0, "repo stable is whole\n")
    assert apt("rollback", "--to", "repo", "--json")[1] == '{"restored": 2, "generation": 4}\n'
    assert apt("remove", "shop", "--to", "repo", "--version", "1.0")[1] == "shop 1.0 amd64 removed from repo stable\n"
    assert apt("list", "--to", "repo")[1] == "nothing\n"
    assert "valid until" in apt("refresh", "--to", "repo", "--valid-days", "7")[1]


def test_mistakes_have_their_statuses(apt, tmp_path):
    assert apt("list")[0] == 2
    assert apt("publish", "x.deb", "--to", "repo")[0] == 1
    deb = write_deb(tmp_path / "debs")
    status, _, err = apt("publish", deb, "--to", "repo")
    assert (status, "dray apt init makes one" in err) == (2, True)
    assert apt("init", "shop")[0] == 0
    assert apt("init", "shop")[0] == 2
    assert apt("list", "--to", "repo")[0] == 2
    assert apt("rollback", "--to", "repo")[0] == 2
    assert apt("publish", deb, "--to", "repo")[0] == 0
    status, _, err = apt("publish", write_deb(tmp_path / "debs", version="0.9"), "--to", "repo")
    assert (status, "newer" in err) == (4, True)
    deb.write_bytes(b"nonsense")
    assert apt("publish", deb, "--to", "repo")[0] == 4
    next((tmp_path / "repo/pool").rglob("*.deb")).unlink()
    status, out, err = apt("check", "--to", "repo")
    assert (status, "is missing" in out, "is damaged in 1 places" in err) == (4, True, True)
    assert json.loads(apt("check", "--to", "repo", "--json")[1])[0]["damage"]
    assert apt("serve", tmp_path / "debs")[0] == 2
    assert apt("nonsense")[0] == 2


def test_a_repository_can_be_looked_at_without_a_key(apt, tmp_path, monkeypatch):
    apt("init", "shop", "--to", "repo")
    apt("publish", write_deb(tmp_path / "debs"), "--to", "repo")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))
    status, out, err = apt("list", "--to", "repo")
    assert (status, "shop" in out, "not verified" in err) == (0, True, True)
    assert apt("check", "--to", "repo", "--trust", "repo/shop-archive-keyring.gpg") == (
        0,
        "repo stable is whole\n",
        "",
    )


def test_the_project_says_where_its_repository_is(apt, tmp_path):
    (tmp_path / "rel").mkdir()
    (tmp_path / "rel/config.py").write_text(
        "from dray.config import config\nfrom dray.steps import apt, assemble, release\n"
        'config("apt", suite="testing")\nbuild = release("shop") | assemble() | apt(repository="repo", keep=2)\n'
    )
    apt("init", "shop", "--to", "elsewhere")
    for version in ("1", "2", "3"):
        assert apt("publish", write_deb(tmp_path / "debs", version=version))[0] == 0
    rows = json.loads(apt("list", "--json")[1])
    assert [row["version"] for row in rows] == ["2", "3"]
    assert (tmp_path / "repo/dists/testing/InRelease").is_file()


def test_the_page_shows_packages_and_what_a_host_needs(apt, tmp_path):
    apt("init", "shop", "--to", "repo")
    apt("publish", write_deb(tmp_path / "debs", version="1.0~<b>".replace("<b>", "b")), "--to", "repo")
    page = render_page(tmp_path / "repo", "http://apt.shop.example")
    assert "1.0~b" in page
    assert "http://apt.shop.example/shop.sources" in page
    assert "Signed-By: /usr/share/keyrings/shop-archive-keyring.gpg" in page


def test_the_commands_of_the_page_work(apt, tmp_path):
    page = (ROOT / "docs/apt.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ dray apt (.*)$", page, re.MULTILINE)
    assert len(commands) >= 9
    write_deb(tmp_path / "_build/prod")
    write_deb(tmp_path, version="1.1-1")
    assert apt("init", "--key", "next.key")[0] == 0
    # The change to another key comes last: the others sign with the first one.
    for command in sorted(commands, key=lambda command: "--key" in command):
        if "--key" in command:
            (tmp_path / "shop-archive-keyring.gpg").write_bytes(
                (tmp_path / "repo/shop-archive-keyring.gpg").read_bytes()
            )
        status, _, err = apt(*shlex.split(command.replace("/srv/apt", str(tmp_path / "repo"))))
        assert status == 0, f"{command}: {err}"


def test_the_source_on_the_page_is_the_one_that_init_prints(apt):
    page = (ROOT / "docs/apt.md").read_text(encoding="utf-8")
    _, out, err = apt("init", "shop", "--to", "repo", "--url", "https://apt.shop.example")
    assert out in page
    assert all(line in page for line in err.splitlines() if line.startswith("    "))
