"""What a user may say about a package, as ``config("deb", ...)``, the step's options and ``--set`` take it.

    DebOptions(maintainer="Shop Operations <ops@shop.example>", upgrade="restart")

Everything has a default that is made of the project; ``dray.package.deb.identity`` checks the rest against Debian's
policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class DebOptions:
    """What can be said about a package; None stands for a default that is made of the project.

    Args:
        name: The package; by default the release's name, with hyphens for underscores.
        version: Its upstream version; by default the release's, in Debian's order: ``1.2.0-rc.1`` becomes
            ``1.2.0~rc.1``, and what stands behind a plus sign follows the time of the commit.
        revision: What follows the version, for another package of the same release.
        maintainer: ``Name <mail>``; by default that of ``mix.exs``, or the author of the last commit.
        description: By default that of the project: its first sentence, and all of it.
        homepage: By default that of the project.
        section: By default ``web`` for a release with a web server, else ``misc``.
        licence: An SPDX name; by default that of ``mix.exs``.
        depends: Further packages that it needs.
        recommends: Packages that are installed with it, unless the administrator objects.
        distributions: Where it is to be installed: ``debian-12``, ``ubuntu-24.04``, ... By default the one of this
            machine, or ``debian-12``.
        split: Whether ERTS and the applications of OTP and Elixir become a package of their own, which the releases
            of the project share. Several releases are held together by one more package. ``{"RELEASE": "PACKAGE"}``
            says which releases these are, and what their packages are called.
        project: What the packages of several releases are called after, with ``split``; by default the project.
        upgrade: What an upgrade of the package does to a running system: ``hot-or-restart``, ``hot-only``,
            ``restart``, or ``manual``.
        compression: ``zstd``, ``xz`` or ``gzip``; by default zstd, or xz where a distribution cannot read that.
        level: How hard to compress; by default 9 for zstd and gzip, 6 for xz.
        start: Whether the service starts when the package is installed.
        file: The file's name; by default ``NAME_VERSION_ARCHITECTURE.deb``.
    """

    name: str | None = None
    version: str | None = None
    revision: str = "1"
    maintainer: str | None = None
    description: str | None = None
    homepage: str | None = None
    section: str | None = None
    licence: str | None = None
    depends: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ("ca-certificates",)
    distributions: tuple[str, ...] = ()
    split: bool | dict[str, str] = False
    project: str | None = None
    upgrade: Literal["hot-or-restart", "hot-only", "restart", "manual"] = "hot-or-restart"
    compression: Literal["zstd", "xz", "gzip"] | None = None
    level: int | None = None
    start: bool = True
    file: str | None = None
