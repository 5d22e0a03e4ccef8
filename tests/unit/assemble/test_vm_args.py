"""vm.args and env.sh: the project's own, made to fit the launcher."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dray.assemble.vm_args import list_environment_entries, parse_flags
from dray.core.project import ReleaseDefinition
from dray.core.release import Release
from tests.unit.assemble.test_definition import project


def entries(release, ctx):
    return {entry.path.rpartition("/")[2]: entry.source.decode() for entry in list_environment_entries(release, ctx)}


def test_without_templates_of_its_own_a_project_gets_drays(make_ctx):
    release = Release(name="shop", version="1.0", project=project(), definition=ReleaseDefinition("shop"))
    assert entries(release, make_ctx()) == {
        "vm.args": "<releases/VSN/vm.args name=shop>",
        "remote.vm.args": "<releases/VSN/remote.vm.args name=shop>",
        "env.sh": "<releases/VSN/env.sh name=shop>",
    }


def test_rendered_templates_win_even_if_they_are_empty(make_ctx):
    facts = project(rendered=(("vm.args", b"+P 1\n"), ("env.sh", b"")))
    release = Release(name="shop", version="1.0", project=facts, definition=ReleaseDefinition("shop"))
    found = entries(release, make_ctx())
    assert (found["vm.args"], found["env.sh"]) == ("+P 1\n", "")


@pytest.mark.parametrize(
    ("text", "rest", "distribution", "node", "cookie"),
    [
        ("-sname shop\n-setcookie s\n+P 1\n", "+P 1", "sname", "shop", True),
        ("-name shop@h.example\n", "", "name", "shop@h.example", False),
        ("-sname shop +K true -setcookie s +P 1\n", "+K true  +P 1", "sname", "shop", True),
        ("+K true # -sname not\n", "+K true # -sname not", None, None, False),
        ("-shop -sname-like x\n", "-shop -sname-like x", None, None, False),
        ("## -sname not\n+K true\n", "## -sname not\n+K true", None, None, False),
    ],
)
def test_what_the_launcher_sets_itself_is_taken_out(text, rest, distribution, node, cookie):
    flags = parse_flags(text)
    assert flags.text.strip() == rest
    assert (flags.distribution, flags.node, flags.cookie) == (distribution, node, cookie)


def test_a_rebar3_projects_node_name_becomes_its_default(make_ctx, tmp_path):
    (tmp_path / "vm.args").write_text("-name counter@host\n-setcookie secret\n+K true\n")
    definition = ReleaseDefinition("counter", vm_args=tmp_path / "vm.args")
    release = Release(name="counter", version="1.0", project=project(), definition=definition)
    ctx = make_ctx()
    found = entries(release, ctx)
    assert "RELEASE_NODE=${RELEASE_NODE:-counter@host}" in found["env.sh"]
    assert "RELEASE_DISTRIBUTION=${RELEASE_DISTRIBUTION:-name}" in found["env.sh"]
    assert "secret" not in "".join(found.values())
    assert any("-setcookie is left out" in line for line in ctx.console.lines)
    assert replace(release, definition=None).definition is None
    assert Path(tmp_path).is_dir()
