"""How systemd confines a release, and what can be done without: one relaxation for each need of an application.

The set was measured with the BEAM and its JIT at work. The JIT maps its code twice, once to write and once to run, so
``MemoryDenyWriteExecute`` holds; only ``+JMsingle`` and ``+JPperf`` need the relaxation ``writable_code``.
"""

from __future__ import annotations

from dataclasses import dataclass

from dray.errors import ConfigError

PROTECTIONS: tuple[tuple[str, str], ...] = (
    ("NoNewPrivileges", "yes"),
    ("CapabilityBoundingSet", ""),
    ("AmbientCapabilities", ""),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "yes"),
    ("PrivateTmp", "yes"),
    ("PrivateDevices", "yes"),
    ("PrivateUsers", "yes"),
    ("PrivateIPC", "yes"),
    ("PrivateMounts", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectProc", "invisible"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX AF_NETLINK"),
    ("LockPersonality", "yes"),
    ("MemoryDenyWriteExecute", "yes"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallFilter", "@system-service"),
    ("SystemCallFilter", "~@privileged @resources"),
    ("SystemCallErrorNumber", "EPERM"),
    ("RemoveIPC", "yes"),
    ("KeyringMode", "private"),
    ("UMask", "0027"),
)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What can be done without.

    Args:
        why: Who needs it.
        without: The protections that are left out.
        instead: What stands there instead.
    """

    why: str
    without: tuple[str, ...]
    instead: tuple[tuple[str, str], ...] = ()


RELAXATIONS: dict[str, Relaxation] = {
    "writable_code": Relaxation(
        "NIFs that make machine code while they run; +JMsingle, +JPperf", ("MemoryDenyWriteExecute",)
    ),
    "low_ports": Relaxation(
        "listening on ports below 1024",
        ("CapabilityBoundingSet", "AmbientCapabilities", "PrivateUsers"),
        (("CapabilityBoundingSet", "CAP_NET_BIND_SERVICE"), ("AmbientCapabilities", "CAP_NET_BIND_SERVICE")),
    ),
    "home": Relaxation("reading below /home, /root and /run/user", ("ProtectHome",), (("ProtectHome", "read-only"),)),
    "devices": Relaxation("serial lines, cameras, GPUs and other devices", ("PrivateDevices",)),
    "shared_tmp": Relaxation(
        "files in /tmp that other programs see",
        ("PrivateTmp",),
        (("ReadWritePaths", "/tmp /var/tmp"),),  # noqa: S108
    ),
    "processes": Relaxation("seeing the processes of other users", ("ProtectProc",)),
    "other_users": Relaxation("files that belong to several users", ("PrivateUsers",)),
    "shared_memory": Relaxation("System V IPC with other programs", ("PrivateIPC", "RemoveIPC")),
    "sudo": Relaxation(
        "programs with the set-user-ID bit, such as sudo and ping",
        (
            "NoNewPrivileges",
            "CapabilityBoundingSet",
            "AmbientCapabilities",
            "PrivateUsers",
            "RestrictSUIDSGID",
            "SystemCallFilter",
            # Each of these implies NoNewPrivileges where the service is not run by root.
            "SystemCallArchitectures",
            "SystemCallErrorNumber",
            "RestrictAddressFamilies",
            "RestrictNamespaces",
            "RestrictRealtime",
            "PrivateDevices",
            "ProtectKernelTunables",
            "ProtectKernelModules",
            "ProtectKernelLogs",
            "ProtectClock",
            "ProtectHostname",
            "MemoryDenyWriteExecute",
            "LockPersonality",
        ),
    ),
    "namespaces": Relaxation("sandboxes and containers that the release starts", ("RestrictNamespaces",)),
    "realtime": Relaxation(
        "real-time scheduling",
        ("RestrictRealtime", "SystemCallFilter"),
        (("SystemCallFilter", "@system-service"), ("SystemCallFilter", "~@privileged")),
    ),
    "sockets": Relaxation("raw packets, Bluetooth, CAN and other families of sockets", ("RestrictAddressFamilies",)),
    "system_calls": Relaxation("any system call", ("SystemCallFilter", "SystemCallErrorNumber")),
    "kernel": Relaxation(
        "changing kernel settings in /proc and /sys", ("ProtectKernelTunables", "ProtectControlGroups")
    ),
}

_ROOT_IS_WRITTEN = "upgrades"
NAMES = (*RELAXATIONS, _ROOT_IS_WRITTEN)


def list_protections(relax: tuple[str, ...], *, root: str, writable: tuple[str, ...]) -> tuple[str, ...]:
    """Return the lines of a unit that confine the release.

    Args:
        relax: The relaxations to make.
        root: Where the release is installed; the relaxation ``upgrades`` lets it be written, for hot upgrades.
        writable: Further folders that may be written to.

    Raises:
        ConfigError: There is no such relaxation.
    """
    for name in relax:
        if name not in NAMES:
            raise ConfigError(
                f"service: there is nothing called {name} to relax; there are: {', '.join(NAMES)}",
                got=name,
                choices=NAMES,
            )
    without: set[str] = set()
    instead: list[tuple[str, str]] = []
    for name, relaxation in RELAXATIONS.items():
        if name in relax:
            without |= set(relaxation.without)
            instead += relaxation.instead
    if "system_calls" in relax or "sudo" in relax:
        instead = [(key, value) for key, value in instead if key != "SystemCallFilter"]
    lines = [f"{key}={value}" for key, value in PROTECTIONS if key not in without]
    lines += [f"{key}={value}" for key, value in instead]
    paths = (*writable, *((root,) if _ROOT_IS_WRITTEN in relax else ()))
    return (*lines, *(f"ReadWritePaths={path}" for path in paths))
