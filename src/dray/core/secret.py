"""Values that must not be seen: read when they are used, never printed, never part of an artifact.

    config("slack", token=env("SLACK_TOKEN"))
    config("apt", passphrase=secret("file:~/.config/shop/passphrase"))

A ``Secret`` says where the value is; ``Context.reveal`` fetches it when a step needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from dray.errors import ConfigError

if TYPE_CHECKING:
    from dray.errors import Location


@dataclass(frozen=True, eq=False, slots=True)
class Secret:
    """Where a secret value is.

    Using it like text while the configuration is read is an error that says what to write instead: the value
    would end up where it can be seen.

    Args:
        source: ``env`` or ``file``.
        name: The variable, or the file's path.
        default: What to use where the source has nothing.
        location: Where the user wrote it.
    """

    source: str
    name: str
    default: str | None = None
    location: Location | None = None

    def __repr__(self) -> str:
        return f'env("{self.name}")' if self.source == "env" else f'secret("file:{self.name}")'

    def _refuse(self, *_: object) -> NoReturn:
        raise ConfigError(
            f"{self!r} is read when a step uses it; it has no value while the configuration is read",
            location=self.location,
            hint=f'for a value that may be seen, write os.environ["{self.name}"]',
        )

    __str__ = __format__ = __bool__ = __eq__ = _refuse
    __len__ = __iter__ = __add__ = __radd__ = _refuse
    __hash__ = object.__hash__
