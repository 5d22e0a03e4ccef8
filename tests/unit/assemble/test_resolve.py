"""Applications and their modes, as mix release resolves them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dray.assemble.resolve import resolve_applications
from dray.core.application import AppOrigin
from dray.core.erts import Erts
from dray.errors import IntegrityError, ProjectError
from tests.world import World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def modes(applications):
    return {app.name: app.mode.value for app in applications}


def test_what_is_needed_comes_along_in_the_mode_of_who_needs_it(world):
    world.build("shop", "logger", "crypto")
    found = world.resolve(("shop", "temporary"))
    assert modes(found)["logger"] == "temporary"
    assert modes(found)["crypto"] == "temporary"


def test_requested_ones_keep_their_order_and_the_rest_is_sorted(world):
    world.build("shop", "logger", "crypto")
    names = [app.name for app in world.resolve(("shop", "permanent"))]
    assert names == ["kernel", "stdlib", "elixir", "sasl", "shop", "iex", "compiler", "crypto", "logger"]


def test_iex_is_there_and_not_started(world):
    world.build("shop")
    assert modes(world.resolve(("shop", "permanent")))["iex"] == "none"


def test_iex_starts_where_someone_needs_it(world):
    world.build("shop", "iex")
    assert modes(world.resolve(("shop", "permanent")))["iex"] == "permanent"


def test_the_stronger_mode_wins_and_spreads(world):
    world.build("weak", "dep")
    world.build("strong", "dep")
    world.build("dep", "deeper")
    world.build("deeper")
    found = modes(world.resolve(("weak", "load"), ("strong", "transient")))
    assert (found["dep"], found["deeper"]) == ("transient", "transient")


def test_what_the_user_says_of_an_application_stays(world):
    world.build("shop", "dep")
    world.build("dep")
    assert modes(world.resolve(("dep", "temporary"), ("shop", "permanent")))["dep"] == "temporary"


def test_included_applications_are_loaded_and_not_started(world):
    world.build("shop", extra=",{included_applications,[part]}")
    world.build("part", "crypto")
    found = modes(world.resolve(("shop", "permanent")))
    assert (found["part"], found["crypto"]) == ("load", "load")


def test_optional_applications_may_be_missing(world):
    world.build("shop", "maybe", extra=",{optional_applications,[maybe]}")
    assert "maybe" not in modes(world.resolve(("shop", "permanent")))


def test_optional_applications_come_along_where_they_are(world):
    world.build("shop", "maybe", extra=",{optional_applications,[maybe]}")
    world.build("maybe")
    assert modes(world.resolve(("shop", "permanent")))["maybe"] == "permanent"


def test_of_several_versions_of_otp_the_last_as_text_is_taken(world):
    world.otp("crypto", version="1.9")
    world.otp("crypto", version="1.10")
    world.build("shop", "crypto")
    found = {app.name: app.version for app in world.resolve(("shop", "permanent"))}
    assert found["crypto"] == "1.9"


def test_a_dependency_of_the_same_name_wins_over_otp(world):
    world.write("_build/prod/lib/crypto", "crypto", [], version="99")
    world.build("shop", "crypto")
    found = {app.name: app for app in world.resolve(("shop", "permanent"), dependency_apps=("crypto",))}
    assert found["crypto"].version == "99"
    assert found["crypto"].origin is AppOrigin.DEPENDENCY


def test_each_application_knows_who_it_comes_from(world):
    world.build("shop", "dep", "crypto", "logger")
    world.build("dep")
    origins = {app.name: app.origin for app in world.resolve(("shop", "permanent"))}
    assert origins["crypto"] is AppOrigin.OTP
    assert origins["logger"] is AppOrigin.ELIXIR
    assert origins["dep"] is AppOrigin.DEPENDENCY
    assert origins["shop"] is AppOrigin.PROJECT


def test_a_missing_application_names_those_that_need_it(world):
    world.build("shop", "dep")
    world.build("dep", "gone")
    with pytest.raises(ProjectError, match="no application gone, which dep for shop needs"):
        world.resolve(("shop", "permanent"))


def test_a_missing_part_of_otp_names_its_package(world):
    world.build("shop", "os_mon")
    with pytest.raises(ProjectError) as caught:
        world.resolve(("shop", "permanent"))
    assert caught.value.hint is not None
    assert "apt install erlang-os-mon" in caught.value.hint


def test_an_application_cannot_be_included_and_of_its_own(world):
    world.build("shop", "part", extra=",{included_applications,[part]}")
    world.build("part")
    with pytest.raises(ProjectError, match="both an application of its own and included"):
        world.resolve(("shop", "permanent"))


def test_what_starts_needs_what_starts(world):
    world.build("shop", "dep")
    world.build("dep")
    with pytest.raises(ProjectError, match="shop starts \\(permanent\\) and needs dep, which does not \\(load\\)"):
        world.resolve(("dep", "load"), ("shop", "permanent"))
    assert modes(world.resolve(("dep", "load"), ("shop", "permanent"), unchecked=("shop",)))["dep"] == "load"


def test_applications_that_need_each_other_are_resolved_here_and_refused_by_the_boot_script(world):
    world.build("shop", "dep")
    world.build("dep", "shop")
    assert {"shop", "dep"} <= modes(world.resolve(("shop", "permanent"))).keys()


def test_a_damaged_app_file_is_named(world):
    world.build("shop", "dep")
    world.build("dep")
    (world.root / "_build/prod/lib/dep/ebin/dep.app").write_text("{application,dep,")
    with pytest.raises(IntegrityError) as caught:
        world.resolve(("shop", "permanent"))
    assert caught.value.location is not None
    assert caught.value.location.file.endswith("dep.app")


def test_an_app_file_of_another_application_is_refused(world):
    world.build("shop", "dep")
    world.write("_build/prod/lib/dep", "dep", [])
    (world.root / "_build/prod/lib/dep/ebin/dep.app").write_text(
        (world.root / "_build/prod/lib/shop/ebin/shop.app").read_text()
    )
    with pytest.raises(ProjectError, match="describes the application shop, not dep"):
        world.resolve(("shop", "permanent"))


def test_an_app_file_that_is_gone_is_named(world):
    world.build("shop", "dep")
    world.build("dep")
    (world.root / "_build/prod/lib/dep/ebin/dep.app").unlink()
    with pytest.raises(ProjectError, match="dep.app cannot be read"):
        world.resolve(("shop", "permanent"))


def test_an_erlang_project_gets_no_iex(world):
    world.write("_build/prod/lib/shop", "shop", ["kernel", "stdlib"])
    project = world.project()
    erlang = replace(project, toolchain=replace(project.toolchain, elixir_version=None, elixir_bin=None))
    erts = Erts("13.1", world.root / "otp", world.root / "otp/lib")
    requested = (("kernel", "permanent"), ("stdlib", "permanent"), ("sasl", "permanent"), ("shop", "permanent"))
    assert [app.name for app in resolve_applications(erlang, erts, requested)] == ["kernel", "stdlib", "sasl", "shop"]
