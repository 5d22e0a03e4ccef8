"""A fleet: hosts with one policy of how they follow, as ``config("fleet", NAME, ...)`` says.

    config("fleet", "web", hosts=["web1", "deploy@web2:2222"], batches=[1, "50%"], check="http://localhost:4000/health")

The fields of ``FleetOptions`` are what can be said.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from dray.core.host import Host, parse_host
from dray.core.option import Option, read_options, validate_value
from dray.core.secret import Secret  # noqa: TC001 - the options' types are read when they are used
from dray.deploy.batches import parse_batch
from dray.deploy.check import Check, parse_check
from dray.errors import ConfigError, Location

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.core.option import Setting
    from dray.core.settings import Settings
    from dray.deploy.batches import Batch

SECTION = "fleet"
DEFAULT_FLEET = "servers"
"""The fleet whose hosts are given on the command line, where the configuration has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOptions:
    """What can be said about a fleet.

    Args:
        hosts: The machines, ``[USER@]NAME[:PORT]``; a name may be an alias of ``~/.ssh/config``.
        user: Whom to log in as, where neither the host nor ``~/.ssh/config`` says it.
        transport: ``"asyncssh"``, or ``"openssh"`` for the program ssh with all of its configuration.
        ssh_config: A file in the place of ``~/.ssh/config``.
        host_keys: Fingerprints, ``SHA256:...``, of hosts that are not in ``known_hosts`` yet.
        batches: How many hosts follow at a time, each a number or a percentage; the last one repeats.
        parallel: The same for all batches; short for ``batches=[N]``.
        bake: Seconds to watch the first batch before the next.
        check: When a host is well besides being ready: a URL that the host asks, ``elixir:`` and an expression that
            is true, or a command that it runs.
        timeout: Seconds until a host that is not well has failed.
        upgrade: ``"hot"`` refuses a restart, ``"restart"`` always restarts.
        on_failure: What is rolled back when a host fails: its ``"batch"``, ``"all"`` that followed, or ``"none"``.
        on_unreachable: ``"skip"`` goes on without hosts that cannot be reached, ``"quorum"`` if enough can.
        quorum: The percentage of hosts that is enough.
        keep: How many good versions stay on a host.
        before: A command on this machine before a host follows, such as taking it out of a load balancer; ``{host}``
            stands for its name.
        after: The same when it has followed.
        environment: Variables of the release, secrets among them; the host keeps them in a file that only root reads.
        connections: How many connections are opened at a time.
    """

    hosts: tuple[str, ...] = ()
    user: str | None = None
    transport: Literal["asyncssh", "openssh"] = "asyncssh"
    ssh_config: str | None = None
    host_keys: dict[str, str] = field(default_factory=dict)
    batches: tuple[int | str, ...] = ()
    parallel: int | None = None
    bake: int = 0
    check: str | tuple[str, ...] = ()
    timeout: int = 60
    upgrade: Literal["auto", "hot", "restart"] = "auto"
    on_failure: Literal["batch", "all", "none"] = "batch"
    on_unreachable: Literal["fail", "skip", "quorum"] = "fail"
    quorum: int = 51
    keep: int = 5
    before: str | None = None
    after: str | None = None
    environment: dict[str, str | Secret] = field(default_factory=dict)
    connections: int = 20


@dataclass(frozen=True, slots=True)
class Fleet:
    """Hosts and how they follow.

    Args:
        name: Its name.
        hosts: The machines, each once.
        batches: How many follow at a time.
        checks: When one is well, besides being ready.
        options: All that the user said.
    """

    name: str
    hosts: tuple[Host, ...]
    batches: tuple[Batch, ...]
    checks: tuple[Check, ...]
    options: FleetOptions


def build_fleet(name: str, options: FleetOptions, *, location: Location | None = None) -> Fleet:
    """Return the fleet that the options describe.

    Raises:
        ConfigError: A value breaks a rule.
    """
    hosts = tuple(_build_host(text, options) for text in options.hosts)
    twice = sorted({host.name for host in hosts if [other.name for other in hosts].count(host.name) > 1})
    if twice:
        raise ConfigError(f"the fleet {name} has the host {twice[0]} twice", location=location)
    for key, least in (("bake", 0), ("timeout", 1), ("keep", 1), ("quorum", 1), ("connections", 1)):
        if getattr(options, key) < least:
            raise ConfigError(f"fleet: {key} is {least} or more", got=str(getattr(options, key)), location=location)
    if options.batches and options.parallel is not None:
        raise ConfigError("fleet: parallel is short for batches=[N], so there is one of them", location=location)
    given = options.batches or ((options.parallel,) if options.parallel is not None else ("100%",))
    checks = (options.check,) if isinstance(options.check, str) else options.check
    return Fleet(name, hosts, tuple(map(parse_batch, given)), tuple(map(parse_check, checks)), options)


def _build_host(text: str, options: FleetOptions) -> Host:
    host = parse_host(text)
    return host if host.user or not options.user else replace(host, user=options.user)


def list_options() -> tuple[Option, ...]:
    """Return the options with their types and defaults."""
    defaults = FleetOptions()
    return tuple(
        Option(option.name, option.annotation, getattr(defaults, option.name))
        for option in read_options(FleetOptions, skip=0)
    )


def read_fleet(settings: Settings, name: str, *, hosts: Iterable[str] = ()) -> Fleet:
    """Return a fleet of the configuration.

    Args:
        settings: The values of ``config(...)``.
        name: The fleet.
        hosts: Machines that are meant instead of those of the configuration.

    Raises:
        ConfigError: There is no such fleet, or a value of it is wrong.
    """
    chosen = tuple(hosts)
    names = list_fleets(settings)
    if name == DEFAULT_FLEET and not names and not chosen:
        raise ConfigError(
            "no host is named, neither behind the command nor in the configuration",
            hint="write it behind the command, as in dray deploy web1.shop.example, "
            f'or in rel/config.py: config("fleet", "{name}", hosts=["web1.shop.example"])',
        )
    if name not in names and not (chosen and name == DEFAULT_FLEET):
        raise ConfigError(
            f"there is no fleet {name}" + (f"; there are: {', '.join(names)}" if names else ""),
            got=name,
            choices=names,
            hint=f'config("fleet", "{name}", hosts=["web1.shop.example"]) in rel/config.py makes one',
        )
    options, location = _read_options(settings.section(SECTION, name))
    fleet = build_fleet(name, replace(options, hosts=chosen or options.hosts), location=location)
    if not fleet.hosts:
        raise ConfigError(f"the fleet {name} has no hosts", location=location, hint='hosts=["web1.shop.example"]')
    return fleet


def list_fleets(settings: Settings) -> tuple[str, ...]:
    """Return the names of the fleets that the configuration has."""
    return tuple(part for section, part in settings.tree if section == SECTION and part)


def _read_options(settings: Mapping[str, Setting]) -> tuple[FleetOptions, Location | None]:
    options = {option.name: option for option in list_options()}
    values: dict[str, Any] = {}
    location = None
    for key, setting in settings.items():
        origin = setting.origin if isinstance(setting.origin, Location) else None
        location = location or origin
        if key not in options:
            raise ConfigError(
                f"a fleet has no option {key!r}; it has: {', '.join(options)}",
                got=key,
                choices=tuple(options),
                location=origin,
            )
        value = validate_value(setting.value, options[key], owner=SECTION, origin=setting.origin)
        values[key] = tuple(value) if isinstance(value, list) else value
    return FleetOptions(**values), location
