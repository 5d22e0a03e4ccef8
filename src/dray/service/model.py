"""A service as a value: what every format prints, already checked.

    service = build_service(ServiceOptions(instances=2, port=4000), release="shop")
    [process.name for process in service.processes]  # ["shop-1", "shop-2"]

Paths and names are plain by rule, since init systems do not agree on how to quote them; the values of variables and
the words of commands may be any text.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.core.secret import Secret
from dray.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.service.options import ServiceOptions

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = re.compile(r"(/[A-Za-z0-9._+@-]+)+")
_NODE = re.compile(r"[A-Za-z0-9_-]+(@[A-Za-z0-9._-]+)?")

_LEAST_WATCHDOG = 4
"""The launcher gives two signs of life in that time, at whole seconds."""

FETCH = (
    "if command -v curl >/dev/null; "
    'then exec curl -fsS -o /dev/null --max-time 5 "$1"; '
    'else exec wget -q -T 5 -O /dev/null "$1"; fi'
)


@dataclass(frozen=True, slots=True)
class Process:
    """One running copy of the release.

    Args:
        instance: Its number; empty where there is one copy without a number.
        name: The service's name, with the number after a hyphen.
        environment: Variables that only this copy has.
        environment_files: Files on the host with variables; a later one wins.
        state: Its folder, which lasts; ``RELEASE_TMP``.
        runtime: Its folder until the next boot.
    """

    instance: str
    name: str
    environment: tuple[tuple[str, str], ...]
    environment_files: tuple[str, ...]
    state: str
    runtime: str


@dataclass(frozen=True, slots=True)
class Service:
    """A release as an init system runs it; see ``ServiceOptions`` for what is not explained here.

    Args:
        release: The release's name, so that its launcher is ``ROOT/bin/RELEASE``.
        log: The folder of the logs; empty where the init system's own place is meant.
        check: The words of the command that tells whether it is ready; empty for none.
        reload: The words of the command for a reload; empty for none.
        processes: The copies that run.
    """

    release: str
    name: str
    description: str
    root: str
    user: str
    group: str
    environment: tuple[tuple[str, str], ...]
    environment_file: str
    credentials: tuple[tuple[str, str], ...]
    state: str
    runtime: str
    log: str
    open_files: int
    memory_mb: int | None
    start_timeout: int
    stop_timeout: int
    restart: str
    restart_delay: int
    watchdog: int
    check: tuple[str, ...]
    reload: tuple[str, ...]
    processes: tuple[Process, ...]
    relax: tuple[str, ...]
    writable: tuple[str, ...]

    @property
    def launcher(self) -> str:
        """The path of ``bin/NAME``."""
        return f"{self.root}/bin/{self.release}"

    @property
    def has_instances(self) -> bool:
        """Whether the copies have numbers."""
        return self.processes[0].instance != ""

    @property
    def check_text(self) -> str:
        """The check as people read it: the address, or the command line."""
        return self.check[-1] if FETCH in self.check else shlex.join(self.check)

    @property
    def log_folder(self) -> str:
        """The folder of the logs for init systems that have no place of their own."""
        return self.log or f"/var/log/{self.name}"

    def variables(self, process: Process) -> tuple[tuple[str, str], ...]:
        """Return all variables of a copy, in the order in which they are set.

        Without a locale of UTF-8, which few init systems set, the BEAM takes variables and file names for Latin-1.
        """
        return (
            *(() if {"LANG", "LC_ALL"} & {name for name, _ in self.environment} else (("LANG", "C.UTF-8"),)),
            ("RELEASE_TMP", process.state),
            ("RELEASE_STOP_TIMEOUT", str(self.stop_timeout)),
            *self.environment,
            *process.environment,
        )


def build_service(options: ServiceOptions, *, release: str, description: str = "") -> Service:
    """Return the service that the options describe.

    Args:
        options: What the user said.
        release: The release's name.
        description: The release's description, used where the options have none.

    Raises:
        ConfigError: A value breaks a rule.
    """
    name = _check("name", options.name or release, _NAME, "letters, digits, _ and -")
    user = _check("user", options.user or name, _NAME, "letters, digits, _ and -")
    root = _check_path("root", options.root or f"/opt/{name}")
    state = _check_path("state", options.state or f"/var/lib/{name}")
    runtime = _check_path("runtime", options.runtime or f"/run/{name}")
    file = _check_path("environment_file", options.environment_file or f"/etc/{name}/environment")
    _check_numbers(options)
    return Service(
        release=release,
        name=name,
        description=_one_line(options.description or description or f"the release {release}"),
        root=root,
        user=user,
        group=_check("group", options.group or user, _NAME, "letters, digits, _ and -"),
        environment=_check_variables(options.environment),
        environment_file=file,
        credentials=tuple(
            (_check("credentials", key, _NAME, "names of letters, digits, _ and -"), _check_path("credentials", path))
            for key, path in options.credentials.items()
        ),
        state=state,
        runtime=runtime,
        log=_check_path("log", options.log) if options.log else "",
        open_files=options.open_files,
        memory_mb=options.memory_mb,
        start_timeout=options.start_timeout,
        stop_timeout=options.stop_timeout,
        restart=options.restart,
        restart_delay=options.restart_delay,
        watchdog=options.watchdog,
        check=_build_check(options.check or "", root),
        reload=split_command("reload", options.reload or "", root),
        processes=_build_processes(options, name, (file, state, runtime)),
        relax=options.relax,
        writable=tuple(_check_path("writable", path) for path in options.writable),
    )


def split_command(option: str, line: str, root: str) -> tuple[str, ...]:
    """Return the words of a command line; a relative program is one of the release's.

    Raises:
        ConfigError: A quote is not closed, or the line holds what no program can be given.
    """
    try:
        words = shlex.split(_check_text(option, line))
    except ValueError as error:
        raise ConfigError(f"service: {option} is no command line: {error}", got=line) from None
    if words and not words[0].startswith("/"):
        words[0] = f"{root}/{words[0]}"
    if words:
        _check_path(option, words[0])
    return tuple(words)


def _build_check(text: str, root: str) -> tuple[str, ...]:
    if text.startswith(("http://", "https://")):
        return ("/bin/sh", "-c", FETCH, "check", _check_text("check", text))
    return split_command("check", text, root)


def _build_processes(options: ServiceOptions, name: str, paths: tuple[str, str, str]) -> tuple[Process, ...]:
    file, state, runtime = paths
    if options.instances == 0:
        return (Process("", name, _build_own(options, name, 0), (file,), state, runtime),)
    return tuple(
        Process(
            str(number),
            f"{name}-{number}",
            _build_own(options, name, number),
            (file, f"{file}.{number}"),
            f"{state}/{number}",
            f"{runtime}/{number}",
        )
        for number in range(1, options.instances + 1)
    )


def _build_own(options: ServiceOptions, name: str, number: int) -> tuple[tuple[str, str], ...]:
    """Return the variables that tell one copy from the next: its port and its node's name."""
    own = []
    if options.port is not None:
        own.append(("PORT", str(options.port + max(number - 1, 0))))
    pattern = options.node or (f"{name}-{{instance}}" if number else "")
    if number > 1 and "{instance}" not in pattern:
        raise ConfigError(
            "service: the nodes of two instances cannot have the same name",
            got=pattern,
            hint=f'for example: node="{name}-{{instance}}"',
        )
    if pattern:
        node = pattern.replace("{instance}", str(number or ""))
        own.append(("RELEASE_NODE", _check("node", node, _NODE, "name or name@host")))
    return tuple(own)


def _check_numbers(options: ServiceOptions) -> None:
    lowest = {"open_files": 256, "start_timeout": 1, "stop_timeout": 1, "restart_delay": 0, "instances": 0}
    for key, least in lowest.items():
        value = getattr(options, key)
        if value < least:
            raise ConfigError(f"service: {key} is {least} or more", got=str(value))
    if options.watchdog and options.watchdog < _LEAST_WATCHDOG:
        raise ConfigError(f"service: watchdog is {_LEAST_WATCHDOG} or more, or 0 for none", got=str(options.watchdog))
    if options.memory_mb is not None and options.memory_mb < 64:
        raise ConfigError("service: memory_mb is 64 or more, since the BEAM needs that", got=str(options.memory_mb))
    if options.instances > 99:
        raise ConfigError("service: instances is 99 or less", got=str(options.instances))
    last = (options.port or 1) + max(options.instances - 1, 0)
    if not 1 <= (1 if options.port is None else options.port) <= last <= 65535:
        raise ConfigError("service: the ports of all instances are from 1 to 65535", got=str(options.port))


def _check_variables(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    for key, value in environment.items():
        _check("environment", key, _VARIABLE, "names of letters, digits and _")
        if isinstance(value, Secret):
            raise ConfigError(
                f"service: {key} is a secret, and secrets do not belong into a service's files, which all may read",
                location=value.location,
                hint="write it into the environment file of the host, or hand it over with credentials={...}",
            )
        _check_text(f"the variable {key}", value)
    return tuple(environment.items())


def _check_text(what: str, text: str) -> str:
    if "\0" in text or (not text.isascii() and text.encode(errors="replace").decode() != text):
        raise ConfigError(f"service: {what} is text without NUL bytes, in Unicode", got=repr(text))
    return text


def _check(option: str, value: str, rule: re.Pattern[str], words: str) -> str:
    if not rule.fullmatch(value):
        raise ConfigError(f"service: {option} is made of {words}", got=repr(value))
    return value


def _check_path(option: str, value: str) -> str:
    if not _PATH.fullmatch(value) or {".", ".."} & set(value.split("/")):
        raise ConfigError(
            f"service: {option} is an absolute path of letters, digits and . _ + @ -, without . and .. folders",
            got=repr(value),
        )
    return value


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
