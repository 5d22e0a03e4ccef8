"""An application gets another version wherever OTP reads one."""

from __future__ import annotations

from pathlib import Path

import pytest

from dray.beam.app_file import parse_app
from dray.beam.boot import format_script
from dray.beam.etf import decode
from dray.core.application import Application, AppOrigin, AppSpec, Mode
from dray.core.contents import Directory, File, Symlink
from dray.core.release import Release
from dray.upgrade.rename import rename_build
from dray.upgrade.rename_release import rename_applications
from tests.unit.upgrade.releases import app, list_files, make_beam, make_boot, make_build

VERSIONS = {"shop": "0.1.0+abcdef"}
APPS = {"shop": app("m"), "shop_web": app("w")}


def make_release():
    boot, text = make_boot([("shop", "0.1.0"), ("shop_web", "0.1.0")])
    files = {
        **list_files("1.0", apps=APPS),
        "releases/1.0/start.boot": boot,
        "releases/1.0/start.script": text,
        "releases/1.0/shop-0.1.0/note": b"not an application",
    }
    applications = tuple(
        Application(AppSpec(name, "0.1.0"), Mode.PERMANENT, Path("/x"), AppOrigin.PROJECT) for name in APPS
    )
    return Release(name="shop", version="1.0", applications=applications).add(
        *(File(path, data) for path, data in files.items()),
        File("lib/shop-0.1.0/priv/tool", b"x", 0o755),
        Directory("lib/shop-0.1.0/priv/empty"),
        Symlink("bin/tool", "../lib/shop-0.1.0/priv/tool"),
        Symlink("bin/other", "elsewhere"),
    )


@pytest.fixture(scope="module")
def renamed():
    release = rename_applications(make_release(), VERSIONS)
    return release, {entry.path: entry for entry in release.contents}


def test_the_folder_moves_with_all_that_is_in_it(renamed):
    _, entries = renamed
    assert not [path for path in entries if path.startswith("lib/shop-0.1.0/")]
    assert entries["lib/shop-0.1.0+abcdef/ebin/m.beam"].source == make_beam("m")
    assert entries["lib/shop-0.1.0+abcdef/priv/tool"].mode == 0o755
    assert entries["lib/shop-0.1.0+abcdef/priv/empty"] == Directory("lib/shop-0.1.0+abcdef/priv/empty")
    assert entries["bin/tool"].target == "../lib/shop-0.1.0+abcdef/priv/tool"
    assert entries["bin/other"].target == "elsewhere"


def test_what_only_looks_like_it_stays(renamed):
    _, entries = renamed
    assert "releases/1.0/shop-0.1.0/note" in entries
    assert "lib/shop_web-0.1.0/ebin/w.beam" in entries


def test_the_files_of_otp_say_the_new_version(renamed):
    _, entries = renamed
    path = "lib/shop-0.1.0+abcdef/ebin/shop.app"
    spec = parse_app(entries[path].source, file=path)
    assert (spec.version, spec.modules) == ("0.1.0+abcdef", ("m",))
    for name in ("releases/1.0/shop.rel", "releases/RELEASES"):
        text = entries[name].source.decode()
        assert '{shop,"0.1.0+abcdef",' in text
        assert '{shop_web,"0.1.0",' in text
    assert '"lib/shop-0.1.0+abcdef"' in entries["releases/RELEASES"].source.decode()


def test_boot_scripts_load_the_new_folder(renamed):
    _, entries = renamed
    boot, text = make_boot([("shop", "0.1.0+abcdef"), ("shop_web", "0.1.0")])
    assert entries["releases/1.0/start.boot"].source == boot
    assert entries["releases/1.0/start.script"].source == text == format_script(decode(boot))


def test_the_release_knows_its_applications(renamed):
    release, _ = renamed
    assert [(item.name, item.version) for item in release.applications] == [
        ("shop", "0.1.0+abcdef"),
        ("shop_web", "0.1.0"),
    ]


def test_nothing_changes_without_versions():
    release = make_release()
    assert rename_applications(release, {}) is release
    build = make_build(apps=APPS)
    assert rename_build(build, {}) is build


def test_a_build_is_renamed_as_a_release_is():
    build = rename_build(make_build(apps=APPS), VERSIONS)
    assert build.side.applications["shop"] == "0.1.0+abcdef"
    assert build.read_spec("shop").version == "0.1.0+abcdef"
    assert build.modules["m"][0] == "shop"
    assert [app.version for app in build.rel.applications if app.name == "shop"] == ["0.1.0+abcdef"]
