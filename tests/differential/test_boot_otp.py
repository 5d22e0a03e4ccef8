"""Boot scripts, .app and .rel files through dray and through systools: the same terms."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from dray.beam.app_file import parse_app
from dray.beam.boot import build_script, parse_kernel_boot
from dray.beam.boot_order import BootApplication
from dray.beam.etf import decode, encode
from dray.beam.relfile import RelApplication, RelFile, format_rel, format_releases
from dray.core.application import Mode
from dray.core.term import Atom
from tests.differential.erlang import ask_erlang

pytestmark = pytest.mark.beam

FIRST = ("kernel", "stdlib", "sasl")


@pytest.fixture(scope="module")
def otp(tmp_path_factory):
    """Root, specs and boot facts of the installed OTP."""
    folder = tmp_path_factory.mktemp("otp")
    root, lib, erts = ask_erlang("{code:root_dir(), code:lib_dir(), erlang:system_info(version)}", folder)
    specs = {}
    for path in sorted(Path(lib).glob("*/ebin/*.app")):
        spec = parse_app(path.read_bytes(), file=str(path))
        specs[spec.name] = spec
    specs.pop("erts", None)
    kernel = parse_kernel_boot((Path(root) / "bin" / "start_clean.boot").read_bytes(), file="start_clean.boot")
    return lib, erts, specs, kernel


def test_every_app_file_of_otp_is_read_as_consult_reads_it(otp, tmp_path):
    lib, _, specs, _ = otp
    paths = [str(path) for path in Path(lib).glob("*/ebin/*.app")]
    expression = (
        "[begin {ok, [{application, N, P}]} = file:consult(F), "
        "{N, proplists:get_value(vsn, P), proplists:get_value(modules, P), proplists:get_value(applications, P), "
        "proplists:get_value(env, P, [])} end || F <- Given]"
    )
    for name, version, modules, applications, env in ask_erlang(expression, tmp_path, paths):
        if name == "erts":
            continue
        spec = specs[name]
        assert spec.version == version
        assert list(spec.modules) == modules
        assert list(spec.applications) == applications
        assert encode(spec.env) == encode(env)


@pytest.mark.parametrize("seed", range(6))
def test_a_release_of_all_of_otp_boots_as_systools_says(otp, tmp_path, seed):
    """Orders and modes drawn by chance; the script equals that of systools as a term."""
    lib, erts, specs, kernel = otp
    chance = random.Random(seed)  # noqa: S311
    others = [name for name in specs if name not in FIRST]
    chance.shuffle(others)
    assert len(others) > 20
    modes = ["permanent", "transient", "temporary", "load", "none"]
    chosen = [(name, "permanent") for name in FIRST] + [(name, chance.choice(modes)) for name in others]
    rel = RelFile(
        "big",
        "1.0",
        erts,
        tuple(
            RelApplication(name, specs[name].version, mode, tuple(specs[name].included_applications))
            for name, mode in chosen
        ),
    )
    (tmp_path / "big.rel").write_bytes(format_rel(rel))
    made = ask_erlang(
        f'systools:make_script("{tmp_path}/big", [silent, no_dot_erlang, no_warn_sasl, '
        f'{{path, filelib:wildcard("{lib}/*/ebin")}}])',
        tmp_path,
    )
    assert made[0] == Atom("ok"), made
    applications = tuple(
        BootApplication(specs[name], Mode(mode), f"$ROOT/lib/{name}-{specs[name].version}/ebin")
        for name, mode in chosen
    )
    script = build_script("big", "1.0", applications, kernel)
    assert encode(script) == encode(decode((tmp_path / "big.boot").read_bytes()))


def test_the_record_of_releases_is_that_of_release_handler(otp, tmp_path):
    _, erts, specs, _ = otp
    rel = RelFile("r", "1", erts, tuple(RelApplication(name, specs[name].version) for name in FIRST))
    (tmp_path / "r.rel").write_bytes(format_rel(rel))
    (tmp_path / "ours").write_bytes(format_releases(rel))
    expression = (
        f'ok = release_handler:create_RELEASES("", "{tmp_path}", "{tmp_path}/r.rel", []), '
        f'[element(2, file:consult("{tmp_path}/" ++ F)) || F <- ["RELEASES", "ours"]]'
    )
    theirs, ours = ask_erlang(expression, tmp_path)
    assert encode(ours) == encode(theirs)
