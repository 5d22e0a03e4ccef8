"""What the configuration says of the host: ``config("vm_args", ...)`` and ``config("cluster", ...)``.

config("vm_args", flags=["+P 400000"], skip=["busy_wait"])
config("cluster", interface="eth0", port=9100, cookie="file:/etc/shop/cookie")
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Any

from dray.errors import ConfigError, Location

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dray.core.settings import Settings

RULES = (
    *("node", "schedulers", "busy_wait", "ports", "processes", "distribution_buffer"),
    *("crash_dump", "interface", "port", "ports_of_nodes", "tls"),
)
"""The names of the rules, as a reader of ``bin/NAME vm_args`` sees them."""

_CAN_BE_SKIPPED = tuple(name for name in RULES if name not in {"node", "interface", "port", "ports_of_nodes", "tls"})


@dataclass(frozen=True, slots=True)
class FlagSettings:
    """What ``config("vm_args", ...)`` says.

    Args:
        flags: Lines of ``vm.args``, which win over every rule.
        skip: The names of rules that are not applied.
    """

    flags: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """What ``config("cluster", ...)`` says; an empty text is what was not said.

    Args:
        interface: Where nodes listen: an IPv4 address of the host, the name of a network interface, ``host`` for that
            of the default route, ``any``; loopback where it is empty.
        port: The one port of the node; then there is no port mapper.
        ports: The first and the last port that a node may take, ``"9100-9110"``.
        cookie: Where the host keeps the cookie: ``file:PATH`` or ``env:NAME``.
        tls: The file of the host with the options of TLS distribution.
    """

    interface: str = ""
    port: str = ""
    ports: str = ""
    cookie: str = ""
    tls: str = ""


def read_flag_settings(settings: Settings) -> FlagSettings:
    """Return what ``config("vm_args", ...)`` says.

    Raises:
        ConfigError: A key is unknown, or a value is not one of its kind.
    """
    return FlagSettings(**_read(settings, "vm_args", {"flags": _parse_flags, "skip": _parse_skip}))


def read_cluster_settings(settings: Settings) -> ClusterSettings:
    """Return what ``config("cluster", ...)`` says.

    Raises:
        ConfigError: A key is unknown, a value is not one of its kind, or two of them exclude each other.
    """
    kinds = {
        "interface": _parse_interface,
        "port": _parse_port,
        "ports": _parse_ports,
        "cookie": _parse_cookie,
        "tls": _parse_path,
    }
    cluster = ClusterSettings(**_read(settings, "cluster", kinds))
    if cluster.port and cluster.ports:
        raise ConfigError(
            'config("cluster", ...) has port and ports: a node has a fixed port or takes one of several',
            location=_location(settings, "cluster", "port"),
        )
    return cluster


def _read(settings: Settings, section: str, kinds: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, setting in settings.section(section).items():
        place = setting.origin if isinstance(setting.origin, Location) else None
        if key not in kinds:
            raise ConfigError(
                f'config("{section}", ...) has no key {key!r}',
                got=key,
                choices=tuple(kinds),
                location=place,
                hint=f"there are: {', '.join(kinds)}",
            )
        if setting.value is None:
            continue
        try:
            values[key] = kinds[key](setting.value)
        except ValueError as error:
            raise ConfigError(
                f'{key} of config("{section}", ...) is {error}', got=repr(setting.value), location=place
            ) from None
    return values


def _location(settings: Settings, section: str, key: str) -> Location | None:
    origin = settings.section(section)[key].origin
    return origin if isinstance(origin, Location) else None


def _parse_texts(value: Any) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError("a list of texts")
    return tuple(texts)


def _parse_flags(value: Any) -> tuple[str, ...]:
    flags = _parse_texts(value)
    for flag in flags:
        if not re.fullmatch(r"[-+][^\n]+", flag):
            raise ValueError('a list of flags, each on a line of its own, such as "+P 400000"')
        if re.search(r"(?<!\S)-(s?name|setcookie)\s", f"{flag} "):
            raise ValueError(
                "a list of flags without name and cookie: set RELEASE_NODE and RELEASE_COOKIE on the host"
            )
    return flags


def _parse_skip(value: Any) -> tuple[str, ...]:
    names = _parse_texts(value)
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or (name in RULES and name not in _CAN_BE_SKIPPED):
            raise ValueError(f"a list of rules, of these or your own: {', '.join(_CAN_BE_SKIPPED)}")
    return names


def _parse_interface(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value):
        raise ValueError('an IPv4 address, the name of a network interface, "host" or "any"')
    if re.fullmatch(r"[0-9.]+", value):
        try:
            address = IPv4Address(value)
        except AddressValueError:
            raise ValueError("an IPv4 address of four numbers") from None
        return "any" if address.is_unspecified else str(address)
    return value


def _parse_port(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65536:
        raise ValueError("a number from 1 to 65535")
    return str(value)


def _parse_ports(value: Any) -> str:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError("the first and the last port, (9100, 9110)")
    first, last = map(_parse_port, value)
    if int(first) > int(last):
        raise ValueError("the first and the last port, in this order")
    return f"{first}-{last}"


def _parse_cookie(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"file:/[^\n]+|env:[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError('a place on the host, "file:/etc/shop/cookie" or "env:SHOP_COOKIE", never the cookie itself')
    return value


def _parse_path(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"/[^\s\"'\\]+", value):
        raise ValueError("the absolute path of a file on the host, without blanks and quotes")
    return value
