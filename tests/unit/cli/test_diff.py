"""Releases that are damaged or not whole: an error that names the file, or the difference; never a crash."""

from __future__ import annotations

import shutil

import pytest

from dray.cli.main import run
from dray.disk import read_whole
from tests.unit.upgrade.releases import app, make_beam, write_build

APP = "lib/shop-0.1.0/ebin/shop.app"
BEAM = "lib/shop-0.1.0/ebin/m.beam"
KERNEL = "lib/kernel-8.5/ebin/kernel.app"
REL = "releases/1.0/shop.rel"
CONFIG = "releases/1.0/sys.config"
MANIFEST = "releases/1.0/manifest.json"


def remove(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def make_folder(path):
    remove(path)
    (path / "inner").mkdir(parents=True)
    (path / "inner/x").write_bytes(b"x")


def make_file(path):
    remove(path)
    path.write_bytes(b"")


def write(data):
    def do(path):
        path.write_bytes(data)

    return do


def link_to_nothing(path):
    remove(path)
    path.symlink_to("nowhere")


@pytest.fixture
def diff(tmp_path, capsys, monkeypatch):
    """Two builds that differ in a module, and a function that compares them; the first may be damaged."""
    monkeypatch.chdir(tmp_path)
    config = b"[{shop, [{limit, 5}]}]."
    new = app(("m", make_beam("m", code=b"new")), "n")
    facts = b'{"name":"shop","version":"1.0","applications":[],"files":[]}'
    write_build(tmp_path / "damaged", "1.0", apps={"shop": app("m", "n")}, config=config, files={MANIFEST: facts})
    write_build(tmp_path / "whole", "1.1", apps={"shop": new}, config=config)

    def do(*arguments, command="diff"):
        status = run([command, *arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return status, said.out, said.err

    return do


@pytest.mark.parametrize(
    ("path", "damage", "status", "said"),
    [
        (APP, remove, 4, f"damaged has no {APP}"),
        (APP, make_folder, 4, f"damaged has no {APP}"),
        (APP, link_to_nothing, 4, f"damaged has no {APP}"),
        (APP, write(b"{application, shop"), 4, APP),
        (APP, write(b""), 4, APP),
        (APP, write(b"\xff\xfe"), 4, APP),
        (KERNEL, remove, 0, "hot"),
        ("lib/shop-0.1.0", remove, 0, "restart"),
        ("lib", remove, 0, "restart"),
        (BEAM, remove, 0, "+ m"),
        (BEAM, make_folder, 0, "+ m"),
        (BEAM, write(b""), 4, BEAM),
        (BEAM, write(b"FOR1"), 4, BEAM),
        (BEAM, write(b"\0" * 5000), 4, BEAM),
        (REL, remove, 2, "has no releases/VERSION/NAME.rel"),
        (REL, make_folder, 2, "has no releases/VERSION/NAME.rel"),
        (REL, write(b""), 4, REL),
        (REL, write(b'{release, {"shop"}}.'), 4, REL),
        (CONFIG, remove, 0, "+ shop.limit"),
        (CONFIG, make_folder, 0, "+ shop.limit"),
        (CONFIG, write(b"[}."), 4, CONFIG),
        (MANIFEST, write(b"{}"), 4, MANIFEST),
        (MANIFEST, make_folder, 0, "hot"),
        ("releases", remove, 2, "holds the folder releases"),
        (
            "releases",
            write_file := lambda path: (remove(path), path.write_bytes(b"")),
            2,
            "holds the folder releases",
        ),
        ("releases/RELEASES", remove, 0, "has no releases/RELEASES"),
    ],
)
def test_a_release_that_is_not_whole_is_compared_or_named(diff, tmp_path, path, damage, status, said):
    damage(tmp_path / "damaged" / path)
    found, out, err = diff("damaged", "whole")
    assert found == status, err
    assert said in (err if status else out)
    assert diff("whole", "damaged")[0] == status


@pytest.mark.parametrize("path", [APP, BEAM, REL, CONFIG, MANIFEST])
def test_a_file_that_cannot_be_read_is_named(diff, monkeypatch, path):
    def read(place):
        if str(place).endswith(path):
            raise PermissionError(13, "Permission denied")
        return read_whole(place)

    for room in ("upgrade.content", "assemble.stored"):
        monkeypatch.setattr(f"dray.{room}.read_whole", read)
    status, _, err = diff("damaged", "whole")
    assert (status, err) == (4, f"error: damaged/{path} cannot be read: Permission denied\n")
    assert diff("damaged", command="inspect") == (4, "", err)


def test_what_cannot_run_is_refused_by_a_rehearsal(diff, tmp_path):
    (tmp_path / "facts.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    assert "a folder, a tar or a Debian package" in diff("facts.json", "whole", command="rehearse")[2]
    for file in ("damaged", "empty"):
        status, _, err = diff(file, "whole", command="rehearse")
        assert (status, "releases/start_erl.data names" in err) == (4, True), err
    (tmp_path / "damaged/releases/start_erl.data").write_bytes(b"13.1 \xff")
    assert diff("damaged", "whole", command="rehearse")[0] == 4
