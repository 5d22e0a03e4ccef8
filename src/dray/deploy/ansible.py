"""Deploys by Ansible, which is run as a program: the release goes into a store, and a playbook does the rest.

What is done on a host is the same as by ``ssh``: the collection ``dray.release``, which is in ``collections``, speaks
with the same ``host.sh``. Which hosts, in which order, as whom and with which secrets is Ansible's business.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.core.rollout import Outcome
from dray.deploy.ansible_report import read_report
from dray.deploy.deployment import RolloutError, report_rollout
from dray.deploy.store import read_releases, read_stored_manifest
from dray.deploy.store_pack import build_store_pack
from dray.deploy.store_release import LAST, store_release
from dray.disk import write_atomically
from dray.errors import ToolError
from dray.repository.address import open_store

if TYPE_CHECKING:
    from dray.core.context import Context
    from dray.core.release import Release
    from dray.core.rollout import Rollout
    from dray.deploy.ansible_options import AnsibleOptions
    from dray.deploy.store import StoredRelease
    from dray.repository.store import Store

COLLECTIONS = Path(__file__).parent / "collections"
"""Where ``ansible_collections/dray/release`` is."""
PLAYBOOK = "dray.release.deploy"
_DEFAULT_PATHS = "~/.ansible/collections:/usr/share/ansible/collections"


def deploy_by_ansible(release: Release, ctx: Context, options: AnsibleOptions) -> tuple[Release, Rollout | None]:
    """Put a release into the store, and run the playbook.

    Args:
        release: The release, assembled.
        ctx: The outside world.
        options: How Ansible is run.

    Returns:
        The release as it was deployed, and what became of the hosts; None where the playbook was only tried.

    Raises:
        ToolError: Ansible is missing.
        RolloutError: A host does not run the version.
    """
    if ctx.shell.which("ansible-playbook") is None:
        raise ToolError("the program ansible-playbook is missing", hint="pipx install ansible-core")
    folder = ctx.work / "ansible"
    with open_store(options.store or str(folder / "store"), root=ctx.root) as store, store.lock():
        release, stored = store_release(release, ctx, store, how=options.upgrade)
        packs = () if options.store_url else write_packs(store, release.name, stored, folder / "packs")
    variables = build_variables(release.name, stored, options, packs)
    file = folder / f"{release.name}.json"
    write_atomically(file, f"{json.dumps(variables, indent=1, sort_keys=True)}\n".encode())
    started, report = ctx.clock.monotonic(), folder / "report.jsonl"
    status = run_playbook(ctx, build_argv(options, file), report)
    if options.check_mode:
        _require_success(status)
        ctx.console.result(f"{stored.version}: tried by Ansible, nothing was changed")
        return release, None
    seconds = ctx.clock.monotonic() - started
    rollout = read_report(report, release.name, stored.version, fleet=options.inventories[0], seconds=seconds)
    if rollout.hosts:
        report_rollout(ctx, rollout)
    if any(not host.outcome.is_good and host.outcome is not Outcome.UNTOUCHED for host in rollout.hosts):
        error = RolloutError(rollout)
        error.hint = "mend the cause and type the same again; what Ansible said stands above"
        raise error
    _require_success(status)
    return release, rollout


def _require_success(status: int) -> None:
    if status != 0:
        raise ToolError(f"ansible-playbook ended with status {status}", hint="what it said stands above")


def write_packs(store: Store, name: str, stored: StoredRelease, folder: Path) -> tuple[dict[str, str], ...]:
    """Write what hosts need of a store, by what they have: the file, and the manifest that a host must have for it.

    The last one is for hosts that have nothing.
    """
    others = [item for item in read_releases(store, name) if item.manifest != stored.manifest]
    bases = [stored, *reversed(others[-LAST:])]
    packs = [
        (item.manifest, build_store_pack(store, name, stored, read_stored_manifest(store, item.manifest)))
        for item in bases
    ]
    packs.append(("", build_store_pack(store, name, stored, None)))
    described = []
    for base, data in packs:
        path = folder / f"{name}{'-' if base else ''}{base[:16]}.tar"
        write_atomically(path, data)
        described.append({"base": base, "path": str(path)})
    return tuple(described)


def build_variables(
    name: str, stored: StoredRelease, options: AnsibleOptions, packs: tuple[dict[str, str], ...]
) -> dict[str, Any]:
    """Return the variables that the role of the collection reads."""
    where = {"dray_store": options.store_url} if options.store_url else {"dray_packs": list(packs)}
    return {
        "dray_name": name,
        "dray_version": stored.version,
        "dray_checksum": stored.checksum,
        "dray_root": stored.root,
        "dray_upgrade": options.upgrade,
        "dray_check": list(options.checks),
        "dray_timeout": options.timeout,
        "dray_keep": options.keep,
        **({"dray_serial": list(options.serial)} if options.serial else {}),
        **where,
    }


def build_argv(options: AnsibleOptions, variables: Path) -> tuple[str, ...]:
    """Return the program that Ansible is."""
    return (
        "ansible-playbook",
        *(f"--inventory={place}" for place in options.inventories),
        f"--extra-vars=@{variables}",
        *((f"--limit={options.limit}",) if options.limit else ()),
        *(("--check", "--diff") if options.check_mode else ()),
        *options.extra_arguments,
        options.playbook or PLAYBOOK,
    )


def run_playbook(ctx: Context, argv: tuple[str, ...], report: Path) -> int:
    """Run the playbook, and return its status.

    Args:
        ctx: The outside world.
        argv: The program.
        report: The file for what the hosts say.
    """
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_bytes(b"")
    paths = ctx.environ.get("ANSIBLE_COLLECTIONS_PATH", _DEFAULT_PATHS)
    enabled = ctx.environ.get("ANSIBLE_CALLBACKS_ENABLED", "")
    env = {
        "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}:{paths}",
        "ANSIBLE_CALLBACKS_ENABLED": f"{enabled},dray.release.report".removeprefix(","),
        "ANSIBLE_PIPELINING": ctx.environ.get("ANSIBLE_PIPELINING", "True"),
        "DRAY_ANSIBLE_REPORT": str(report),
    }
    return ctx.shell.run(argv, cwd=ctx.root, env=env, check=False).status
