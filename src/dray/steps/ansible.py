"""The step ``ansible``: deploys the release by Ansible, with the user's inventory, strategies and vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dray.core.step import StepDefinition

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.option import Option
    from dray.core.release import Release


def deploy_release(release: Release, ctx: Context, inventory: str | tuple[str, ...], **settings: Any) -> Release:
    """Deploy the release by Ansible, which is run as a program: for hundreds of hosts, and where Ansible rules.

    The release goes into a store, and the module of the collection ``dray.release`` takes each host to it: the host
    fetches what it lacks from the store's URL, or is sent it; then it is the same deployment as that of ``ssh``.

    Args:
        release: Assembled.
        ctx: The outside world.
        inventory: What ``ansible-playbook --inventory`` takes.
        settings: The other fields of ``AnsibleOptions``.

    Returns:
        The release as it was deployed.
    """
    from dray.deploy.ansible import deploy_by_ansible
    from dray.deploy.ansible_options import AnsibleOptions

    done, rollout = deploy_by_ansible(release, ctx, AnsibleOptions(inventory, **settings))
    return done.with_rollout(rollout) if rollout is not None else done


def _list_options() -> tuple[Option, ...]:
    from dray.deploy.ansible_options import list_options

    return list_options()


ansible: StepDefinition[...] = StepDefinition("ansible", deploy_release, _list_options)
"""The step; its options are the fields of ``dray.deploy.ansible_options.AnsibleOptions``."""
