"""sys.config: what config.exs said, what steps add, and how runtime configuration is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.assemble.sys_config import build_sys_config, merge_config
from dray.beam.etf import encode
from dray.beam.terms import parse_terms
from dray.core.application import Application, AppOrigin, AppSpec, Mode
from dray.core.project import Project, ReleaseDefinition, Toolchain
from dray.core.release import Release
from dray.core.term import FALSE, TRUE, Atom, Map, Opaque
from dray.errors import ProjectError

RECORD = [
    (
        Atom("elixir"),
        [
            (
                Atom("config_provider_init"),
                Map(
                    (
                        (Atom("__struct__"), Atom("Elixir.Config.Provider")),
                        (Atom("config_path"), (Atom("system"), b"RELEASE_SYS_CONFIG", b".config")),
                        (Atom("providers"), []),
                        (Atom("validate_compile_env"), FALSE),
                    )
                ),
            )
        ],
    )
]
PID = Opaque("pid", b"Xw\x03n@h" + bytes(12))
FUN = Opaque("fun", b"p\x00\x00\x00\x08abcd")
RUNTIME = Path("/p/config/runtime.exs")


def release(config=(), definition=None, applications=()):
    project = Project(
        kind="mix",
        root=Path("/p"),
        name="shop",
        version="1.0",
        env="prod",
        target="host",
        build_path=Path("/p/_build/prod"),
        toolchain=Toolchain("25", "13.1", Path("/otp"), Path("/otp/lib"), (), "1.14.0"),
        config=encode(list(config)),
        config_provider=encode(RECORD),
    )
    return Release(
        name="shop",
        version="1.0",
        project=project,
        definition=definition or ReleaseDefinition("shop"),
        applications=applications,
    )


def read(made):
    (term,) = parse_terms(made.text.decode())
    return {str(app): {str(key): value for key, value in values} for app, values in term}


def record_of(made):
    return read(made)["elixir"]["config_provider_init"]


def test_the_configuration_of_the_build_is_written():
    made = build_sys_config(release([(Atom("shop"), [(Atom("key"), b"value")])]), None)
    assert made.text.startswith(b"%% coding: utf-8\n%% RUNTIME_CONFIG=false\n")
    assert read(made) == {"shop": {"key": b"value"}}
    assert not made.has_providers


def test_values_of_steps_are_merged_and_win():
    base = release([(Atom("phoenix"), [(Atom("json"), Atom("jason")), (Atom("serve_endpoints"), FALSE)])])
    made = build_sys_config(base.configure("phoenix", serve_endpoints=True), None)
    assert read(made) == {"phoenix": {"json": "jason", "serve_endpoints": "true"}}


def test_runtime_exs_is_found_below_the_release():
    made = build_sys_config(release(), RUNTIME)
    assert made.has_providers
    (reader,) = record_of(made).get(Atom("providers"))
    assert reader[0] == "Elixir.Config.Reader"
    path, options = reader[1]
    assert path == (Atom("system"), b"RELEASE_ROOT", b"/releases/1.0/runtime.exs")
    assert options == [
        (Atom("env"), Atom("prod")),
        (Atom("target"), Atom("host")),
        (Atom("imports"), Atom("disabled")),
    ]


def test_providers_of_the_project_come_after_it():
    providers = encode([(Atom("Elixir.Vault"), b"state")])
    made = build_sys_config(release(definition=ReleaseDefinition("shop", providers=providers)), RUNTIME)
    assert [module for module, _ in record_of(made).get(Atom("providers"))] == [
        "Elixir.Config.Reader",
        "Elixir.Vault",
    ]


def test_a_release_that_reboots_is_not_reachable_before():
    definition = ReleaseDefinition("shop", reboot_system_after_config=True)
    made = build_sys_config(release(definition=definition), RUNTIME)
    assert made.reboots
    assert b"RUNTIME_CONFIG=true" in made.text
    assert read(made)["kernel"] == {"start_distribution": "false"}
    assert record_of(made).get(Atom("extra_config")) == [(Atom("kernel"), [(Atom("start_distribution"), TRUE)])]


def test_unless_it_wants_to_be():
    definition = ReleaseDefinition("shop", reboot_system_after_config=True, start_distribution_during_config=True)
    made = build_sys_config(release(definition=definition), RUNTIME)
    assert "kernel" not in read(made)
    assert record_of(made).get(Atom("extra_config")) == []


def test_the_old_name_of_runtime_exs_reboots_by_default():
    assert build_sys_config(release(), Path("/p/config/releases.exs")).reboots
    definition = ReleaseDefinition("shop", reboot_system_after_config=False)
    assert not build_sys_config(release(definition=definition), Path("/p/config/releases.exs")).reboots


def test_nothing_reboots_without_something_to_configure():
    definition = ReleaseDefinition("shop", reboot_system_after_config=True)
    made = build_sys_config(release(definition=definition), None)
    assert not made.reboots
    assert "elixir" not in read(made)


def test_what_was_compiled_in_is_checked_at_boot():
    triplet = (Atom("shop"), [Atom("key")], (Atom("ok"), 1))
    spec = AppSpec("shop", "1.0", compile_env=[triplet])
    application = Application(spec, Mode.PERMANENT, Path("/x"), AppOrigin.PROJECT)
    made = build_sys_config(release(applications=(application,)), RUNTIME)
    assert record_of(made).get(Atom("validate_compile_env")) == [triplet]
    unchecked = ReleaseDefinition("shop", validate_compile_env=False)
    made = build_sys_config(release(applications=(application,), definition=unchecked), RUNTIME)
    assert record_of(made).get(Atom("validate_compile_env")) == "false"


@pytest.mark.parametrize(
    "value",
    [FUN, [1, (PID,)], Map(((Atom("a"), PID),))],
    ids=["fun", "pid in a list", "pid in a map"],
)
def test_a_value_that_cannot_be_written_names_its_application_and_key(value):
    with pytest.raises(ProjectError, match="configuration of shop, key secret_key, holds a"):
        build_sys_config(release([(Atom("shop"), [(Atom("secret_key"), value)])]), None)


keys = st.sampled_from("abcd").map(Atom)
values = st.recursive(
    st.one_of(st.integers(300, 400), st.binary(max_size=3)),
    lambda inner: st.lists(st.tuples(keys, inner), max_size=3, unique_by=lambda pair: pair[0]),
    max_leaves=6,
)
configs = st.lists(st.tuples(keys, values), max_size=4, unique_by=lambda pair: pair[0])


@given(configs)
def test_merging_nothing_changes_nothing(config):
    assert merge_config(config, []) == config
    assert merge_config([], config) == config


@given(configs, configs)
def test_the_right_side_is_there_after_merging(left, right):
    merged = dict(merge_config(left, right))
    for key, value in right:
        if not isinstance(value, list):
            assert merged[key] == value
    assert set(merged) == {key for key, _ in left} | {key for key, _ in right}


@given(configs, configs, configs)
def test_merging_is_associative(a, b, c):
    def plain(config):
        return {str(k): plain(v) if isinstance(v, list) else v for k, v in config}

    one, other = merge_config(merge_config(a, b), c), merge_config(a, merge_config(b, c))
    assert plain(one) == plain(other) or _mixes_kinds(a, b, c)


def _mixes_kinds(*configs):
    """A value between two keyword lists cuts them apart in one order only; Elixir's merge does the same."""
    kinds: dict[str, set[type]] = {}

    def collect(config, prefix=""):
        for key, value in config:
            kinds.setdefault(prefix + key, set()).add(type(value) if not isinstance(value, list) else list)
            if isinstance(value, list):
                collect(value, prefix + key + ".")

    for config in configs:
        collect(config)
    return any(len(found) > 1 for found in kinds.values())


def test_facts_are_needed():
    with pytest.raises(Exception, match="no release yet"):
        build_sys_config(replace(release(), project=None), None)
