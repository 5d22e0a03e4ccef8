"""What a user may say about a service, as ``config("service", ...)``, the step's options and ``--set`` take it.

    ServiceOptions(user="shop", instances=2, port=4000)

The fields are the options; ``dray.service.model`` makes the service of them and checks that it can be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from dray.core.option import Option, read_options, validate_value
from dray.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.core.option import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """What can be said about a service; None stands for a default that is made of the name.

    Args:
        name: The service; by default the release's name.
        description: One line for people; by default that of the release.
        root: Where the release is installed; by default ``/opt/NAME``.
        user: Whom it runs as; by default its name.
        group: By default its user.
        environment: Variables that are no secrets.
        environment_file: Variables of the host, secrets among them; by default ``/etc/NAME/environment``.
        credentials: Names and files that systemd hands over with ``LoadCredential=``.
        state: Its folder, which lasts; by default ``/var/lib/NAME``.
        runtime: Its folder until the next boot; by default ``/run/NAME``.
        log: The folder of its logs; by default ``/var/log/NAME``, with systemd the journal.
        open_files: How many files and sockets it may open.
        memory_mb: How much memory it may use, in MiB.
        start_timeout: Seconds until a start has failed.
        stop_timeout: Seconds until it is ended by force.
        restart: When it is started again.
        restart_delay: Seconds before that.
        watchdog: Seconds without an answer until systemd starts it again; 0 for never.
        check: A URL, or a command line, that tells whether it is ready.
        reload: A command line by which it reads its configuration anew.
        instances: How many run on a host, as ``NAME@1``, ``NAME@2``, ...; 0 for one without a number.
        port: The variable ``PORT``, counted up from one instance to the next.
        node: ``RELEASE_NODE``; ``{instance}`` stands for the number.
        relax: Protections of systemd to do without.
        writable: Folders that it may write to besides its own.
    """

    name: str | None = None
    description: str | None = None
    root: str | None = None
    user: str | None = None
    group: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    environment_file: str | None = None
    credentials: dict[str, str] = field(default_factory=dict)
    state: str | None = None
    runtime: str | None = None
    log: str | None = None
    open_files: int = 65536
    memory_mb: int | None = None
    start_timeout: int = 90
    stop_timeout: int = 60
    restart: Literal["on-failure", "always", "never"] = "on-failure"
    restart_delay: int = 2
    watchdog: int = 60
    check: str | None = None
    reload: str | None = None
    instances: int = 0
    port: int | None = None
    node: str | None = None
    relax: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()


def list_options() -> tuple[Option, ...]:
    """Return the options with their types and defaults, as a step has them."""
    return tuple(
        Option(option.name, option.annotation, {} if option.name in _DICTS else option.default)
        for option in read_options(ServiceOptions, skip=0)
    )


def read_service_options(settings: Mapping[str, Setting], sets: Mapping[str, str]) -> ServiceOptions:
    """Return the options of a configuration's section and of ``--set``; the latter win.

    Args:
        settings: What ``config("service", ...)`` says.
        sets: Keys and texts of ``--set``.

    Raises:
        ConfigError: A key is unknown, or a value is of the wrong type.
    """
    options = {option.name: option for option in list_options()}
    values: dict[str, Any] = {}
    given = {key: (setting.value, setting.origin) for key, setting in settings.items()}
    given |= {key: (text, "--set") for key, text in sets.items()}
    for key, (value, origin) in given.items():
        if key not in options:
            raise ConfigError(
                f"a service has no option {key!r}; it has: {', '.join(options)}",
                got=key,
                choices=tuple(options),
                location=None if isinstance(origin, str) else origin,
            )
        values[key] = validate_value(value, options[key], owner="service", origin=origin)
    return ServiceOptions(**values)


_DICTS = ("environment", "credentials")
