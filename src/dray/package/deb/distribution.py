"""The distributions that a package is made for."""

from __future__ import annotations

from dray.errors import ConfigError

DISTRIBUTIONS = ("debian11", "debian12", "debian13", "ubuntu22.04", "ubuntu24.04", "ubuntu26.04")
_DEFAULT = "debian12"


def choose_distributions(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the distributions to build for.

    Raises:
        ConfigError: One is not known.
    """
    for name in given:
        if name not in DISTRIBUTIONS:
            raise ConfigError(
                f"deb: distributions are {', '.join(DISTRIBUTIONS)}", got=name, choices=DISTRIBUTIONS
            )
    return given or (_DEFAULT,)
