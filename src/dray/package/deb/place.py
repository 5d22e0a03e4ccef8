"""Where a package puts a release on a host, by the Filesystem Hierarchy Standard 3.0."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """The paths of a package; none begins with a slash, as entries of an archive do not.

    Args:
        package: The package's name.
    """

    package: str

    @property
    def root(self) -> str:
        """The release."""
        return f"usr/lib/{self.package}"

    @property
    def command(self) -> str:
        """What people type."""
        return f"usr/bin/{self.package}"

    @property
    def configuration(self) -> str:
        """What the administrator changes."""
        return f"etc/{self.package}"

    @property
    def documents(self) -> str:
        """Copyright and changelog."""
        return f"usr/share/doc/{self.package}"
