"""Who runs dray, and where."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from dray.core.context import Completed
from dray.notify.origin import is_web_page, read_origin
from tests.fakes import FakeShell

GIT = FakeShell({"git": Completed((), 0, "Grace Hopper\n")})
PAGES = [
    (
        {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "x/shop", "GITHUB_RUN_ID": "7"},
        "https://github.com/x/shop/actions/runs/7",
    ),
    ({"CI_JOB_URL": "https://gitlab.example/jobs/1"}, "https://gitlab.example/jobs/1"),
    ({"BUILD_URL": "http://jenkins.example/job/1/"}, "http://jenkins.example/job/1/"),
    (
        {
            "SYSTEM_COLLECTIONURI": "https://dev.azure.com/x/",
            "SYSTEM_TEAMPROJECT": "shop",
            "BUILD_BUILDID": "3",
        },
        "https://dev.azure.com/x/shop/_build/results?buildId=3",
    ),
    ({"GITHUB_RUN_ID": "7"}, ""),
    ({"CI_JOB_URL": "javascript:alert(1)"}, ""),
    ({"CI_JOB_URL": "https://x.example/|>"}, ""),
    ({"CI_JOB_URL": "", "BUILD_URL": "https://j.example/1"}, "https://j.example/1"),
    ({}, ""),
]


@pytest.mark.parametrize(("environ", "page"), PAGES)
def test_the_page_of_a_job_is_found(environ, page):
    assert read_origin(environ, GIT, Path()).url == page


def test_who_started_a_job_counts_before_whom_git_knows():
    assert read_origin({"GITHUB_ACTOR": "ada"}, GIT, Path()).who == "ada"
    assert read_origin({"GITLAB_USER_LOGIN": "ada"}, GIT, Path()).who == "ada"
    assert read_origin({}, GIT, Path()).who == "Grace Hopper"


def test_without_git_it_is_who_is_logged_in(monkeypatch):
    monkeypatch.setenv("LOGNAME", "grace")
    assert read_origin({}, FakeShell(), Path()).who == "grace"


def test_a_user_without_a_name_has_none(monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(OSError))
    assert read_origin({}, FakeShell(), Path()).who == ""


def test_the_host_is_this_one():
    assert read_origin({}, GIT, Path()).host == socket.gethostname()


def test_an_address_with_a_password_is_no_page_to_show():
    assert not is_web_page("https://me:password@ci.example/1")
    assert not is_web_page("https://[broken")
    assert not is_web_page("https://x.example/" + "a" * 400)
