"""What Mix reports becomes values; what mix release would refuse is refused, with its words and ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from dray.beam.etf import encode
from dray.core.project import StripOptions
from dray.core.term import FALSE, NIL, TRUE, Atom, ExternalFun, Map, Opaque
from dray.errors import ProjectError
from dray.project.mix_facts import parse_definition, parse_mix_facts, show_term


def facts(**changes):
    config = [(Atom("app"), Atom("shop")), (Atom("version"), b"1.0.0"), *changes.pop("config", [])]
    values = {
        "root": b"/p",
        "config": config,
        "releases": [],
        "children": [],
        "dependencies": [],
        "dependency_apps": [],
        "env": Atom("prod"),
        "target": Atom("host"),
        "build_path": b"/p/_build/prod",
        "consolidated": b"/p/_build/prod/lib/shop/consolidated",
        "code_path": ["/otp/lib/kernel/ebin", "."],
        "compile_config": [(Atom("shop"), [(Atom("key"), 1)])],
        "config_files": [],
        "config_provider": [],
        "rendered": [(b"vm.args", b"+P 1\n")],
        "otp_release": "25",
        "erts_version": "13.1.5",
        "otp_root": "/otp",
        "otp_lib": "/otp/lib",
        "significant_chunks": ["Code", "Line"],
        "elixir_version": b"1.14.0",
        "elixir_bin": b"/elixir/bin",
        **changes,
    }
    return encode(Map(tuple((Atom(key), value) for key, value in values.items())))


def test_a_project_is_read():
    project = parse_mix_facts(facts())
    assert (project.name, project.version, project.env, project.umbrella) == ("shop", "1.0.0", "prod", False)
    assert project.toolchain.significant_chunks == ("Code", "Line")
    assert project.members[0].path == Path("/p")
    assert project.code_path == (Path("/otp/lib/kernel/ebin"),)
    assert project.rendered == (("vm.args", b"+P 1\n"),)


def test_what_the_package_says_is_read():
    package = [
        (Atom("licenses"), [b"MIT", b"Apache-2.0"]),
        (Atom("maintainers"), [b"Ada"]),
        (Atom("links"), Map(((b"Home", b"https://x.example"),))),
        (Atom("description"), b"Sells\n  things"),
    ]
    project = parse_mix_facts(facts(config=[(Atom("package"), package), (Atom("source_url"), b"https://s.example")]))
    assert project.licenses == ("MIT", "Apache-2.0")
    assert project.maintainers == ("Ada",)
    assert project.links == (("Home", "https://x.example"),)
    assert project.description == "Sells things"
    assert project.homepage == "https://s.example"


def test_children_of_an_umbrella_are_its_members():
    child = [
        (Atom("app"), Atom("web")),
        (Atom("version"), b"2.0"),
        (Atom("deps"), [(Atom("phoenix"), b"~> 1.7"), (Atom("shop"), [(Atom("in_umbrella"), TRUE)])]),
        (Atom("aliases"), [(Atom("assets.deploy"), [b"phx.digest"])]),
    ]
    project = parse_mix_facts(facts(config=[(Atom("apps_path"), b"apps")], children=[(b"/p/apps/web", child)]))
    (web,) = project.members
    assert project.umbrella
    assert (web.name, web.dependencies, web.aliases) == ("web", ("phoenix", "shop"), ("assets.deploy",))


def test_dependencies_are_read_with_their_source():
    items = [
        (Atom("jason"), (Atom("ok"), b"1.4.0"), Atom("Elixir.Hex.SCM"), b"/p/deps/jason", [], [b"Apache-2.0"], FALSE),
        (
            Atom("nif"),
            (Atom("ok"), b"0.1.0"),
            Atom("Elixir.Mix.SCM.Path"),
            b"/nif",
            [(Atom("licenses"), [b"MIT"])],
            [],
            TRUE,
        ),
        (Atom("gone"), (Atom("unavailable"), b"x"), Atom("Elixir.Mix.SCM.Git"), b"/p/deps/gone", []),
    ]
    jason, nif, gone = parse_mix_facts(facts(dependencies=items)).dependencies
    assert (jason.version, jason.source, jason.licenses, jason.native) == ("1.4.0", "hex", ("Apache-2.0",), False)
    assert (nif.source, nif.licenses, nif.native) == ("path", ("MIT",), True)
    assert (gone.version, gone.source) == (None, "git")


def definition(**options):
    return parse_definition(Atom("shop"), [(Atom(key), value) for key, value in options.items()])


def test_a_release_has_mixs_defaults():
    found = definition()
    assert found.strip == StripOptions()
    assert found.include_erts is True
    assert found.steps == ("assemble",)
    assert found.reboot_system_after_config is None
    assert found.validate_compile_env is True


def test_every_option_of_a_release_is_read():
    found = definition(
        version=b"3.0",
        applications=[(Atom("web"), Atom("permanent")), (Atom("tool"), Atom("load"))],
        strip_beams=[(Atom("keep"), [b"Docs"]), (Atom("compress"), TRUE)],
        include_erts=b"/otp/erts-13.1",
        cookie=b"secret",
        validate_compile_env=FALSE,
        path=b"/out",
        overlays=b"extra",
        rel_templates_path=b"templates",
        steps=[Atom("assemble"), ExternalFun(Atom("Elixir.Shop"), Atom("sign"), 1), Atom("tar")],
        skip_mode_validation_for=[Atom("tool")],
        runtime_config_path=FALSE,
        reboot_system_after_config=TRUE,
        prune_runtime_sys_config_after_boot=TRUE,
        start_distribution_during_config=TRUE,
        include_executables_for=[Atom("unix")],
        quiet=TRUE,
    )
    assert found.applications == (("web", "permanent"), ("tool", "load"))
    assert found.strip == StripOptions(("Docs",), compress=True)
    assert found.include_erts == Path("/otp/erts-13.1")
    assert found.sets_cookie
    assert found.overlays == ("extra",)
    assert found.steps == ("assemble", "&Shop.sign/1", "tar")
    assert found.skip_mode_validation_for == ("tool",)
    assert found.runtime_config_path is False
    assert found.reboot_system_after_config is True
    assert found.version == "3.0"
    assert b"secret" not in repr(found).encode()


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("applications", [Atom("web")], "a keyword list of application and mode"),
        ("strip_beams", b"yes", "true, false, or"),
        ("include_erts", 5, "true, false, a path"),
        ("version", 5, "a string"),
        ("version", b"", "not empty"),
        ("overlays", [1], "a list"),
        ("steps", Atom("assemble"), "a list of functions"),
        ("path", (Atom("a"),), "a string"),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused_with_the_rule(option, value, rule):
    with pytest.raises(ProjectError) as caught:
        definition(**{option: value})
    assert rule in caught.value.what
    assert f"releases: shop: {option}:" in caught.value.what
    assert caught.value.got == show_term(value)


def test_a_release_that_cannot_be_read_hurts_only_itself():
    releases = [
        (Atom("good"), []),
        (Atom("bad"), [(Atom("version"), (Atom("from_app"), Atom("none")))]),
    ]
    good, bad = parse_mix_facts(facts(releases=releases)).releases
    assert good.error is None
    assert isinstance(bad.error, ProjectError)


@pytest.mark.parametrize(
    ("term", "shown"),
    [
        (Atom("ok"), ":ok"),
        (Atom("Elixir.Foo.Bar"), "Foo.Bar"),
        (b"text", '"text"'),
        (NIL, ":nil"),
        ([1, (Atom("a"), b"b")], '[1, {:a, "b"}]'),
        (Map(((Atom("k"), 1),)), "%{:k => 1}"),
        (Opaque("pid", b""), "#Pid<...>"),
        (Opaque("fun", b""), "an anonymous function"),
        ("chars", "'chars'"),
    ],
)
def test_terms_are_shown_as_elixir_would(term, shown):
    assert show_term(term) == shown
