from __future__ import annotations

from dataclasses import replace

import pytest

from dray.core.release import Release
from dray.core.settings import EMPTY
from dray.core.step_options import Overrides, resolve_step
from dray.errors import ConfigError, StepError, UsageError
from dray.service.options import ServiceOptions
from dray.steps import service
from dray.template.environment import PROJECT_TEMPLATES, TemplateFolder


def add(make_ctx, step, **config):
    ctx = make_ctx(settings=EMPTY.merge("service", "", config, None))
    ctx = replace(ctx, templates=TemplateFolder(ctx.root / PROJECT_TEMPLATES))
    options = resolve_step(step, ctx.settings, Overrides())
    return service.run(Release(name="shop"), ctx, *options.positional, **options.named), ctx


def texts(release):
    return {file.path: file.source.decode() for file in release.contents}


def test_the_options_are_those_of_a_service():
    assert [option.name for option in service.options] == ["formats", *ServiceOptions.__dataclass_fields__]
    assert service.repeatable
    assert not service.reads_tree


def test_files_are_added_for_each_format(make_ctx):
    release, ctx = add(make_ctx, service("systemd", "runit", port=4000))
    found = texts(release)
    assert set(found) == {
        *(f"share/service/systemd/{name}.service" for name in ("shop", "epmd")),
        *(f"share/service/runit/shop/{name}" for name in ("run", "finish", "log/run")),
    }
    assert "Environment=PORT=4000\n" in found["share/service/systemd/shop.service"]
    assert ctx.console.lines == ["result: systemd, runit: 5 files"]


def test_options_come_from_the_configuration_and_the_pipeline(make_ctx):
    release, _ = add(make_ctx, service("systemd", user="web"), user="shop", relax=["home"])
    text = texts(release)["share/service/systemd/shop.service"]
    assert "User=web\n" in text
    assert "ProtectHome=read-only\n" in text


def test_a_template_of_the_project_counts(make_ctx, tmp_path):
    folder = tmp_path / "rel/templates/service/systemd"
    folder.mkdir(parents=True)
    (folder / "service").write_text("ours\n")
    release, _ = add(make_ctx, service("systemd"))
    assert texts(release)["share/service/systemd/shop.service"] == "ours\n"


def test_what_a_format_ignores_is_said(make_ctx):
    _, ctx = add(make_ctx, service("runit", memory_mb=512))
    assert ctx.console.lines[0] == "warning: runit cannot do anything about memory_mb"


def test_mistakes_are_refused(make_ctx):
    with pytest.raises(StepError, match="service needs a format"):
        add(make_ctx, service())
    with pytest.raises(UsageError, match="there is no format sysd"):
        add(make_ctx, service("sysd"))
    with pytest.raises(ConfigError, match="has no option 'usr'"):
        service("systemd", usr="x")
    with pytest.raises(ConfigError, match="port is a whole number"):
        add(make_ctx, service("systemd", port="x"))
