"""What is said at the end of a pipeline, and before one begins that cannot end well."""

from __future__ import annotations

import pytest

from dray.cli.main import run
from dray.cli.run import build_report, format_deployed, format_published
from dray.core.publication import Publication
from dray.core.release import Release
from dray.engine import RunResult

CONFIG = """\
from dray.steps import assemble, release, ssh, tar

build = release("hello") | assemble() | tar()
"""


def deployed(*previous):
    hosts = [{"host": f"web{number}", "previous": before} for number, before in enumerate(previous, 1)]
    return {"release": {"name": "hello", "version": "0.2.0"}, "rollouts": [{"hosts": hosts}]}


def test_the_end_of_a_deployment_says_how_to_look_and_how_to_go_back():
    assert format_deployed(deployed("0.1.0"), 2, ("ada@web1",)) == (
        "\nhello 0.2.0 runs on web1 (2.00 s). To look at it, and to go back:\n\n"
        "    dray status ada@web1\n    dray logs ada@web1\n    dray rollback ada@web1\n"
    )


def test_there_is_no_way_back_from_the_first_version():
    text = format_deployed(deployed("", ""), 2, ())
    assert text == "\nhello 0.2.0 runs on 2 hosts (2.00 s). To look at it:\n\n    dray status\n    dray logs\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "mix.exs").write_text("")
    (tmp_path / "rel").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def dray(project, capsys):
    """Run dray in the project, and return its exit status and what it says."""

    def type_command(*arguments):
        return run(arguments), capsys.readouterr().err

    return type_command


def test_hosts_of_a_pipeline_that_goes_to_none_are_refused(project, dray):
    (project / "rel/config.py").write_text(f"{CONFIG}deploy = build\n")
    status, said = dray("deploy", "web1")
    assert (status, said.count("deploy goes to no hosts: it has no step ssh; it has: release, assemble, tar")) == (
        2,
        1,
    )
    assert "hint: deploy = build | ssh() in rel/config.py" in said


def test_a_project_without_the_pipeline_is_told_what_to_write(project, dray):
    (project / "rel/config.py").write_text(CONFIG)
    status, said = dray("deploy", "web1")
    assert (status, said.count("hint: for example: deploy = build | ssh()")) == (2, 1)


def test_who_names_no_host_hears_of_it_before_anything_is_built(project, dray):
    (project / "rel/config.py").write_text(f"{CONFIG}deploy = build | ssh()\n")
    for command in ("deploy", "status"):
        status, said = dray(command)
        assert (status, said.count("error: no host is named, neither behind the command nor in the")) == (2, 1)
    assert not (project / "_build/prod/rel").exists()


def test_who_names_the_host_before_the_expression_is_told_the_order(project, dray):
    (project / "rel/config.py").write_text(f"{CONFIG}deploy = build | ssh()\n")
    status, said = dray("rpc", "web1", "1 + 1")
    assert (status, said.count("error: the expression comes before the hosts\n")) == (2, 1)
    assert "hint: dray rpc '1 + 1' web1\n" in said


def test_what_was_published_is_what_hosts_install():
    published = (
        Publication("/srv/apt", "shop", "1.0-1"),
        Publication("/srv/apt", "shop-tools", "1.0-1", previous="0.9-1"),
        Publication("s3://packages.shop.example/debian", "shop", "1.0-1"),
    )
    report = build_report(RunResult(Release("shop", "1.0", publications=published), ()))
    assert report["publications"][1]["previous"] == "0.9-1"
    assert format_published(report, 2.314) == (
        "\nshop 1.0 for prod is published (2.31 s):\n"
        "\n"
        "    shop 1.0-1 in /srv/apt\n"
        "    shop-tools 1.0-1 in /srv/apt\n"
        "    shop 1.0-1 in s3://packages.shop.example/debian\n"
        "\n"
        "On a host that knows the repository:\n"
        "\n"
        "    apt-get update && apt-get install shop shop-tools\n"
    )
