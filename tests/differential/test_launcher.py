"""The launchers of dray and of `mix release`: the same list of commands on both, the same answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.harness import wait_for

pytestmark = pytest.mark.beam

CASES = [
    ("single", "greeter", {}),
    ("two_releases", "both", {}),
    ("nif", "native", {}),
    ("providers", "providers", {"ONLY_ON_THE_HOST": "yes"}),
    ("providers", "rebooting", {"ONLY_ON_THE_HOST": "yes"}),
    ("eex", "eex", {}),
]

EXPRESSIONS = {
    "single": 'IO.puts(Greeter.greet("Ada"))',
    "two_releases": "IO.puts(Alpha.name() <> Beta.name()); IO.inspect(Enum.sort(Application.get_all_env(:beta)))",
    "nif": "IO.inspect(Native.add(40, 2))",
    "providers": "IO.inspect(Enum.sort(Application.get_all_env(:providers))); IO.inspect(Providers.colour())",
    "eex": 'IO.inspect({EexApp.flag(), System.get_env("FROM_ENV_SH")})',
}


@pytest.fixture(params=CASES, ids=[f"{project}:{name}" for project, name, _ in CASES])
def pair(request, built, mix_built, launch, tmp_path):
    """The launcher of dray and that of Mix for the same release, and an expression that asks it something."""
    project, name, env = request.param
    described = project in {"two_releases", "providers", "eex"}
    ours = (built(project, name) if described else built(project)) / "_build/prod/rel" / name
    theirs = mix_built(project, name if described else "")
    made = [
        launch(tree, name, RELEASE_TMP=str(tmp_path / kind), **env) for kind, tree in (("d", ours), ("m", theirs))
    ]
    return (*made, EXPRESSIONS[project])


def normal(text):
    """Return output without what differs from run to run: process ids, node names, times."""
    text = re.sub(r"/[dm]/(\w+)-[\d.]+-[\w-]+\.runtime", r"/\1.runtime", text)
    text = re.sub(r"-\d+-\d+", "-N", text)
    return re.sub(r"\d{2}:\d{2}:\d{2}\.\d+", "TIME", text)


def answers(launcher, expression):
    """Return what every command that needs a running system prints, and with which status."""
    with launcher.running():
        found = {
            "rpc": launcher("rpc", expression),
            "rpc that raises": launcher("rpc", 'raise "why"'),
            "rpc that returns an error": launcher("rpc", "{:error, :why}"),
            "rpc without an expression": launcher("rpc"),
            "rpc of the environment": launcher(
                "rpc", "IO.inspect(for n <- ~w(RELEASE_NAME RELEASE_VSN RELEASE_MODE), do: System.get_env(n))"
            ),
            "code is loaded": launcher("rpc", "IO.inspect(:code.get_mode())"),
            "started": launcher(
                "rpc", "IO.inspect(for {app, _, vsn} <- Application.started_applications(), do: {app, vsn})"
            ),
            "loaded": launcher(
                "rpc", "IO.inspect(Enum.sort(for {app, _, _} <- Application.loaded_applications(), do: app))"
            ),
            "consolidated": launcher("rpc", "IO.inspect(Protocol.consolidated?(Enumerable))"),
            "pid is a number": launcher("pid").out.strip().isdigit(),
            "pid": launcher("pid").status,
        }
        supervisor = "IO.inspect(Process.whereis(:kernel_sup))"
        started = launcher("rpc", supervisor).out
        found["restart"] = launcher("restart")
        wait_for(lambda: launcher("rpc", supervisor).out not in {started, "nil\n", ""}, "the restart")
        launcher.wait_until_up()
        found["after the restart"] = launcher("rpc", expression)
        found["stop"] = launcher("stop")
        wait_for(lambda: launcher("rpc", ":ok").status != 0, "the stop")
        found["rpc when stopped"] = launcher("rpc", ":ok").status
        found["stop when stopped"] = launcher("stop").status
        found["pid when stopped"] = launcher("pid").status
        launcher("daemon")
        launcher.wait_until_up()
    return {
        key: value if not hasattr(value, "out") else (value.status, normal(value.out)) for key, value in found.items()
    }


def test_a_running_system_answers_the_same(pair):
    ours, theirs, expression = pair
    mine, other = answers(ours, expression), answers(theirs, expression)
    if ours.name == "rebooting":
        # Mix of Elixir 1.14.0 misspells the flag by which a rebooted system is embedded again.
        assert mine.pop("code is loaded") == (0, ":embedded\n")
        del other["code is loaded"]
    assert mine == other


def quiet_answers(launcher):
    """Return what every command prints that needs no running system."""
    found = {
        "version": launcher("version"),
        "eval": launcher("eval", "IO.puts(1 + 1)"),
        "eval that raises": launcher("eval", 'raise "why"'),
        "eval that halts": launcher("eval", "System.halt(7)"),
        "eval without an expression": launcher("eval"),
        "eval starts nothing": launcher(
            "eval", "IO.inspect(Enum.sort(for {app, _, _} <- Application.started_applications(), do: app))"
        ),
        "eval reads configuration": launcher(
            "eval", "IO.inspect(Application.get_env(:elixir, :config_provider_booted))"
        ),
        "eval knows where it is": launcher("eval", 'IO.puts(System.get_env("RELEASE_COMMAND"))'),
        "unknown": launcher("frobnicate"),
        "none": launcher(),
    }
    return {key: (value.status, normal(value.out)) for key, value in found.items()}


def test_without_a_running_system_the_answers_are_the_same(pair):
    ours, theirs, _ = pair
    assert quiet_answers(ours) == quiet_answers(theirs)


def test_mistakes_are_named_with_the_same_words(pair):
    ours, theirs, _ = pair
    for arguments in (("frobnicate",), ("eval",), ("rpc",)):
        last = [launcher(*arguments).err.strip().splitlines()[-1] for launcher in (ours, theirs)]
        assert last[0] == last[1]


def test_an_unknown_distribution_is_refused(pair):
    """Mix says so and starts all the same, since the refusal happens in a subshell."""
    done = pair[0]("start", env={"RELEASE_DISTRIBUTION": "sideways"})
    assert done.status == 1
    assert done.err == "ERROR: Expected RELEASE_DISTRIBUTION to be sname, name, or none, got: sideways\n"


@pytest.mark.parametrize(
    "pair", [("providers", "pruned", {"ONLY_ON_THE_HOST": "yes"})], ids=["providers:pruned"], indirect=True
)
def test_a_pruned_configuration_is_gone_after_booting(pair):
    for launcher in pair[:2]:
        with launcher.running():
            folder = Path(launcher.env["RELEASE_TMP"])
            wait_for(lambda: not list(folder.glob("*.runtime.config")), "the configuration to be removed")  # noqa: B023
            assert 'from_runtime: "yes"' in launcher("rpc", pair[2]).out


@pytest.mark.parametrize("pair", CASES[:1], ids=["single:greeter"], indirect=True)
def test_a_remote_shell_is_one_in_the_running_system(pair):
    ours, theirs, _ = pair
    shown = []
    for launcher in (ours, theirs):
        with launcher.running():
            text = launcher.in_terminal("remote", typed='Greeter.greet("Ada")\r', until=r"number \d")
        shown.append(re.search(r'"Hello Ada, you are number 1"', text) is not None)
    assert shown == [True, True]


@pytest.mark.parametrize("pair", CASES[:1], ids=["single:greeter"], indirect=True)
def test_an_interactive_start_has_a_shell(pair):
    for launcher in pair[:2]:
        text = launcher.in_terminal("start_iex", typed='IO.puts("up" <> Greeter.greet("x"))\r', until=r"upHello")
        assert "upHello x, you are number 1" in text


@pytest.mark.parametrize("pair", CASES[:1], ids=["single:greeter"], indirect=True)
def test_without_distribution_the_system_runs_and_cannot_be_asked(pair):
    for launcher in pair[:2]:
        env = {"RELEASE_DISTRIBUTION": "none"}
        assert launcher("eval", "IO.puts(node())", env=env).out == "nonode@nohost\n"
        assert launcher("rpc", "IO.puts(1)", env=env).status == 1
