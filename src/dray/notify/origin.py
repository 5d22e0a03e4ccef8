"""Who runs dray, and where: from what CI systems tell their jobs, from git, from the system."""

from __future__ import annotations

import getpass
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dray.notify.report import Origin
from dray.notify.words import clip
from dray.project.git import read_user

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dray.core.context import Shell

ACTORS = (
    "GITHUB_ACTOR",  # GitHub, Gitea and Forgejo Actions
    "GITLAB_USER_LOGIN",
    "BUILDKITE_BUILD_CREATOR",
    "CIRCLE_USERNAME",
    "BUILD_REQUESTEDFOR",  # Azure Pipelines
    "BUILD_USER_ID",  # Jenkins with its plugin Build User Vars
    "CI_COMMIT_AUTHOR",  # Woodpecker
    "DRONE_COMMIT_AUTHOR",
)
"""Variables that name the person who started a CI job; the first one that is set counts."""

PAGES = (
    ("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"),
    ("{CI_JOB_URL}"),
    ("{BUILDKITE_BUILD_URL}"),
    ("{CIRCLE_BUILD_URL}"),
    ("{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}"),
    ("{BUILD_URL}"),
    ("{TRAVIS_BUILD_WEB_URL}"),
    ("{DRONE_BUILD_LINK}"),
    ("{CI_PIPELINE_URL}"),
    ("{BITBUCKET_GIT_HTTP_ORIGIN}/pipelines/results/{BITBUCKET_BUILD_NUMBER}"),
)
"""The page of a CI job, made of variables; the first one of which all variables are set counts."""


def read_origin(environ: Mapping[str, str], shell: Shell, root: Path) -> Origin:
    """Return who runs dray, and where.

    Args:
        environ: The variables that dray was started with.
        shell: Asks git.
        root: The project.
    """
    actor = next((environ[name] for name in ACTORS if environ.get(name)), "")
    who = actor or read_user(shell, root) or _read_login()
    return Origin(clip(who, 60), clip(socket.gethostname(), 80), _find_page(environ))


def _read_login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name
        return ""


def _find_page(environ: Mapping[str, str]) -> str:
    for pattern in PAGES:
        try:
            url = pattern.format_map({name: value for name, value in environ.items() if value})
        except KeyError:
            continue
        if is_web_page(url):
            return url
    return ""


def is_web_page(url: str) -> bool:
    """Tell whether a text is the address of a page, and nothing in it can end a link too early."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isprintable() and not any(char in url for char in " <>|\"'")
    return (
        plain
        and len(url) <= 300
        and parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and not parts.password
    )
