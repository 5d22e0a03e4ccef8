"""What makes hosts of this machine's files: a layer over them that all hosts of a fleet share and none changes.

It hides what belongs to this machine alone: its projects and its users' files, the services that it starts, its keys.
In a directory marked opaque, what lies below in an overlay is not seen (Documentation/filesystems/overlayfs.rst).
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from tests.harness import ROOT

# What a system consists of; every other folder at the top is somebody's own.
_SYSTEM = frozenset(
    {"bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys", "usr", "var"}
)
_HIDDEN = (
    *("var/tmp", "var/log/journal", "var/lib/systemd/linger", "usr/local/lib/systemd", "usr/sbin/policy-rc.d"),
    *("etc/ssh", "etc/sudoers.d", "etc/systemd/system", "etc/systemd/network", "etc/rc.local", "etc/profile.d"),
    *(f"etc/rc{level}.d" for level in "0123456S"),
)
# They would print to a screen that nobody sees, or begin in the middle of a measurement.
_MASKED = ("console-getty.service", "getty.target", "systemd-tmpfiles-clean.timer", "systemd-update-utmp.service")
_SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
UseDNS no
MaxStartups 200:30:400
MaxSessions 100
Subsystem sftp internal-sftp
"""
_SUDOERS = """\
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
deploy ALL=(ALL:ALL) NOPASSWD: ALL
"""
USERS = {"deploy": 4000, "guest": 4001}


def write_base_layer(layer: Path, public_key: str) -> None:
    """Write the layer.

    Args:
        layer: The folder that becomes it.
        public_key: Whom root and the users of every host let in.
    """
    layer.mkdir(mode=0o755)
    for path in sorted(Path("/").iterdir()):
        if path.name not in _SYSTEM and not path.is_symlink():
            _hide(layer, path.name)
    project = str(ROOT.relative_to("/"))
    for name in (*_HIDDEN, *([project] if ROOT.parts[1] in _SYSTEM else [])):
        _hide(layer, name)
    _write_users(layer, public_key)
    _write_services(layer)
    _write(layer, "etc/ssh/sshd_config", _SSHD)
    _write(layer, "etc/sudoers", _SUDOERS, mode=0o440)
    for name in ("etc/environment", "etc/fstab", "etc/crypttab"):
        _write(layer, name, "")
    if Path("/etc/resolv.conf").is_symlink():
        (layer / "etc/resolv.conf").symlink_to("/dev/null")
    else:
        _write(layer, "etc/resolv.conf", "")


def _hide(layer: Path, name: str) -> None:
    """Let a folder look empty, and a file not be there."""
    below = Path("/") / name
    if below.is_dir():
        os.setxattr(_make_folder(layer, name), "trusted.overlay.opaque", b"y")
    elif below.exists() and not (layer / name).exists():
        _make_folder(layer, str(Path(name).parent))
        os.mknod(layer / name, stat.S_IFCHR, os.makedev(0, 0))


def _make_folder(layer: Path, name: str) -> Path:
    """Make a folder, and those above it, with the mode that each has on this machine."""
    folder = layer
    for part in Path(name).parts:
        folder /= part
        below = Path("/") / folder.relative_to(layer)
        if not folder.exists():
            folder.mkdir()
            folder.chmod(stat.S_IMODE(below.stat().st_mode) if below.is_dir() else 0o755)
    return folder


def _write(layer: Path, name: str, text: str, *, mode: int = 0o644) -> None:
    _make_folder(layer, str(Path(name).parent))
    (layer / name).write_text(text)
    (layer / name).chmod(mode)


def _write_users(layer: Path, public_key: str) -> None:
    """Let root and the users in, who have a key and no password."""
    lines = {
        "passwd": "{name}:x:{number}:{number}::/home/{name}:/bin/bash",
        "shadow": "{name}:*:19000:0:99999:7:::",
        "group": "{name}:x:{number}:",
    }
    for file, line in lines.items():
        below = Path("/etc") / file
        kept = [entry for entry in below.read_text().splitlines() if entry.split(":")[0] not in USERS]
        new = [line.format(name=name, number=number) for name, number in USERS.items()]
        _write(layer, f"etc/{file}", "\n".join([*kept, *new]) + "\n")
        shutil.copystat(below, layer / "etc" / file)
        os.chown(layer / "etc" / file, below.stat().st_uid, below.stat().st_gid)
    for name, number in {"root": 0, **USERS}.items():
        home = "root" if name == "root" else f"home/{name}"
        _write(layer, f"{home}/.ssh/authorized_keys", public_key, mode=0o600)
        (layer / home / ".ssh").chmod(0o700)
        for path in (layer / home, layer / home / ".ssh", layer / home / ".ssh/authorized_keys"):
            os.chown(path, number, number)


def _write_services(layer: Path) -> None:
    """Start sshd at boot, and nothing else that this machine has."""
    units = _make_folder(layer, "etc/systemd/system")
    for name in _MASKED:
        (units / name).symlink_to("/dev/null")
    for link in ("sshd.service", "multi-user.target.wants/ssh.service"):
        (units / link).parent.mkdir(exist_ok=True)
        (units / link).symlink_to("/lib/systemd/system/ssh.service")
    for name in ("etc/.updated", "var/.updated"):  # nothing is rebuilt at boot because /usr looks newer
        _write(layer, name, "")
