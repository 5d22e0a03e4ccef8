"""Releases of dray and of `mix release`: the same boot scripts, configuration, files and answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dray.beam.etf import decode, encode
from dray.beam.module import read_chunks
from dray.beam.relfile import parse_rel
from dray.beam.terms import parse_terms
from dray.core.term import Atom, Map
from dray.core.term import Term as ErlangTerm

pytestmark = pytest.mark.beam

RELEASES = [
    ("single", "greeter"),
    ("two_releases", "both"),
    ("two_releases", "alpha_only"),
    ("nif", "native"),
    ("providers", "providers"),
    ("providers", "rebooting"),
    ("providers", "pruned"),
    ("providers", "unchecked"),
    ("eex", "eex"),
    ("phoenix_like", "pages"),
    ("mix_steps", "stepped"),
]
IDS = [f"{project}:{name}" for project, name in RELEASES]


def has_releases(project):
    return project in {"two_releases", "providers", "eex", "mix_steps"}


@pytest.fixture
def both(request, built, mix_built):
    """The tree of dray and that of Mix."""
    project, name = request.param
    folder = built(project, name) if has_releases(project) else built(project)
    mix_name = name if has_releases(project) else ""
    return folder / "_build/prod/rel" / name, mix_built(project, mix_name), name


def version_folder(tree: Path) -> Path:
    return tree / "releases" / (tree / "releases/start_erl.data").read_text().split()[1]


def plain(term: ErlangTerm) -> object:
    """Return a configuration in a form in which the order of keyword lists and maps does not count."""
    if (
        isinstance(term, list)
        and term
        and all(isinstance(i, tuple) and len(i) == 2 and isinstance(i[0], Atom) for i in term)
    ):
        return {str(key): plain(value) for key, value in term}
    if isinstance(term, list):
        return sorted((plain(item) for item in term), key=repr)
    if isinstance(term, tuple):
        return tuple(plain(item) for item in term)
    if isinstance(term, Map):
        return {repr(key): plain(value) for key, value in term.pairs}
    return encode(term)


@pytest.mark.parametrize("both", RELEASES, ids=IDS, indirect=True)
def test_the_boot_script_is_the_same_term(both):
    ours, theirs, _ = both
    one = decode((version_folder(ours) / "start.boot").read_bytes())
    two = decode((version_folder(theirs) / "start.boot").read_bytes())
    assert encode(one) == encode(two)
    (source,) = parse_terms((version_folder(ours) / "start.script").read_text())
    assert encode(source) == encode(one)


@pytest.mark.parametrize("both", RELEASES, ids=IDS, indirect=True)
def test_the_clean_boot_script_starts_the_same_and_loads_what_eval_needs(both):
    """Mix of Elixir 1.14 loads nothing here, later ones load everything; dray does as the later ones."""
    ours, theirs, _ = both
    one = decode((version_folder(ours) / "start_clean.boot").read_bytes())[2]
    two = decode((version_folder(theirs) / "start_clean.boot").read_bytes())[2]

    def without_loads(script):
        return [encode(i) for i in script if not (i[0] == "apply" and i[1][1] == "load")]

    assert without_loads(one) == without_loads(two)
    loads = [str(i[1][2][0][1]) for i in one if i[0] == "apply" and i[1][1] == "load"]
    rel = parse_rel(next(version_folder(ours).glob("*.rel")).read_bytes(), file="x")
    assert set(loads) == {app.name for app in rel.applications if app.mode != "none" and app.name != "kernel"}


@pytest.mark.parametrize("both", RELEASES, ids=IDS, indirect=True)
def test_the_rel_file_says_the_same(both):
    ours, theirs, name = both
    one, two = (parse_rel((version_folder(tree) / f"{name}.rel").read_bytes(), file="x") for tree in (ours, theirs))
    assert one == two
    assert (ours / "releases/start_erl.data").read_bytes() == (theirs / "releases/start_erl.data").read_bytes()


@pytest.mark.parametrize("both", RELEASES, ids=IDS, indirect=True)
def test_the_configuration_is_the_same(both):
    ours, theirs, _ = both
    texts = [(version_folder(tree) / "sys.config").read_text() for tree in (ours, theirs)]
    assert texts[0].splitlines()[:2] == texts[1].splitlines()[:2]
    one, two = (plain(parse_terms(text)[0]) for text in texts)
    assert one == two


@pytest.mark.parametrize("both", RELEASES, ids=IDS, indirect=True)
def test_the_files_of_applications_are_the_same(both):
    """The newer Mix also takes the folder include; the one here may not."""
    ours, theirs, _ = both
    mine, other = files(ours / "lib"), files(theirs / "lib")
    assert {path for path in other if path not in mine} == set()
    assert {path for path in mine if path not in other and "/include/" not in path} == set()
    for path in sorted(other):
        one, two = (ours / "lib" / path).read_bytes(), (theirs / "lib" / path).read_bytes()
        if path.endswith(".beam"):
            assert chunks(one) == chunks(two), path
        elif path.endswith(".app"):
            assert [encode(t) for t in parse_terms(one.decode())] == [encode(t) for t in parse_terms(two.decode())], (
                path
            )
        else:
            assert one == two, path
        executable = [(tree / "lib" / path).stat().st_mode & 0o100 for tree in (ours, theirs)]
        assert executable[0] == executable[1], path


@pytest.mark.parametrize("both", RELEASES, ids=IDS, indirect=True)
def test_everything_else_is_there_too(both):
    """What Mix makes and dray does not, and the other way round, is a decision and stands in docs/adr."""
    ours, theirs, name = both
    mine = {path for path in files(ours) if not path.startswith(("lib/", "erts-"))}
    other = {path for path in files(theirs) if not path.startswith(("lib/", "erts-"))}
    version = version_folder(ours).name
    assert {path for path in other - mine if not path.endswith((".bat", ".tar.gz"))} == {"releases/COOKIE"}
    extra = {
        path
        for path in mine - other
        if not path.startswith(tuple(f"releases/{version}/{folder}/" for folder in ("commands", "host", "upgrade")))
    }
    assert extra == {
        f"releases/{version}/hooks.sh",
        f"releases/{version}/launcher",
        f"releases/{version}/manifest.json",
        f"releases/{name}-{version}.rel",
        "releases/RELEASES",
    }


@pytest.mark.parametrize("both", [RELEASES[0]], ids=[IDS[0]], indirect=True)
def test_the_runtime_is_the_same_without_the_programs_of_developers(both):
    ours, theirs, _ = both
    mine = {path for path in files(ours) if path.startswith("erts-")}
    other = {path for path in files(theirs) if path.startswith("erts-")}
    assert {Path(path).name for path in other - mine} <= {
        *("ct_run", "dialyzer", "erlc", "typer", "yielding_c_fun", "erl.src", "start.src", "start_erl.src")
    }
    assert mine - other == set()
    for path in mine:
        if not path.endswith("/bin/erl"):
            assert (ours / path).read_bytes() == (theirs / path).read_bytes()


@pytest.mark.parametrize("both", [RELEASES[1], RELEASES[7]], ids=[IDS[1], IDS[7]], indirect=True)
def test_vm_args_and_env_sh_from_the_projects_templates_are_the_same(both):
    ours, theirs, name = both
    if name == "eex":
        for file in ("vm.args", "remote.vm.args", "env.sh"):
            assert (version_folder(ours) / file).read_text() == (version_folder(theirs) / file).read_text()


def files(root: Path) -> set[str]:
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert len(found) > 100 or root.name != "lib"
    return {path for path in found if not path.startswith("tmp/")}


def chunks(data: bytes) -> dict[bytes, bytes]:
    """Return a module's chunks; which of the optional ones Mix keeps depends on its version."""
    return {name: body for name, body in read_chunks(data) if name not in {b"Type", b"Meta"}}


def test_release_names_are_those_of_the_projects():
    assert all(re.fullmatch(r"[a-z_]+", name) for _, name in RELEASES)
