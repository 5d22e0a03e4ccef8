"""What of a release looks at the host when it starts: the node's name, facts, rules, and what renders ``vm.args``.

The project's own facts and rules, ``rel/facts/*.sh`` and ``rel/rules/*.sh``, are part of the files of dray's; steps
add theirs as ``releases/VSN/host/facts.d/*.sh``. What runs on the host is shell, see the templates of this folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.assemble.facts import facts_of
from dray.assemble.host_settings import ClusterSettings, read_cluster_settings, read_flag_settings
from dray.assemble.vm_args import find_vm_args
from dray.core.contents import Entry, File
from dray.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.context import Context
    from dray.core.release import Release

FACTS = ("name", "address", "cgroup", "cpus", "memory", "files")
# Those of the distribution are needed without a file, too: they are part of vm_args.sh, and "interface" applies them.
RULE_FILES = (
    *("node", "schedulers", "busy_wait", "ports", "processes", "distribution_buffer", "crash_dump", "interface"),
)
_OTP_WITHOUT_PORT_MAPPER = 25  # the first that knows -dist_listen, without which remote would take the node's port


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A shell file of the project's.

    Args:
        origin: Its path in the project.
        text: What it says.
    """

    origin: str
    text: str


def list_host_entries(release: Release, ctx: Context, sys_config: bytes) -> list[Entry]:
    """Return the files of ``releases/VSN/host``.

    Args:
        release: Named, its applications resolved.
        ctx: The outside world.
        sys_config: The configuration, which may say where the node listens.

    Raises:
        ConfigError: ``config("cluster", ...)`` or ``config("vm_args", ...)`` is wrong or does not fit the release.
    """
    cluster = read_cluster_settings(ctx.settings)
    validate_cluster(cluster, release)
    values: dict[str, dict[str, object]] = {
        "node": {"cluster": cluster},
        "vm_args": {
            "origin": find_vm_args(release, ctx).origin,
            "sys_config_sets_interface": "yes" if b"inet_dist_use_interface" in sys_config else "",
            "skip": " ".join(read_flag_settings(ctx.settings).skip),
        },
        "facts": {"parts": FACTS, "own": list_own_files(ctx.root, "facts")},
        "rules": {"parts": RULE_FILES, "own": list_own_files(ctx.root, "rules")},
    }
    return [
        File(
            f"{release.version_path}/host/{name}.sh",
            ctx.templates.render(f"releases/VSN/host/{name}.sh", **of).encode(),
        )
        for name, of in values.items()
    ]


def list_own_files(root: Path, kind: str) -> tuple[OwnFile, ...]:
    """Return the shell files of ``rel/KIND`` in the order of their names."""
    files = sorted((root / "rel" / kind).glob("*.sh"))
    return tuple(OwnFile(f"rel/{kind}/{file.name}", file.read_text(encoding="utf-8").rstrip("\n")) for file in files)


def validate_cluster(cluster: ClusterSettings, release: Release) -> None:
    """Check that a release can run in such a cluster.

    Raises:
        ConfigError: Its OTP is too old, or it lacks an application.
    """
    project, _ = facts_of(release)
    if cluster.port and int(project.toolchain.otp_release) < _OTP_WITHOUT_PORT_MAPPER:
        raise ConfigError(
            f'port of config("cluster", ...) needs OTP {_OTP_WITHOUT_PORT_MAPPER}',
            got=f"OTP {project.toolchain.otp_release}",
            hint="take ports=(9100, 9100) with a port mapper, or a newer OTP",
        )
    if cluster.tls and "ssl" not in {application.name for application in release.applications}:
        raise ConfigError(
            'tls of config("cluster", ...) needs the application ssl, and the release does not have it',
            hint=f'config("{release.name}", applications={{"ssl": "permanent"}})',
        )
