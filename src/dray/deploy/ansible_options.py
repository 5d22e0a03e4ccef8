"""The options of the step ``ansible``, which ``config("ansible", ...)`` and the pipeline set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dray.core.option import Option, read_options


@dataclass(frozen=True, slots=True)
class AnsibleOptions:
    """How a release is deployed by Ansible.

    Args:
        inventory: What ``ansible-playbook --inventory`` takes.
        playbook: A playbook of yours in the place of the one of the collection.
        limit: Only these hosts of the inventory.
        serial: How many hosts follow at a time, each a number or a percentage; the last one repeats.
        upgrade: ``"hot"`` refuses a restart, ``"restart"`` always restarts.
        check: When a host is well besides being ready: a URL, ``elixir:`` and an expression, or a command.
        timeout: Seconds until a host that is not well has failed.
        keep: How many good versions stay on a host.
        store: Where the release is stored: a folder, ``ssh://HOST/PATH`` or ``s3://BUCKET/FOLDER``; by default a
            folder below ``_build``.
        store_url: Where hosts fetch from; without it they are sent what they lack.
        check_mode: Whether it is only tried: ``--check --diff``.
        extra_arguments: Further arguments for ``ansible-playbook``.
    """

    inventory: str | tuple[str, ...]
    playbook: str | None = None
    limit: str | None = None
    serial: tuple[int | str, ...] = ()
    upgrade: Literal["auto", "hot", "restart"] = "auto"
    check: str | tuple[str, ...] = ()
    timeout: int = 60
    keep: int = 5
    store: str | None = None
    store_url: str | None = None
    check_mode: bool = False
    extra_arguments: tuple[str, ...] = ()

    @property
    def inventories(self) -> tuple[str, ...]:
        """The inventories."""
        return (self.inventory,) if isinstance(self.inventory, str) else self.inventory

    @property
    def checks(self) -> tuple[str, ...]:
        """What is checked."""
        return (self.check,) if isinstance(self.check, str) else self.check


def list_options() -> tuple[Option, ...]:
    """Return the options, as a step has them."""
    return tuple(
        Option(option.name, option.annotation, option.default, positional=option.name == "inventory")
        for option in read_options(AnsibleOptions, skip=0)
    )
