"""Releases and repositories for tests of notifications."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from dray.core.application import Application, AppOrigin, AppSpec, Mode
from dray.core.artifact import Artifact
from dray.core.project import Member
from dray.core.release import Release
from dray.project.git import read_commit
from dray.shell import LocalShell
from dray.template.environment import TemplateFolder
from tests.fakes import make_context
from tests.unit.assemble.test_definition import project

SHELL = LocalShell(lambda _: None)
WHO = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@x.example",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@x.example",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}
APPS = ("shop", "shop_web", "shop_mail")


def git(root, *arguments):
    done = subprocess.run(("git", *arguments), cwd=root, check=True, capture_output=True, env={**os.environ, **WHO})
    return done.stdout.decode().strip()


def write_commit(root, path, subject, text="x", author="Ada <ada@x.example>"):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + subject)
    git(root, "add", "-A")
    git(root, "commit", "-q", "--author", author, "-m", subject)
    return git(root, "rev-parse", "HEAD")


def make_umbrella(root, apps=APPS):
    """Make a repository of an umbrella with a first commit, and return that commit."""
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Grace")
    (root / ".gitignore").write_text("_build\n")
    for name in apps:
        (root / "apps" / name).mkdir(parents=True)
        (root / "apps" / name / "mix.exs").write_text(name)
    return write_commit(root, "mix.exs", "Begin")


def app(name, version="0.1.0", origin=AppOrigin.PROJECT):
    return Application(AppSpec(name, version), Mode.PERMANENT, Path("/x"), origin)


def make_release(root, version="1.0.0", apps=APPS, **given):
    """Return the release of an umbrella as a pipeline leaves it."""
    members = tuple(Member(name, "0.1.0", root / "apps" / name) for name in apps)
    facts = project(root=root, members=members, umbrella=True, dependencies=())
    return replace(
        Release(
            name="shop",
            version=version,
            project=replace(facts, commit=read_commit(SHELL, root)),
            applications=(app("kernel", "8.5", AppOrigin.OTP), *(app(name) for name in apps)),
            artifacts=(Artifact("tar", root / f"_build/prod/shop-{version}.tar.gz", 5_234_000, "0"),),
        ),
        **given,
    )


def open_context(root, **given):
    """Return a context with the real git and the real templates."""
    ctx = make_context(root, shell=SHELL, **given)
    return replace(ctx, templates=TemplateFolder(root / "rel/templates"), started=ctx.clock.monotonic() - 42)
