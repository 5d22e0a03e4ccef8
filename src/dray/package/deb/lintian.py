"""The tags of lintian that a release cannot do without, each with its reason; see lintian(1)."""

from __future__ import annotations

from dray.core.contents import File

_Override = tuple[str, tuple[str, ...]]

PUBLISHED: tuple[_Override, ...] = (
    (
        "The package is made by its authors and published in their own repository: Debian has no bug to close.",
        ("initial-upload-closes-no-bugs",),
    ),
)
"""Of every package."""
DESCRIBED: tuple[_Override, ...] = (
    (
        "What the package is made of, for tools that publish it and tell people what changed.",
        ("unknown-field Dray-*",),
    ),
)
"""Of one that has fields of dray's."""
RELEASE: tuple[_Override, ...] = (
    ("The variables of the system may hold secrets.", ("non-standard-file-perm 0640 != 0644 [etc/*]",)),
    ("The launcher reads these files; nobody runs them.", ("script-not-executable [usr/lib/*/releases/*]",)),
)
"""Of one with a release."""
LINKS: tuple[_Override, ...] = (
    (
        "What an upgrade keeps of the old version stands in another folder, where the links have to hold, too.",
        ("absolute-symlink-in-top-level-folder * [usr/lib/*]",),
    ),
)
"""Of one with links to a runtime."""
RUNTIME: tuple[_Override, ...] = (
    (
        "The release brings the runtime that it was built and tested with, as OTP makes it.",
        (
            "hardening-no-bindnow *",
            "hardening-no-fortify-functions *",
            "embedded-library *",
            "shared-library-lacks-prerequisites *",
        ),
    ),
)
"""Of one with a runtime."""


def format_overrides(package: str, *groups: tuple[_Override, ...]) -> File:
    """Return the file with the overrides of a package.

    Args:
        package: The package.
        groups: What it has.
    """
    overrides = (override for group in groups for override in group)
    lines = [line for reason, tags in overrides for line in (f"# {reason}", *(f"{package}: {tag}" for tag in tags))]
    return File(f"usr/share/lintian/overrides/{package}", ("\n".join(lines) + "\n").encode())
