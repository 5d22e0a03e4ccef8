"""The packages that releases share: equal in each build, and nobody else's files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dray.core.contents import File, Symlink
from dray.errors import ConfigError
from dray.package.deb.apart import validate_apart
from dray.package.deb.files import list_release_files
from dray.package.deb.metapackage import build_metapackage
from dray.package.deb.runtime import build_runtime
from dray.package.deb.shared import link_shared
from tests.unit.package.deb.umbrella import TEMPLATES, Umbrella


@pytest.fixture
def umbrella(tmp_path):
    return Umbrella(tmp_path)


def runtime(umbrella, release):
    packaging, group = umbrella.prepare(release)
    return build_runtime(packaging, group, TEMPLATES, umbrella.options)


def test_both_builds_make_the_same_runtime_of_what_either_release_needs(umbrella):
    front, store = (runtime(umbrella, umbrella.assemble(name)) for name in ("front", "store"))
    assert (front, front.identity) == (store, store.identity)
    assert front.field("Package").startswith("whole-erts-13.1-")
    assert (front.field("Version"), front.field("Provides")) == ("13.1-1", "whole-erts-13.1")
    root = f"usr/lib/{front.field('Package')}"
    paths = [entry.path.removeprefix(f"{root}/") for entry in front.contents if entry.path.startswith(f"{root}/")]
    assert {"erts-13.1/bin/beam.smp", "lib/kernel-1.0/ebin/kernel.app", "lib/crypto-1.0/ebin/crypto.app"} <= set(
        paths
    )
    assert [path for path in paths if "shop" in path] == []
    assert front.time is not None


def test_its_name_changes_with_its_content_and_with_nothing_else(umbrella, tmp_path):
    first = runtime(umbrella, umbrella.assemble("front")).field("Package")
    umbrella.world.build("shop", extra=",{env,[{price,8}]}")
    assert runtime(umbrella, umbrella.assemble("front")).field("Package") == first
    (tmp_path / "otp/lib/kernel-1.0/ebin/kernel.beam").write_bytes(b"other")
    second = runtime(umbrella, umbrella.assemble("front")).field("Package")
    umbrella.world.build("shop", "sasl")
    umbrella.world.otp("ssh", "kernel", "stdlib")
    umbrella.world.build("shop", "ssh")
    third = runtime(umbrella, umbrella.assemble("front")).field("Package")
    umbrella.options = replace(umbrella.options, level=3)
    fourth = runtime(umbrella, umbrella.assemble("front")).field("Package")
    assert len({first, second, third, fourth}) == 4


@pytest.mark.parametrize(
    ("path", "source", "mode"),
    [
        pytest.param("erts-13.1/bin/beam.smp", b"mine", 0o755, id="another program"),
        pytest.param("erts-13.1/bin/erlexec", b"erlexec\n", 0o644, id="another mode"),
        pytest.param("lib/kernel-1.0/ebin/kernel.app", b"mine", 0o644, id="another file"),
        pytest.param("lib/kernel-1.0/priv/mine", b"mine", 0o644, id="a file more"),
    ],
)
def test_a_release_that_wants_a_file_of_the_runtime_otherwise_is_refused(umbrella, path, source, mode):
    release = umbrella.assemble("front").add(File(path, source, mode))
    with pytest.raises(ConfigError, match=f"several packages want {path}") as caught:
        runtime(umbrella, release)
    assert "leave out split=True" in caught.value.hint


def test_the_same_bytes_from_elsewhere_are_no_conflict(umbrella):
    release = umbrella.assemble("front").add(File("erts-13.1/bin/erlexec", b"erlexec\n", 0o755))
    assert runtime(umbrella, release) == runtime(umbrella, umbrella.assemble("front"))


def test_a_release_has_links_in_place_of_its_runtime_and_an_erl_of_its_own(umbrella):
    release = umbrella.assemble("front")
    packaging, _ = umbrella.prepare(release)
    own = list_release_files(release, release.tree, packaging.place)
    linked = {entry.path: entry for entry in link_shared(own, release, packaging.place, "whole-erts-13.1-x")}
    assert linked["usr/lib/front/lib/kernel-1.0"] == Symlink(
        "usr/lib/front/lib/kernel-1.0", "/usr/lib/whole-erts-13.1-x/lib/kernel-1.0"
    )
    assert isinstance(linked["usr/lib/front/erts-13.1/bin/erl"], File)
    assert isinstance(linked["usr/lib/front/erts-13.1/bin/beam.smp"], Symlink)
    assert isinstance(linked["usr/lib/front/lib/shop-1.0/ebin/shop.app"], File)
    assert not any(path.startswith("usr/lib/front/lib/kernel-1.0/") for path in linked)
    targets = {entry.target for entry in linked.values() if isinstance(entry, Symlink)}
    files = {f"/{entry.path}" for entry in runtime(umbrella, release).contents}
    name = runtime(umbrella, release).field("Package")
    for target in targets:
        wanted = target.replace("whole-erts-13.1-x", name)
        assert any(path == wanted or path.startswith(f"{wanted}/") for path in files), target


def test_both_builds_make_the_same_metapackage(umbrella):
    front, store = (
        build_metapackage(*umbrella.prepare(umbrella.assemble(name)), umbrella.ctx) for name in ("front", "store")
    )
    assert (front, front.identity) == (store, store.identity)
    assert front.field("Depends") == "front (= 1.0-1), store (= 1.0-1)"
    assert front.field("Dray-Packages") == "whole=1.0-1 front=1.0-1 store=1.0-1"
    assert (front.field("Architecture"), front.field("Section")) == ("all", "metapackages")
    words = front.field("Description").partition("apt-get")[2].replace("\\\n", "").split()
    assert words == ["install", "--allow-downgrades", *front.field("Dray-Packages").split()]


def test_nobody_is_the_same_in_both_builds(umbrella):
    umbrella.options = replace(umbrella.options, maintainer=None)
    for build in (lambda *made: build_runtime(*made, TEMPLATES, umbrella.options),):
        front, store = (build(*umbrella.prepare(umbrella.assemble(name))) for name in ("front", "store"))
        assert front == store
        assert front.field("Maintainer") == "The maintainers of whole <whole@localhost.localdomain>"


def test_releases_with_their_own_files_stand_side_by_side(umbrella):
    validate_apart(*umbrella.prepare(umbrella.assemble("front")), umbrella.ctx)


@pytest.mark.parametrize(
    ("option", "value", "path"),
    [
        ("name", "shop", "usr/lib/systemd/system/shop.service"),
        ("environment_file", "/etc/shop/environment", "etc/shop/environment"),
        ("state", "/var/lib/shop", "var/lib/shop"),
        ("runtime", "/run/shop", "run/shop"),
    ],
)
def test_a_file_that_both_releases_want_is_refused(umbrella, option, value, path):
    umbrella.configure("service", **{option: value})
    with pytest.raises(ConfigError, match=rf"the packages front and store both want /({path})") as caught:
        validate_apart(*umbrella.prepare(umbrella.assemble("front")), umbrella.ctx)
    assert 'config("service", ' in caught.value.got
