"""Asks a Debian archive: which packages of a release have a name, and what their control files say.

apt does the work, with settings, indices and keys of its own, so that this machine's packages do not matter.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FOLDERS = (
    "etc/sources.list.d",
    "etc/preferences.d",
    "lists/partial",
    "cache/archives/partial",
    "debs",
    "etc/apt.conf.d",
)
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Archive:
    """A release of Debian.

    Args:
        folder: Where apt keeps what it fetched.
        mirror: The archive, such as the URI in ``/etc/apt/sources.list``.
        suite: The release's code name.
        architectures: The architectures to ask for.
    """

    folder: Path
    mirror: str
    suite: str
    architectures: tuple[str, ...]

    def update(self) -> None:
        """Fetch the index of packages."""
        for name in _FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        source = f"deb [signed-by={_KEYS}] {self.mirror} {self.suite} main\n"
        (self.folder / "etc/sources.list").write_text(source)
        self._apt("apt-get", "-qq", "update")

    def list_packages(self, patterns: tuple[str, ...]) -> list[str]:
        """Return the packages whose names fit, each as ``NAME:ARCHITECTURE``."""
        wanted = re.compile("|".join(patterns))
        lines = self._apt("apt-cache", "dumpavail").split("\n\n")
        found = set()
        for stanza in lines:
            fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
            if wanted.fullmatch(fields.get("Package", "")) and fields["Architecture"] in self.architectures:
                found.add(f"{fields['Package']}:{fields['Architecture']}")
        return sorted(found)

    def read_control(self, packages: list[str], names: tuple[str, ...]) -> dict[str, dict[str, str]]:
        """Return control files by package and name."""
        self._apt("apt-get", "-qq", "download", *packages, cwd=self.folder / "debs")
        found: dict[str, dict[str, str]] = {}
        for path in sorted((self.folder / "debs").glob("*.deb")):
            package, _, architecture = path.stem.split("_")
            if f"{package}:{architecture}" in packages:
                target = self.folder / "control"
                _run("rm", "-rf", str(target))
                _run("dpkg-deb", "--control", str(path), str(target))
                files = {name: target / name for name in names}
                found[f"{package}:{architecture}"] = {
                    name: file.read_text(encoding="utf-8") for name, file in files.items() if file.is_file()
                }
        return found

    def _apt(self, *argv: str, cwd: Path | None = None) -> str:
        main, *others = self.architectures
        settings = {
            "Dir::Etc": f"{self.folder}/etc",
            "Dir::Etc::parts": f"{self.folder}/etc/apt.conf.d",
            "Dir::State": str(self.folder),
            "Dir::State::status": f"{self.folder}/status",
            "Dir::Cache": f"{self.folder}/cache",
            "APT::Architecture": main,
            "Acquire::Languages": "none",
            "Acquire::Check-Valid-Until": "false",
            "APT::Sandbox::User": "root",
        }
        options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
        options += [part for name in (main, *others) for part in ("-o", f"APT::Architectures::={name}")]
        return _run(argv[0], *options, *argv[1:], cwd=cwd)


def _run(*argv: str, cwd: Path | None = None) -> str:
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, cwd=cwd).stdout
