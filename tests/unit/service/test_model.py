from __future__ import annotations

import pytest

from dray.core.option import Setting
from dray.core.secret import Secret
from dray.errors import ConfigError, Location
from dray.service.model import FETCH, build_service, split_command
from dray.service.options import ServiceOptions, list_options, read_service_options


def test_everything_is_made_of_the_name(service):
    made = service()
    assert (made.name, made.user, made.group, made.root) == ("shop", "shop", "shop", "/opt/shop")
    assert made.launcher == "/opt/shop/bin/shop"
    assert made.environment_file == "/etc/shop/environment"
    (process,) = made.processes
    assert (process.name, process.state, process.runtime) == ("shop", "/var/lib/shop", "/run/shop")
    assert process.environment == ()
    assert not made.has_instances


def test_instances_have_a_port_a_node_and_folders_of_their_own(service):
    first, second = service(instances=2, port=4000).processes
    assert (first.name, first.environment) == ("shop-1", (("PORT", "4000"), ("RELEASE_NODE", "shop-1")))
    assert (second.name, second.environment) == ("shop-2", (("PORT", "4001"), ("RELEASE_NODE", "shop-2")))
    assert second.state == "/var/lib/shop/2"
    assert second.environment_files == ("/etc/shop/environment", "/etc/shop/environment.2")


def test_a_node_may_have_a_host(service):
    assert service(instances=1, node="s{instance}@10.0.0.1").processes[0].environment == (
        ("RELEASE_NODE", "s1@10.0.0.1"),
    )


def test_a_command_names_a_program_of_the_release_or_of_the_host():
    assert split_command("reload", "bin/shop rpc 'A.b(1)'", "/opt/shop") == ("/opt/shop/bin/shop", "rpc", "A.b(1)")
    assert split_command("reload", "/bin/true", "/opt/shop") == ("/bin/true",)
    assert split_command("reload", "", "/opt/shop") == ()


def test_an_address_is_fetched(service):
    assert service(check="http://localhost:4000/health?a=b&c").check == (
        "/bin/sh",
        "-c",
        FETCH,
        "check",
        "http://localhost:4000/health?a=b&c",
    )


def test_a_description_is_one_line():
    options = ServiceOptions(description="one\n\ttwo\x1b  three")
    assert build_service(options, release="shop").description == "one two three"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "a b"}, "user is made of"),
        ({"name": "1st"}, "name is made of"),
        ({"root": "opt/shop"}, "root is an absolute path"),
        ({"root": "/opt/../etc"}, "root is an absolute path"),
        ({"state": "/var/lib/a b"}, "state is an absolute path"),
        ({"log": "/var/log/%n"}, "log is an absolute path"),
        ({"environment": {"A-B": "1"}}, "environment is made of names"),
        ({"environment": {"A": "a\0b"}}, "without NUL bytes"),
        ({"environment": {"A": "\udc80"}}, "in Unicode"),
        ({"reload": "bin/shop 'open"}, "no command line"),
        ({"reload": "'bin/my shop' go"}, "reload is an absolute path"),
        ({"instances": 2, "node": "shop"}, "cannot have the same name"),
        ({"instances": -1}, "instances is 0 or more"),
        ({"instances": 100}, "99 or less"),
        ({"instances": 2, "port": 65535}, "from 1 to 65535"),
        ({"port": 0}, "from 1 to 65535"),
        ({"open_files": 10}, "open_files is 256 or more"),
        ({"memory_mb": 1}, "64 or more"),
        ({"stop_timeout": 0}, "stop_timeout is 1 or more"),
        ({"watchdog": 3}, "watchdog is 4 or more, or 0 for none"),
        ({"node": "a b"}, "node is made of"),
        ({"credentials": {"cookie": "relative"}}, "credentials is an absolute path"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_what_breaks_a_rule_is_refused(options, message, service):
    with pytest.raises(ConfigError, match=message):
        service(**options)


def test_a_secret_does_not_get_into_a_file(service):
    with pytest.raises(ConfigError, match="DATABASE_URL is a secret") as caught:
        service(environment={"DATABASE_URL": Secret("env", "DATABASE_URL", None, Location("rel/config.py", 3))})
    assert caught.value.location == Location("rel/config.py", 3)


def test_options_come_from_the_configuration_and_from_set():
    here = Location("rel/config.py", 4)
    settings = {"user": Setting("web", here), "environment": Setting({"A": "1"}, here)}
    options = read_service_options(settings, {"instances": "2", "relax": "home,devices", "user": "shop"})
    assert options == ServiceOptions(user="shop", environment={"A": "1"}, instances=2, relax=("home", "devices"))


def test_an_unknown_option_is_refused_with_a_suggestion():
    with pytest.raises(ConfigError, match="no option 'memory'") as caught:
        read_service_options({"memory": Setting(1, Location("rel/config.py", 4))}, {})
    assert caught.value.suggestion() == "memory_mb"
    assert caught.value.location == Location("rel/config.py", 4)


def test_a_value_of_another_type_is_refused():
    with pytest.raises(ConfigError, match="restart is one of 'on-failure', 'always', 'never'"):
        read_service_options({}, {"restart": "sometimes"})


def test_every_option_has_a_default_that_fits():
    settings = {option.name: Setting(option.default, Location("x")) for option in list_options()}
    assert read_service_options(settings, {}) == ServiceOptions()
