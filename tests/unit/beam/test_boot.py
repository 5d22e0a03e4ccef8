"""Boot scripts: order, and the rules by which applications make a release."""

from __future__ import annotations

import pytest

from dray.beam.boot import KernelBoot, build_script, format_script, parse_kernel_boot
from dray.beam.boot_order import BootApplication, order_applications
from dray.beam.etf import encode
from dray.beam.terms import parse_terms
from dray.core.application import AppSpec, Mode
from dray.core.term import Atom
from dray.errors import IntegrityError, ProjectError

KERNEL = KernelBoot(
    (Atom("init"),),
    (Atom("error_handler"),),
    (
        (Atom("heart"), Atom("heart"), Atom("start"), []),
        (Atom("application_controller"), Atom("application_controller"), Atom("start"), [1]),
    ),
)


def app(name: str, *needs: str, mode: Mode = Mode.PERMANENT, **given: tuple[str, ...]) -> BootApplication:
    atoms = {key: tuple(map(Atom, value)) for key, value in given.items()}
    spec = AppSpec(name, "1.0", applications=tuple(map(Atom, needs)), **atoms)
    return BootApplication(spec, mode, f"$RELEASE_LIB/{name}-1.0/ebin")


def names(applications: list[BootApplication]) -> list[str]:
    return [found.spec.name for found in applications]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([app("a"), app("b"), app("c")], ["a", "b", "c"]),
        ([app("a", "b"), app("b")], ["b", "a"]),
        ([app("a", "c"), app("b"), app("c", "b")], ["b", "c", "a"]),
        ([app("a", "c", "b"), app("b"), app("c")], ["b", "c", "a"]),
        ([app("a", "x", optional_applications=("x",))], ["a"]),
        ([app("top", included_applications=("part",)), app("part")], ["part", "top"]),
        ([app("top", included_applications=("part",)), app("part", "top")], ["part", "top"]),
        ([app("user", "part"), app("top", included_applications=("part",)), app("part")], ["part", "top", "user"]),
    ],
    ids=["kept", "swapped", "moved", "by rank", "optional", "included", "uses its top", "uses an included one"],
)
def test_applications_come_after_those_that_they_need(given, expected):
    assert names(order_applications(tuple(given))) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([app("a", "b")], "a needs the application b, which is not in the release"),
        ([app("a", "b"), app("b", "a")], "in a circle: a, b"),
        ([app("a", "b"), app("b", "c"), app("c", "a")], "in a circle"),
        ([app("a", registered=("x",)), app("b", registered=("x",))], "register the name x: a and b"),
        ([app("a", modules=("m",)), app("b", modules=("m",))], "hold the module m: a and b"),
        (
            [app("a", included_applications=("c",)), app("b", included_applications=("c",)), app("c")],
            "include the application c: a and b",
        ),
        ([app("a", included_applications=("a",))], "includes itself"),
    ],
    ids=["missing", "circle", "longer circle", "name", "module", "included twice", "itself"],
)
def test_what_cannot_be_one_release_is_refused(given, message):
    with pytest.raises(ProjectError, match=message):
        order_applications(tuple(given))


def script(**given):
    applications = (
        app("kernel"),
        app("stdlib", "kernel"),
        app("shop", "stdlib", modules=("m", "init")),
        *given.pop("more", ()),
    )
    return build_script("shop", "1.0", applications, KERNEL, **given)


def instructions(made):
    return made[2]


def test_config_providers_boot_right_after_stdlib():
    made = instructions(script(boot_config_providers=True))
    starts = [item[1] for item in made if item[0] == "apply" and item[1][1] in {"start_boot", "boot"}]
    assert [call[0] if call[1] == "boot" else call[2][0] for call in starts] == [
        "kernel",
        "stdlib",
        "Elixir.Config.Provider",
        "shop",
    ]


def test_consolidated_protocols_go_before_the_applications_of_the_release():
    made = instructions(script(prepend_path="$RELEASE_LIB/../releases/1.0/consolidated"))
    paths = [item[1] for item in made if item[0] == "path"]
    assert all(p[0].endswith("consolidated") for p in paths[1:])
    assert not any("consolidated" in item for item in paths[0])


def test_modules_that_are_loaded_already_are_not_loaded_again():
    made = instructions(script())
    loads = [item[1] for item in made if item[0] == "primLoad"]
    assert loads[-1] == [Atom("m")]


@pytest.mark.parametrize(
    ("mode", "loaded", "started"), [("load", True, False), ("none", False, False), ("transient", True, True)]
)
def test_the_mode_says_whether_an_application_is_loaded_and_started(mode, loaded, started):
    made = instructions(script(more=(app("extra", mode=Mode(mode)),)))
    calls = [item[1] for item in made if item[0] == "apply"]
    assert any(call[1] == "load" and call[2][0][1] == "extra" for call in calls) is loaded
    assert any(call[1] == "start_boot" and call[2] == [Atom("extra"), Atom(mode)] for call in calls) is started


def test_the_source_of_a_script_says_what_its_boot_file_says():
    made = script()
    (read,) = parse_terms(format_script(made).decode())
    assert encode(read) == encode(made)


@pytest.mark.parametrize("term", [Atom("x"), (Atom("script"), [], []), (Atom("script"), [], [(Atom("path"), [])])])
def test_a_boot_file_without_the_kernel_is_refused(term):
    with pytest.raises(IntegrityError):
        parse_kernel_boot(encode(term), file="start_clean.boot")
