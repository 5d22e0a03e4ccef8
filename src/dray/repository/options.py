"""The options of the step ``apt``, which ``config("apt", ...)`` and the pipeline set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.core.option import Option, read_options

if TYPE_CHECKING:
    from dray.repository.publish import Terms


@dataclass(frozen=True, slots=True)
class AptOptions:
    """How a release's packages are published.

    Args:
        repository: A folder, ``ssh://HOST/PATH`` or ``s3://BUCKET/FOLDER``.
        suite: Where hosts look for it: ``Suites:`` of their source.
        component: The part of the suite.
        rollout: The percentage of hosts that take the version by themselves; 0 stops it.
        keep: How many versions of each package stay.
        key: The secret key, armoured, a file of it, or ``gpg:FINGERPRINT``.
        passphrase: What the key is protected with.
        trust: Files of further public keys that may have signed what is there.
        allow_downgrade: Whether a version may be older than what is there.
        valid_days: After how many days apt takes the suite for outdated.
        origin: Whose packages these are.
        label: What they are.
        description: One line about them.
        architectures: What the suite is for besides what the packages are for.
    """

    repository: str
    suite: str = "stable"
    component: str = "main"
    rollout: int = 100
    keep: int | None = None
    key: str | None = None
    passphrase: str | None = None
    trust: tuple[str, ...] = ()
    allow_downgrade: bool = False
    valid_days: int | None = None
    origin: str | None = None
    label: str | None = None
    description: str | None = None
    architectures: tuple[str, ...] = ()

    def terms(self, name: str) -> Terms:
        """Return how packages are published; ``name`` is whose they are where nothing says it."""
        from dray.repository.publish import Terms  # noqa: PLC0415 - listing options costs nothing
        from dray.repository.release_file import Description  # noqa: PLC0415

        return Terms(
            suite=self.suite,
            component=self.component,
            rollout=self.rollout,
            keep=self.keep,
            allow_downgrade=self.allow_downgrade,
            valid_days=self.valid_days,
            about=Description(self.origin or name, self.label or "", self.description or ""),
            architectures=tuple(self.architectures),
        )


def list_options() -> tuple[Option, ...]:
    """Return the options, as a step has them."""
    return tuple(
        Option(option.name, option.annotation, option.default, positional=option.name == "repository")
        for option in read_options(AptOptions, skip=0)
    )
