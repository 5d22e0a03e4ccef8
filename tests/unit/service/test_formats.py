"""Every format prints what it printed before, and what it prints is correct by its own program's rules."""

from __future__ import annotations

import configparser
import plistlib
import re
import subprocess

import pytest

from dray.errors import ConfigError, PluginError, UsageError
from dray.service import registry
from dray.service.export import list_ignored, write_files
from dray.service.format import ServiceFile, ServiceFormat
from dray.service.install import list_install_commands
from dray.service.options import ServiceOptions
from dray.service.registry import list_format_names, load_format
from dray.template.environment import BUILT_IN, TemplateFolder

FORMATS = list_format_names()
RICH = {
    "environment": {"MOTTO": 'it\'s "5%" of $HOME\n\\n & <b>'},
    "instances": 2,
    "port": 4000,
    "check": "http://localhost:4000/health?a=1&b=2",
    "reload": "bin/shop rpc 'Shop.reload(\"100%\", $x)'",
    "log": "/srv/log",
    "memory_mb": 512,
    "credentials": {"cookie": "/etc/shop/cookie"},
    "relax": ("upgrades", "low_ports"),
    "writable": ("/srv/uploads",),
}


def shown(chosen, service, templates):
    files = chosen.render(service, templates)
    commands = list_install_commands(service, chosen, files)
    parts = [f"==> {file.path} {file.mode:o} -> {file.target or '-'} <==\n{file.text}" for file in files]
    return "\n".join([*parts, "==> as root <==", *commands, ""])


def test_there_are_the_formats_of_foreman_and_more():
    foreman = {"bluepill", "daemon", "inittab", "launchd", "runit", "supervisord", "systemd", "upstart"}
    assert set(FORMATS) >= foreman | {"sysv", "openrc", "s6", "rcd", "procfile"}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_keeps_to_the_interface(name):
    chosen = load_format(name)
    assert isinstance(chosen, ServiceFormat)
    assert chosen.name == name
    assert chosen.ignores <= set(ServiceOptions.__dataclass_fields__)
    folder = BUILT_IN / "service" / name
    assert folder.is_dir()


@pytest.mark.parametrize("name", FORMATS)
def test_the_plain_service_is_printed_as_before(name, service, templates, golden):
    golden(f"{name}.txt", shown(load_format(name), service(), templates))


@pytest.mark.parametrize("name", FORMATS)
def test_the_rich_service_is_printed_as_before(name, service, templates, golden):
    golden(f"{name}_rich.txt", shown(load_format(name), service(**RICH), templates))


@pytest.mark.parametrize(
    "options", [{}, RICH, {"restart": "never"}, {"restart": "always"}], ids=["", "rich", "n", "a"]
)
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.shells
def test_shell_scripts_are_correct(name, options, service, templates, tmp_path):
    for file in load_format(name).render(service(**options), templates):
        if not file.text.startswith("#!"):
            continue
        script = tmp_path / "script"
        script.write_text(file.text)
        for shell in (("dash", "-n"), ("bash", "--posix", "-n"), ("busybox", "ash", "-n")):
            checked = subprocess.run((*shell, script), capture_output=True, text=True, check=False)
            assert checked.returncode == 0, checked.stderr
        own = "SC2016"  # a value of the user's may look like an expression, and is none
        linted = subprocess.run(
            ("shellcheck", "-s", "sh", "-e", own, script), capture_output=True, text=True, check=False
        )
        assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("options", [{}, RICH], ids=["plain", "rich"])
def test_launchd_reads_its_file(options, service, templates):
    made = service(**options)
    files = [file for file in load_format("launchd").render(made, templates) if file.path.endswith(".plist")]
    read = [plistlib.loads(file.text.encode()) for file in files]
    assert [item["Label"] for item in read] == [process.name for process in made.processes]
    assert read[0]["ProgramArguments"] == [f"/usr/local/libexec/{made.processes[0].name}.sh", "start"]
    assert read[0]["ServiceDescription"] == "Sells 100% of it"
    assert read[0]["KeepAlive"] == {"SuccessfulExit": False}


def test_supervisord_reads_its_file(service, templates):
    text = load_format("supervisord").render(service(**RICH), templates)[0].text
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", " #"))
    parser.read_string(text)
    assert parser.sections() == ["program:shop-1", "program:shop-2", "group:shop"]
    assert parser["group:shop"]["programs"] == "shop-1,shop-2"
    assert parser["program:shop-1"]["autorestart"] == "unexpected"


@pytest.mark.services
def test_ruby_reads_the_file_of_bluepill(service, templates):
    text = load_format("bluepill").render(service(**RICH), templates)[0].text
    done = subprocess.run(("ruby", "-c"), input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_line_of_inittab_has_four_characters_for_its_id(service, templates):
    text = load_format("inittab").render(service(instances=99), templates)[0].text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len({line.split(":")[0] for line in lines}) == 99
    assert all(re.fullmatch(r"sh\d\d:2345:respawn:/bin/su -s /bin/sh shop -c \S+", line) for line in lines)


def test_a_line_of_inittab_that_is_too_long_is_refused(service, templates):
    with pytest.raises(ConfigError, match="127 characters at most"):
        load_format("inittab").render(service(name="n" * 100), templates)


def test_a_template_of_the_project_wins_and_may_extend_the_built_in_one(service, tmp_path):
    project, user = tmp_path / "project", tmp_path / "user"
    for folder, text in (
        (project, '{% extends "built-in/service/launch.sh" %}{% block environment %}# ours{% endblock %}'),
        (user, "never read"),
    ):
        (folder / "service").mkdir(parents=True)
        (folder / "service" / "launch.sh").write_text(text)
    (user / "service" / "procfile").mkdir()
    (user / "service" / "procfile" / "Procfile").write_text("of the user\n")
    files = load_format("procfile").render(service(), TemplateFolder(project, user))
    assert files[0].text == "of the user\n"
    assert "# ours" in files[1].text
    assert "exec /opt/shop/bin/shop" in files[1].text


def test_an_unknown_format_is_refused_with_a_suggestion():
    with pytest.raises(UsageError, match="there is no format sytemd") as caught:
        load_format("sytemd")
    assert caught.value.suggestion() == "systemd"


class Point:
    def __init__(self, name, loaded, package):
        self.name, self.loaded = name, loaded
        self.dist = type("Dist", (), {"name": package})

    def load(self):
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


@pytest.mark.parametrize(
    ("loaded", "message"), [(ImportError("no"), "cannot be loaded: ImportError: no"), (3, "which is no format")]
)
def test_a_format_of_a_plugin_that_is_none_is_refused(loaded, message, monkeypatch):
    monkeypatch.setattr(registry, "entry_points", lambda **_: [Point("monit", loaded, "dray-monit")])
    with pytest.raises(PluginError, match=message):
        load_format("monit")


def test_a_format_of_a_plugin_wins_over_the_built_in_one(monkeypatch):
    built_in, other = load_format("systemd"), load_format("runit")
    points = [Point("systemd", built_in, "dray"), Point("systemd", other, "dray-systemd")]
    monkeypatch.setattr(registry, "entry_points", lambda **_: points)
    assert load_format("systemd") is other


def test_it_is_said_which_options_a_format_ignores():
    options = ServiceOptions(memory_mb=512, user="web")
    assert list_ignored(load_format("runit"), options) == ("memory_mb",)
    assert list_ignored(load_format("systemd"), options) == ()


def test_files_are_written_and_what_is_replaced_is_said(tmp_path):
    files = (ServiceFile("a/run", "1\n", 0o755), ServiceFile("b", "2\n"))
    assert [item.state for item in write_files(files, tmp_path)] == ["new", "new"]
    (tmp_path / "b").write_text("mine\n")
    assert [item.state for item in write_files(files, tmp_path)] == ["unchanged", "replaced"]
    assert (tmp_path / "a/run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "b").read_text() == "2\n"
