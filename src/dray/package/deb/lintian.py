"""The tags of lintian that a release cannot do without, each with its reason; see lintian(1)."""

from __future__ import annotations

from dray.core.contents import File

_OVERRIDES = (
    (
        "The package is made by its authors and published in their own repository: Debian has no bug to close.",
        ("initial-upload-closes-no-bugs",),
    ),
    (
        "What the package is made of, for tools that publish it and tell people what changed.",
        ("unknown-field Dray-*",),
    ),
    ("The variables of the system may hold secrets.", ("non-standard-file-perm 0640 != 0644 [etc/*]",)),
    ("The launcher reads these files; nobody runs them.", ("script-not-executable [usr/lib/*/releases/*]",)),
    (
        "The release brings the runtime that it was built and tested with, as OTP makes it.",
        ("hardening-no-bindnow *", "hardening-no-fortify-functions *", "embedded-library *"),
    ),
)


def format_overrides(package: str) -> File:
    """Return the file with the overrides of a package."""
    lines = [line for reason, tags in _OVERRIDES for line in (f"# {reason}", *(f"{package}: {tag}" for tag in tags))]
    return File(f"usr/share/lintian/overrides/{package}", ("\n".join(lines) + "\n").encode())
