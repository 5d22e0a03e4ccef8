"""What systemd itself says of the units, where it is installed."""

from __future__ import annotations

import re
import subprocess

import pytest

from dray.errors import ConfigError
from dray.service.hardening import NAMES, RELAXATIONS
from dray.service.install import list_install_commands
from dray.service.systemd import SYSTEMD
from dray.template.environment import TemplateFolder
from tests.unit.service.test_formats import RICH


def write_units(service, templates, folder):
    """Write the units, with a launcher that exists, and return the first one's path."""
    for file in SYSTEMD.render(service, templates):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text.replace("/opt/shop/bin/shop", "/bin/true"))
    return folder / SYSTEMD.render(service, templates)[0].path


def analyze(*arguments):
    return subprocess.run(("systemd-analyze", *arguments), capture_output=True, text=True, check=False)


@pytest.mark.services
@pytest.mark.parametrize(
    "options", [{}, RICH, {"restart": "never"}, *({"relax": (name,)} for name in NAMES)], ids=str
)
def test_systemd_has_nothing_to_say_about_the_units(options, service, templates, tmp_path):
    unit = write_units(service(user="root", **options), templates, tmp_path)
    if unit.name.endswith("@.service"):
        instance = tmp_path / unit.name.replace("@", "@1")
        instance.symlink_to(unit.name)
        unit = instance
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    said = [line for line in done.stderr.splitlines() if "shop" in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.services
def test_systemd_has_nothing_to_say_about_the_unit_of_the_port_mapper(service, templates, tmp_path):
    write_units(service(), templates, tmp_path)
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(tmp_path / "epmd.service"))
    assert [line for line in done.stderr.splitlines() if "epmd" in line] == []


def test_the_port_mapper_is_installed_only_where_there_is_none(service, templates):
    of_shop = service()
    commands = list_install_commands(of_shop, SYSTEMD, SYSTEMD.render(of_shop, templates))
    (command,) = [command for command in commands if "epmd" in command]
    assert command == (
        "systemctl cat epmd.service >/dev/null 2>&1 || install -m 0644 epmd.service /etc/systemd/system/epmd.service"
    )


def test_a_block_of_the_unit_can_be_extended(service, tmp_path):
    (tmp_path / "service/systemd").mkdir(parents=True)
    (tmp_path / "service/systemd/service").write_text(
        '{% extends "built-in/service/systemd/service" %}\n'
        "{% block service %}\n{{ super() }}OOMScoreAdjust=-500\n{% endblock %}\n"
    )
    text = SYSTEMD.render(service(), TemplateFolder(tmp_path))[0].text
    of_service = text.partition("[Service]")[2].partition("[Install]")[0]
    assert "OOMScoreAdjust=-500\n" in of_service


@pytest.mark.services
def test_the_exposure_is_low(service, templates, tmp_path):
    unit = write_units(service(), templates, tmp_path)
    done = analyze("security", "--offline=true", str(unit))
    found = re.search(r"Overall exposure level for shop\.service: ([0-9.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= 1.5


@pytest.mark.parametrize("name", sorted(RELAXATIONS))
def test_each_relaxation_changes_what_it_names_and_nothing_else(name, service, templates):
    def settings(**options):
        text = SYSTEMD.render(service(**options), templates)[0].text
        return {line for line in text.splitlines() if "=" in line}

    before, after = settings(), settings(relax=(name,))
    assert {line.split("=")[0] for line in before - after} <= set(RELAXATIONS[name].without)
    assert after - before <= {f"{key}={value}" for key, value in RELAXATIONS[name].instead}
    assert before != after


def test_an_unknown_relaxation_is_refused_with_a_suggestion(service, templates):
    with pytest.raises(ConfigError, match="nothing called low_port to relax") as caught:
        SYSTEMD.render(service(relax=("low_port",)), templates)
    assert caught.value.suggestion() == "low_ports"


def test_a_release_in_a_home_needs_the_relaxation(service, templates):
    with pytest.raises(ConfigError, match="hides /home/ada/shop"):
        SYSTEMD.render(service(root="/home/ada/shop"), templates)
    assert SYSTEMD.render(service(root="/home/ada/shop", relax=("home",)), templates)


def test_a_control_character_is_refused(service, templates):
    with pytest.raises(ConfigError, match="no control characters"):
        SYSTEMD.render(service(environment={"A": "a\x01b"}), templates)


def test_folders_that_systemd_cannot_make_may_be_written(service, templates):
    text = SYSTEMD.render(service(state="/srv/shop"), templates)[0].text
    assert "ReadWritePaths=/srv/shop\n" in text
    assert "StateDirectory=" not in text
