"""Deploys the release of a pipeline: what the steps ``ssh`` and ``local`` share."""

from __future__ import annotations

import getpass
import hashlib
import json
import secrets
import socket
from typing import TYPE_CHECKING

from dray.core.progress import Advance
from dray.core.rollout import HostResult, Outcome, Rollout
from dray.deploy.activate import describe_audit
from dray.deploy.board import Board
from dray.deploy.fitness import read_demands
from dray.deploy.follow import describe_result
from dray.deploy.history import History
from dray.deploy.interruption import run_with_hosts
from dray.deploy.plan import Cargo, Plan
from dray.deploy.prepare import Wishes, digest_content, prepare_release, write_prepared
from dray.deploy.rollout import run_rollout
from dray.disk import write_atomically
from dray.errors import ConfigError, DrayError, RemoteError
from dray.memory import Memory

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dray.core.context import Context
    from dray.core.release import Release
    from dray.deploy.fleet import Fleet
    from dray.deploy.manifest import Manifest
    from dray.deploy.member import Member
    from dray.deploy.place import Place


class RolloutError(RemoteError):
    """A rollout that did not get to its end.

    Args:
        rollout: What became of each host.
    """

    def __init__(self, rollout: Rollout) -> None:
        bad = [host for host in rollout.hosts if not host.outcome.is_good and host.outcome is not Outcome.UNTOUCHED]
        first = next((host for host in bad if host.outcome is not Outcome.SKIPPED), bad[0])
        count = f"{len(bad)} of {len(rollout.hosts)} hosts" if len(rollout.hosts) > 1 else first.host
        super().__init__(
            f"{rollout.release} {rollout.version} was not taken by {count}: "
            f"{first.host if len(rollout.hosts) > 1 else 'it'} {_say_state(first)}: {first.why}",
            hint="mend the cause and type the same again; --retry-failed takes only the hosts that failed",
            output="\n".join(first.log) or None,
        )
        self.rollout = rollout


def _say_state(result: HostResult) -> str:
    if result.outcome is Outcome.ROLLED_BACK:
        return f"runs {result.version} again" if result.version else "runs nothing, as before"
    return f"runs {result.version}" if result.version else "failed"


def deploy_release(
    release: Release,
    ctx: Context,
    fleet: Fleet,
    place: Place,
    *,
    scripts: bytes | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> tuple[Release, Rollout]:
    """Deploy a release to a fleet.

    Args:
        release: The release, assembled.
        ctx: The outside world.
        fleet: Where.
        place: The release on the hosts.
        scripts: What runs it there, for places that nobody sets up.
        loop_factory: Returns the loop that has the place's connections already.

    Returns:
        The release as the hosts have it, and what became of each.

    Raises:
        RolloutError: A host does not run the version.
        RemoteError: Nothing was changed.
    """
    source = digest_content(release)
    history = History(ctx.work / "deployed" / release.name)
    taken: list[Cargo] = []
    kept: list[Release] = []

    def prepare(members: tuple[Member, ...], manifests: tuple[Manifest, ...]) -> Cargo:
        states = tuple(member.state for member in members)
        wishes = Wishes(source, states, manifests, fleet.options.upgrade, _reveal_environment(ctx, fleet))
        prepared = prepare_release(release, ctx, history, wishes)

        def keep() -> None:
            try:
                written = write_prepared(prepared.release, ctx)
                history.keep(written, prepared.manifest.digest)
                kept.append(written)
            except (DrayError, OSError) as error:  # the hosts need none of it
                ctx.console.warn(f"what is deployed is not kept on this machine: {error}")

        taken.append(Cargo(prepared.release, prepared.manifest, source, prepared.reasons, keep))
        return taken[0]

    plan = Plan(
        fleet,
        place,
        release,
        read_demands(release, Memory(ctx.work / "deploy")),
        prepare,
        history,
        find_who(ctx.environ),
        find_owner(ctx.work),
        environment=_format_environment(ctx, fleet),
        scripts=scripts,
        run_local=lambda command, host: _run_local(ctx, command, host),
        announce=ctx.announce,
    )
    untouched = tuple(HostResult(host.name, Outcome.UNTOUCHED) for host in fleet.hosts)
    ctx.announce(Advance(Rollout(fleet.name, place.name, release.version, untouched)))
    rollout = run_with_hosts(run_rollout(plan, Board(ctx.console, ctx.clock)), loop_factory)
    remember_rollout(ctx.work, rollout, who=plan.who, now=ctx.clock.now())
    report_rollout(ctx, rollout, taken[0].reasons)
    if not rollout.is_good:
        raise RolloutError(rollout)
    return kept[0] if kept else taken[0].release, rollout


def report_rollout(ctx: Context, rollout: Rollout, reasons: tuple[str, ...] = ()) -> None:
    """Say what became of the hosts.

    Args:
        ctx: The outside world.
        rollout: What became of them.
        reasons: Why a restart was needed, where this machine knows better than the hosts.
    """
    done = rollout.list_hosts(Outcome.DONE)
    modes = sorted({host.mode for host in done if host.mode})
    where = f"{len(rollout.hosts)} hosts" if len(rollout.hosts) > 1 else rollout.hosts[0].host
    before = sorted({host.previous for host in done if host.previous})
    way = f"{', '.join(before)} -> {rollout.version}" if before else rollout.version
    if done:
        ctx.console.result(f"{way} on {where}{', ' if modes else ''}{' and '.join(modes)}")
        sent = sum(host.sent for host in rollout.hosts)
        if sent:
            ctx.console.result(f"{sent / 1e6:.2f} MB sent")
    elif rollout.is_good:
        ctx.console.result(f"{rollout.version} runs on {where} already")
    restarted = [host for host in done if host.mode == "restart"]
    for reason in sorted(set(reasons) or {reason for host in restarted for reason in host.reasons}):
        ctx.console.result(f"restart: {reason}")
    for host in rollout.hosts:
        if not host.outcome.is_good and len(rollout.hosts) > 1:  # of a single one the error says all
            ctx.console.warn(f"{host.host}: {host.outcome}: {describe_result(host)}".rstrip(": "))


def find_who(environ: Mapping[str, str]) -> str:
    """Return who deploys, and from where."""
    user = environ.get("GITLAB_USER_LOGIN") or environ.get("GITHUB_ACTOR") or getpass.getuser()
    return f"{user}@{socket.gethostname()}"


def find_owner(work: Path) -> str:
    """Return a word of this project and environment that nobody else has: not even a copy of the folder.

    Only one deployment of it runs at a time, so a lock of that word on a host is one that was left over.

    Args:
        work: dray's folder in the project.
    """
    file = work / "deploy/owner"
    try:
        token = file.read_text(encoding="utf-8")
    except OSError:
        token = secrets.token_hex(16)
        write_atomically(file, token.encode())
    found = file.stat()
    text = f"{token} {socket.gethostname()} {found.st_dev} {found.st_ino}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _format_environment(ctx: Context, fleet: Fleet) -> bytes | None:
    """Return the host's file of variables; None where the fleet says nothing of them."""
    if not fleet.options.environment:
        return None
    values = sorted(_reveal_environment(ctx, fleet).items())
    return "".join(f"{name}={quote_value(value)}\n" for name, value in values).encode()


def _reveal_environment(ctx: Context, fleet: Fleet) -> dict[str, str]:
    return {name: ctx.reveal(value) for name, value in fleet.options.environment.items()}


def quote_value(value: str) -> str:
    """Return a value of an environment file as systemd and dray's own scripts read it: in double quotes.

    Raises:
        ConfigError: It has a line end or a NUL byte.
    """
    if "\n" in value or "\0" in value:
        raise ConfigError("fleet: a variable of environment is one line", hint="encode the value, as with base64")
    quoted = value
    for letter in '\\"$`':
        quoted = quoted.replace(letter, f"\\{letter}")
    return f'"{quoted}"'


def _run_local(ctx: Context, command: str, host: str) -> None:
    done = ctx.shell.run(("sh", "-c", command.replace("{host}", host)), cwd=ctx.root, check=False)
    if done.status != 0:
        raise RemoteError(f"{command.replace('{host}', host)} ended with status {done.status}")


def remember_rollout(work: Path, rollout: Rollout, *, who: str, now: float) -> None:
    """Keep which hosts failed, for whoever tries those again, and who did what, in ``deploy/audit.log``."""
    failed = [host.host for host in rollout.hosts if not host.outcome.is_good]
    data = json.dumps({"fleet": rollout.fleet, "version": rollout.version, "failed": failed})
    write_atomically(_rollout_file(work, rollout.fleet), data.encode())
    with (work / "deploy" / "audit.log").open("a", encoding="utf-8") as log:
        for host in rollout.hosts:
            facts = describe_audit(host, who=who, time=now, action="deploy")
            log.write(f"{json.dumps({'fleet': rollout.fleet, 'host': host.host, **facts})}\n")


def list_failed(work: Path, fleet: str) -> tuple[str, ...]:
    """Return the hosts that the last rollout of a fleet left without the version."""
    try:
        found = json.loads(_rollout_file(work, fleet).read_bytes())
        return tuple(found["failed"])
    except (OSError, ValueError, KeyError):
        return ()


def _rollout_file(work: Path, fleet: str) -> Path:
    return work / "deploy" / f"{fleet.replace('/', '%')}.json"
