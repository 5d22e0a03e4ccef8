"""The documentation is whole: all that is public is described, links lead somewhere, and examples work."""

from __future__ import annotations

import ast
import importlib
import re
from dataclasses import replace
from pathlib import Path

import click
import pytest

import dray.errors
from dray import Failure, Progress, StepError
from dray.assemble.host_settings import RULES
from dray.assemble.launcher import INTERNAL, read_command
from dray.config.reader import open_configuration
from dray.core.artifact import Artifact
from dray.core.project import Commit
from dray.core.release import Release
from dray.core.step import StepDefinition
from dray.notify.access import TOKEN, WEBHOOKS
from dray.notify.origin import ACTORS
from dray.plugins import list_steps
from dray.service.install import list_install_commands
from dray.service.model import build_service
from dray.service.options import ServiceOptions
from dray.service.registry import list_format_names, load_format
from dray.template.environment import BUILT_IN, TemplateFolder
from tests.fakes import make_context
from tests.unit.assemble.test_definition import project

cli = importlib.import_module("dray.cli.main")  # the package has a function of this name
ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
STEPS = {step.name: step.definition for step in list_steps() if step.package == "dray"}


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def section(text, title):
    """Return a page's section up to the next heading of the same or a higher level."""
    found = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert found, f"there is no section {title}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_every_step_has_a_section_with_an_example_and_all_its_options(name):
    text = section(page("steps.md"), name)
    assert f"{name}(" in "".join(blocks(text, "python"))
    if name == "release":
        text += section(page("configuration.md"), "The options of a release")
    for option in STEPS[name].options:
        assert f"`{option.name}`" in text, f"{name}: {option.name} is not described"


@pytest.mark.parametrize("name", sorted(cli._COMMANDS))
def test_every_command_has_a_section_with_all_its_options(name):
    command = cli.dray.get_command(click.Context(cli.dray), name)
    assert command is not None
    text = section(page("commands.md"), f"dray {name}")
    if name in {"run", "deploy"}:
        text += section(page("commands.md"), "dray build")
    if "hosts" in {parameter.name for parameter in command.params} and name != "deploy":
        text += section(page("commands.md"), "Hosts of the commands below")
    for described in [command, *subcommands(command)]:
        for parameter in described.params:
            for option in parameter.opts if isinstance(parameter, click.Option) else ():
                assert option in text, f"dray {name} {option} is not described"


def subcommands(command):
    """Return the commands of a group."""
    if not isinstance(command, click.Group):
        return []
    context = click.Context(command)
    return [command.get_command(context, name) for name in command.list_commands(context)]


def test_every_command_of_the_launcher_is_described():
    table = section(page("launcher.md"), "Commands")
    scripts = (BUILT_IN / "releases/VSN/commands").rglob("*.sh")
    names = {read_command(script.read_text()).usage.split()[0] for script in scripts}
    assert names >= {"start", "stop", "ping", "console"}
    for name in names - set(INTERNAL):
        assert re.search(rf"`{name}[ `]", table), f"{name} is not described"


def test_every_fact_and_every_rule_is_described():
    text = page("vm-args.md")
    facts = (BUILT_IN / "releases/VSN/host/facts").glob("*.sh")
    names = {name for file in facts for name in re.findall(r"^ *fact (HOST_\w+)", file.read_text(), re.MULTILINE)}
    assert names >= {"HOST_CPUS", "HOST_MEMORY_MB"}
    rules = (BUILT_IN / "releases/VSN/host/rules").glob("*.sh")
    used = {name for file in rules for name in re.findall(r"\brule ([a-z_]+) [\"']", file.read_text())}
    assert used <= set(RULES)
    for name in (*names, *RULES):
        assert f"| `{name}` |" in text, f"{name} is not described"


def test_every_variable_of_the_launcher_is_described():
    text = page("launcher.md")
    scripts = [path.read_text() for path in BUILT_IN.rglob("*") if path.is_file() and path.suffix != ".html"]
    names = {name for script in scripts for name in re.findall(r"\bRELEASE_[A-Z_]+", script)}
    names -= {"RELEASE_LIB", "RELEASE_EXPRESSION", "RELEASE_CALL"}  # of boot scripts, and of the launcher itself
    assert "RELEASE_COOKIE" in names
    for name in names:
        assert f"`{name}`" in text, f"{name} is not described"


def test_every_error_is_described_with_its_status():
    text = page("errors.md")
    classes = [value for value in vars(dray.errors).values() if isinstance(value, type)]
    errors = [
        kind for kind in classes if issubclass(kind, dray.errors.DrayError) and kind is not dray.errors.DrayError
    ]
    assert errors
    for kind in errors:
        assert f"| {kind.exit_code} | `{kind.__name__}` |" in text


def test_what_hosts_are_told_to_fail_with_is_described():
    table = re.sub(r"[A-Z]{2,}|\.\.\.|\d+", "*", section(page("errors.md"), "RemoteError, status 3"))
    sources = [path.read_text() for path in (ROOT / "src" / "dray" / "deploy").glob("*ssh*.py")]
    messages = {
        re.sub(r"\{[^}]*\}", "*", text)
        for source in sources
        for text in re.findall(r"RemoteError\(\s*f\"(.+?)\"", source)
    }
    assert len(messages) > 10
    for message in messages:
        words = max(message.split("*"), key=len).strip(" :(")
        assert words in table, f"{message} is not described"


def test_every_decision_is_listed():
    index = page("adr/README.md")
    for decision in (ROOT / "docs" / "adr").glob("[0-9]*.md"):
        assert f"({decision.name})" in index
        for heading in ("Context", "Options", "Decision", "Consequence"):
            section(decision.read_text(encoding="utf-8"), heading)


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file):
    text = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{link} names no heading"


def anchors(text):
    """Return the anchors that a forge makes of the headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def pipelines_of(file):
    """Return the blocks of a page that belong into ``rel/config.py``: those that make a pipeline or configure one."""
    found = blocks(file.read_text(encoding="utf-8"), "python")
    return [block for block in found if re.search(r"^(\w+ = .*\||config\(|\w+ = \($)", block, re.MULTILINE)]


EXAMPLES = [(file, number, block) for file in PAGES for number, block in enumerate(pipelines_of(file), start=1)]

PREPARED = """\
from dray import *
from dray.config import *
from dray.steps import *
from rel.steps import *

build = release("shop") | assemble() | tar()
"""
OWN_STEPS = """\
from dray import File, Release, step

@step
def own(release, ctx): return release

warm_cache = logger_level = manual = my_step = count_files = checksum = motd = own
"""


@pytest.mark.parametrize(
    "block", [block for _, _, block in EXAMPLES], ids=[f"{file.name}-{number}" for file, number, _ in EXAMPLES]
)
def test_examples_of_the_configuration_can_be_read(block, tmp_path, monkeypatch):
    for plugin in ("dray_motd", "dray_drain"):
        monkeypatch.syspath_prepend(ROOT / "examples" / plugin / "src")
    (tmp_path / "rel").mkdir()
    (tmp_path / "rel" / "steps.py").write_text(OWN_STEPS)
    for env in ("prod", "staging"):
        (tmp_path / "rel" / f"{env}.py").write_text("")
    (tmp_path / "rel" / "config.py").write_text(PREPARED + block)
    with open_configuration(tmp_path, "prod") as configuration:
        assert configuration.pipelines


def test_the_step_of_the_walk_through_works(tmp_path):
    source, test = blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "python")
    names = {"Release": Release, "Commit": Commit, "project": project}
    exec(compile(source, "commit_file.py", "exec"), names)  # noqa: S102 - our own page
    assert isinstance(names["commit_file"], StepDefinition)
    exec("from dray.core.contents import File\n" + test, names)  # noqa: S102
    (function,) = [item.name for item in ast.parse(test).body if isinstance(item, ast.FunctionDef)]
    names[function](lambda: make_context(tmp_path))


@pytest.mark.parametrize("is_early", [True, False], ids=["opened early", "opened when it is needed"])
def test_the_step_that_gets_ready_early_works(tmp_path, monkeypatch, is_early):
    class Server:
        def __init__(self, name, **options):
            self.name, self.stored = name, {}
            opened.append(self)

        def storbinary(self, command, file):
            self.stored[command] = file.read()

    opened = []
    monkeypatch.setattr("ftplib.FTP", Server)
    (block,) = blocks(section(page("steps.md"), "Steps that get ready early"), "python")
    names = {}
    exec(block, names)  # noqa: S102 - our own page
    (tmp_path / "shop.tar.gz").write_bytes(b"packed")
    release = Release(name="shop").with_artifact(Artifact("tar", tmp_path / "shop.tar.gz", 6, "0"))
    mirror, ctx = names["mirror"], make_context(tmp_path)
    value = mirror.warm_up(ctx, server="web1") if is_early else None
    mirror.run(release, replace(ctx, warmed=lambda: value), server="web1")
    assert [(server.name, server.stored) for server in opened] == [("web1", {"STOR shop.tar.gz": b"packed"})]


def test_the_step_that_hears_of_failures_works(tmp_path):
    (block,) = blocks(section(page("steps.md"), "Steps that hear of failures"), "python")
    names = {}
    exec(block, names)  # noqa: S102 - our own page
    log, ctx = names["log"], make_context(tmp_path)
    log.run(Release(name="shop", version="1"), ctx)
    log.on_failure(Failure("deb", StepError("no space"), Release(), 3), ctx)
    assert (tmp_path / "deploys.log").read_text() == "shop 1\ndeb: no space\n"


def test_the_steps_that_hear_of_deployments_and_that_deploy_work(tmp_path):
    hearing, deploying = blocks(section(page("steps.md"), "Steps that hear of deployments"), "python")
    names = {}
    exec(hearing + deploying, names)  # noqa: S102 - our own page
    said, release = [], Release(name="shop", version="1")
    ctx = replace(make_context(tmp_path), announce=said.append)
    done = names["copy"].run(release, ctx)
    follow = names["follow"]
    assert follow.on_progress(Progress("copy", release, tuple(said), 5), ctx) == "deploys.log"
    follow.run(done, ctx)
    assert (tmp_path / "deploys.log").read_text() == "web: batch 0 of 1\nweb: 1 hosts, good\n"


def test_what_is_said_of_variables_is_what_is_read():
    text = page("notifications.md")
    for name in (*ACTORS, TOKEN, *WEBHOOKS):
        assert f"`{name}`" in text, f"{name} is not described"


def test_every_block_of_a_notification_is_described():
    for name in ("notify/slack.txt", "notify/plain.txt"):
        assert f"`{name}`" in page("notifications.md")
        for block in TemplateFolder().list_blocks(name):
            assert f"`{block}`" in section(page("notifications.md"), "Your own text")


@pytest.mark.parametrize("name", list_format_names())
def test_every_format_of_a_service_has_a_page_with_its_commands_and_limits(name):
    text = page(f"services/{name}.md")
    assert f"(services/{name}.md)" in page("services.md")
    chosen, service = load_format(name), build_service(ServiceOptions(), release="shop")
    commands = list_install_commands(service, chosen, chosen.render(service, TemplateFolder()))
    assert blocks(section(text, "Install"), "sh") == ["\n".join(commands) + "\n"]
    ignored = section(text, "What it cannot do") if chosen.ignores else ""
    options = ignored.partition("notice of the options")[2].partition(";")[0]
    assert set(re.findall(r"`(\w+)`", options)) == chosen.ignores
