"""Real apt in a folder of its own: it knows nothing of this machine's packages, sources and keys."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FOLDERS = (
    "etc/apt/sources.list.d",
    "etc/apt/preferences.d",
    "etc/apt/apt.conf.d",
    "etc/apt/trusted.gpg.d",
    "var/lib/apt/lists/partial",
    "var/cache/apt/archives/partial",
    "var/lib/dpkg",
    "var/log/apt",
)


@dataclass(frozen=True)
class Apt:
    """apt with a root of its own.

    Args:
        root: The folder.
        architecture: What its host runs on.
    """

    root: Path
    architecture: str = "amd64"

    @classmethod
    def make(cls, root: Path, url: str, keyring: bytes, *, suite: str = "stable", component: str = "main") -> Apt:
        """Make a root with one source whose signatures are required."""
        for folder in _FOLDERS:
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "var/lib/dpkg/status").touch()
        (root / "empty.conf").touch()  # nothing of this machine's configuration counts
        (root / "keyring.gpg").write_bytes(keyring)
        (root / "etc/apt/sources.list.d/test.sources").write_text(
            f"Types: deb\nURIs: {url}\nSuites: {suite}\nComponents: {component}\nSigned-By: {root}/keyring.gpg\n"
        )
        return cls(root)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run apt-get or, for what it knows, apt-cache."""
        program = "apt-cache" if arguments[0] in {"policy", "show", "madison"} else "apt-get"
        options = {
            "Dir": f"{self.root}/",
            "Dir::State::status": f"{self.root}/var/lib/dpkg/status",
            "APT::Architecture": self.architecture,
            "APT::Architectures": self.architecture,
            "APT::Sandbox::User": "root",
            "APT::Machine-ID": "0123456789abcdef0123456789abcdef",
            "Acquire::Check-Valid-Until": "true",
            "Acquire::Check-Date": "true",
            "Acquire::Languages": "none",
            "Acquire::Retries": "0",
            "Acquire::AllowInsecureRepositories": "false",
            "Debug::NoLocking": "true",
        }
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return subprocess.run(
            [program, *given, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "APT_CONFIG": f"{self.root}/empty.conf"},
        )

    def update(self) -> str:
        """Fetch the indices; return what went wrong, nothing where all is well."""
        done = self.run("update", "-q")
        said = done.stdout + done.stderr
        return "" if done.returncode == 0 and "W:" not in said and "E:" not in said else said

    def versions(self, package: str) -> list[str]:
        """Return the versions that apt knows of a package, the newest first."""
        lines = self.run("madison", package).stdout.splitlines()
        return [line.split("|")[1].strip() for line in lines]

    def candidate(self, package: str) -> str:
        """Return the version that apt would install."""
        lines = self.run("policy", package).stdout.splitlines()
        return next((line.split()[1] for line in lines if "Candidate:" in line), "")

    def download(self, package: str) -> list[Path]:
        """Download a package to apt's cache, as an installation would."""
        done = self.run("install", "-y", "-q", "--download-only", package)
        assert done.returncode == 0, done.stdout + done.stderr
        return sorted((self.root / "var/cache/apt/archives").glob("*.deb"))

    def install_by_hand(self, package: str, version: str) -> None:
        """Let apt believe that a version is installed."""
        (self.root / "var/lib/dpkg/status").write_text(
            f"Package: {package}\nStatus: install ok installed\nVersion: {version}\n"
            f"Architecture: {self.architecture}\nMaintainer: x <x@x.example>\nDescription: x\n"
        )
