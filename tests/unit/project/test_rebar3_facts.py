"""What rebar3 reports becomes the same kind of facts as what Mix reports; relx options are read or spoken of."""

from __future__ import annotations

import pytest

from dray.beam.etf import encode
from dray.core.term import Atom, Map
from dray.errors import ProjectError
from dray.project.rebar3_facts import parse_rebar3_facts

RELEASE = (Atom("release"), (Atom("counter"), "1.0"), [Atom("counter"), (Atom("sasl"), Atom("load"))])


def facts(tmp_path, *relx):
    text = str(tmp_path).encode()
    member = (Atom("counter"), b"1.0", text, text + b"/_build/lib/counter", Atom("none"))
    dependency = (Atom("cowlib"), b"2.1", text + b"/deps", text + b"/_build/lib/cowlib", (Atom("pkg"), b"cowlib"))
    values = {
        "root": text,
        "relx": list(relx),
        "members": [member],
        "dependencies": [dependency],
        "build_path": text + b"/_build",
        "otp_release": b"25",
        "erts_version": b"13.1",
        "otp_root": b"/otp",
        "otp_lib": b"/otp/lib",
        "significant_chunks": [b"Atom"],
    }
    return encode(Map(tuple((Atom(key), value) for key, value in values.items())))


def only_release(tmp_path, *relx):
    (definition,) = parse_rebar3_facts(facts(tmp_path, RELEASE, *relx), "prod").releases
    return definition


def test_applications_and_dependencies_are_read(tmp_path):
    project = parse_rebar3_facts(facts(tmp_path), "prod")
    assert (project.kind, project.name, project.version, project.umbrella) == ("rebar3", "counter", "1.0", False)
    assert [(item.name, item.version, item.source) for item in project.dependencies] == [("cowlib", "2.1", "hex")]
    assert project.releases == ()


def test_a_release_has_its_applications_and_their_modes(tmp_path):
    release = only_release(tmp_path)
    assert (release.name, release.version) == ("counter", "1.0")
    assert release.applications == (("counter", "permanent"), ("sasl", "load"))
    assert release.include_erts is True
    assert release.ignored == ()


@pytest.mark.parametrize(
    ("option", "included"),
    [
        ((Atom("include_erts"), Atom("false")), False),
        ((Atom("mode"), Atom("minimal")), False),
        ((Atom("mode"), Atom("prod")), True),
    ],
)
def test_the_runtime_is_included_unless_relx_says_no(tmp_path, option, included):
    assert only_release(tmp_path, option).include_erts is included


def test_options_of_one_release_win_over_those_of_all(tmp_path):
    own = (*RELEASE, [(Atom("include_erts"), Atom("false"))])
    other = (Atom("release"), (Atom("other"), "2.0"), [Atom("counter")])
    releases = parse_rebar3_facts(facts(tmp_path, own, other, (Atom("include_erts"), Atom("true"))), "prod").releases
    assert [(release.name, release.include_erts) for release in releases] == [("counter", False), ("other", True)]


def test_configuration_files_are_found_by_name_and_by_custom(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sys.config").write_text("[].")
    assert only_release(tmp_path).sys_config == tmp_path / "config" / "sys.config"
    with pytest.raises(ProjectError, match="vm_args names a file that does not exist"):
        only_release(tmp_path, (Atom("vm_args"), "config/none.args"))


@pytest.mark.parametrize("key", ["sys_config_src", "vm_args_src"])
def test_templates_filled_in_at_boot_are_refused_with_a_way_out(tmp_path, key):
    with pytest.raises(ProjectError, match=f"dray does not read {key}") as caught:
        only_release(tmp_path, (Atom(key), "config/x.src"))
    assert caught.value.hint


def test_what_is_not_read_is_spoken_of(tmp_path):
    options = [(Atom("overlay"), []), (Atom("exclude_apps"), [Atom("x")]), (Atom("dev_mode"), Atom("true"))]
    assert only_release(tmp_path, *options).ignored == (
        "relx: overlay is not read: put the files into rel/overlays",
        "relx: exclude_apps is not read",
    )
