"""What the configuration may say of the host, and what it may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dray.assemble.host import list_own_files, validate_cluster
from dray.assemble.host_settings import (
    ClusterSettings,
    FlagSettings,
    read_cluster_settings,
    read_flag_settings,
)
from dray.assemble.vm_args import find_vm_args, list_environment_entries
from dray.core.project import ReleaseDefinition, Toolchain
from dray.core.release import Release
from dray.core.settings import EMPTY
from dray.errors import ConfigError, Location
from tests.unit.assemble.test_definition import project

HERE = Location("rel/config.py", 3)


def settings(section, **values):
    return EMPTY.merge(section, "", values, HERE)


def release_of(otp="25"):
    tools = Toolchain(otp, "13.1", Path("/otp"), Path("/otp/lib"), ())
    return Release(name="shop", version="1.0", project=project(toolchain=tools), definition=ReleaseDefinition("shop"))


def test_nothing_said_is_nothing_set():
    assert read_cluster_settings(EMPTY) == ClusterSettings()
    assert read_flag_settings(EMPTY) == FlagSettings()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"interface": "10.0.0.5"}, ClusterSettings(interface="10.0.0.5")),
        ({"interface": "eth0"}, ClusterSettings(interface="eth0")),
        ({"interface": "0.0.0.0"}, ClusterSettings(interface="any")),  # noqa: S104 - nothing is bound here
        ({"interface": None}, ClusterSettings()),
        ({"port": 9100}, ClusterSettings(port="9100")),
        ({"ports": (9100, 9110)}, ClusterSettings(ports="9100-9110")),
        ({"cookie": "file:/etc/shop/cookie"}, ClusterSettings(cookie="file:/etc/shop/cookie")),
        ({"cookie": "env:SHOP_COOKIE"}, ClusterSettings(cookie="env:SHOP_COOKIE")),
        ({"tls": "/etc/shop/tls.conf"}, ClusterSettings(tls="/etc/shop/tls.conf")),
    ],
)
def test_a_cluster_is_read(values, expected):
    assert read_cluster_settings(settings("cluster", **values)) == expected


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("cluster", {"prot": 1}),
        ("cluster", {"port": "9100"}),
        ("cluster", {"port": True}),
        ("cluster", {"port": 65536}),
        ("cluster", {"ports": (9110, 9100)}),
        ("cluster", {"ports": 9100}),
        ("cluster", {"port": 9100, "ports": (9100, 9110)}),
        ("cluster", {"interface": "10.0.0"}),
        ("cluster", {"interface": "a b"}),
        ("cluster", {"interface": ""}),
        ("cluster", {"cookie": "sesame"}),
        ("cluster", {"cookie": "file:relative"}),
        ("cluster", {"tls": "/etc/with blank"}),
        ("vm_args", {"flag": ["+P 1"]}),
        ("vm_args", {"flags": ["P 1"]}),
        ("vm_args", {"flags": ["+P 1\n+Q 2"]}),
        ("vm_args", {"flags": ["-setcookie x"]}),
        ("vm_args", {"flags": ["-sname x"]}),
        ("vm_args", {"flags": [1]}),
        ("vm_args", {"skip": ["interface"]}),
        ("vm_args", {"skip": ["a b"]}),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_was_written(section, values):
    read = read_cluster_settings if section == "cluster" else read_flag_settings
    with pytest.raises(ConfigError) as raised:
        read(settings(section, **values))
    assert raised.value.location == HERE


def test_an_unknown_key_brings_a_suggestion():
    with pytest.raises(ConfigError, match="has no key 'prot'") as raised:
        read_cluster_settings(settings("cluster", prot=1))
    assert raised.value.suggestion() == "port"


def test_a_cluster_must_fit_the_release():
    validate_cluster(ClusterSettings(port="9100"), release_of())
    with pytest.raises(ConfigError, match="needs OTP 25"):
        validate_cluster(ClusterSettings(port="9100"), release_of("24"))
    with pytest.raises(ConfigError, match="needs the application ssl"):
        validate_cluster(ClusterSettings(tls="/x"), release_of())


def test_own_files_come_in_the_order_of_their_names(tmp_path):
    folder = tmp_path / "rel/facts"
    folder.mkdir(parents=True)
    for name in ("b.sh", "a.sh", "note.txt"):
        (folder / name).write_text(f"# {name}\n")
    found = list_own_files(tmp_path, "facts")
    assert [(file.origin, file.text) for file in found] == [
        ("rel/facts/a.sh", "# a.sh"),
        ("rel/facts/b.sh", "# b.sh"),
    ]
    assert list_own_files(tmp_path, "rules") == ()


def test_flags_of_the_configuration_stand_behind_those_of_the_project(make_ctx, tmp_path):
    ctx = make_ctx()
    (ctx.root / "rel").mkdir(exist_ok=True)
    (ctx.root / "rel/vm.args").write_text("+P 300000")
    ctx = replace(ctx, settings=settings("vm_args", flags=["+Q 70000"]))
    own = find_vm_args(release_of(), ctx)
    assert (own.text, own.origin) == (b"+P 300000", "rel/vm.args")
    (entry, *_) = list_environment_entries(release_of(), ctx)
    assert entry.source == b'+P 300000\n## config("vm_args")\n+Q 70000\n'
