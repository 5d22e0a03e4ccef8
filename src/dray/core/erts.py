"""The Erlang runtime system of a release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Erts:
    """A runtime and the OTP applications that were built with it.

    Args:
        version: The runtime's version, ``"13.1.5"``.
        root: OTP's root folder.
        lib: The folder of OTP's applications.
        included: Whether the release carries it; otherwise it uses the one of the host.
    """

    version: str
    root: Path
    lib: Path
    included: bool = True

    @property
    def source(self) -> Path:
        """The runtime's own folder, ``erts-VERSION``."""
        return self.root / f"erts-{self.version}"

    @property
    def directory(self) -> str:
        """Its folder in a release."""
        return f"erts-{self.version}"
