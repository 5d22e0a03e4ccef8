"""Gathers the facts of a notification from a release, or from what kept it from being made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from dray.core.paths import display_path
from dray.core.upgrade import Verdict
from dray.notify.changes import find_changes
from dray.notify.origin import read_origin
from dray.notify.previous import find_previous
from dray.notify.report import Changes, Event, Report, Trouble
from dray.notify.rollout import (
    build_advance_text,
    build_rollout_text,
    count_outcomes,
    format_count,
    format_fleets,
    format_modes,
    format_way,
    is_unchanged,
)
from dray.notify.words import clip, format_duration, format_size, join_some

if TYPE_CHECKING:
    from dray.core.artifact import Artifact
    from dray.core.context import Context
    from dray.core.failure import Failure
    from dray.core.progress import Progress
    from dray.core.publication import Publication
    from dray.core.release import Release
    from dray.core.upgrade import Upgrade
    from dray.notify.previous import Known
    from dray.notify.report import RolloutText

_SHOWN_ARTIFACTS = 12
_SHOWN_UPGRADES = 5


def collect_done(release: Release, ctx: Context) -> Report:
    """Return what is to be said of a release that a pipeline made."""
    previous = find_previous(release, ctx)
    artifacts, rollouts = release.artifacts, release.rollouts
    idle = bool(rollouts) and is_unchanged(rollouts)
    more = (f"and {len(artifacts) - _SHOWN_ARTIFACTS} more",) if len(artifacts) > _SHOWN_ARTIFACTS else ()
    return Report(
        Event.DONE,
        _headline(release, previous),
        clip(release.name, 60),
        clip(release.version, 60),
        clip(release.env, 40),
        clip(previous.version, 60) if previous else "",
        _commit(release),
        changes=Changes() if idle else find_changes(release, previous, ctx.shell, ctx.root),
        upgrades=() if rollouts else tuple(_describe_upgrade(item) for item in release.upgrades[:_SHOWN_UPGRADES]),
        artifacts=(*(_describe_artifact(item) for item in artifacts[:_SHOWN_ARTIFACTS]), *more),
        publications=tuple(_describe_publication(item) for item in release.publications[:_SHOWN_ARTIFACTS]),
        origin=read_origin(ctx.environ, ctx.shell, ctx.root),
        duration=_duration(ctx),
        rollouts=tuple(build_rollout_text(item) for item in rollouts),
    )


def collect_progress(so_far: Progress, ctx: Context) -> Report:
    """Return what is to be said of a release while it is deployed."""
    release, rollouts = so_far.release, tuple(advance.rollout for advance in so_far.advances)
    origin = read_origin(ctx.environ, ctx.shell, ctx.root)
    version, where = rollouts[-1].version, f"{format_fleets(rollouts)} ({format_count(rollouts)})"
    who = f", by {clip(origin.who, 30)}" if origin.who else ""
    what = f"{clip(release.name, 40)} {clip(version, 35)} for {clip(release.env, 20)}"
    return Report(
        Event.UNDER_WAY,
        f"{what} is on its way to {where}{who}",
        clip(release.name, 60),
        clip(version, 60),
        clip(release.env, 40),
        commit=_commit(release),
        origin=origin,
        duration=_duration(ctx),
        rollouts=tuple(build_advance_text(advance) for advance in so_far.advances),
    )


def collect_failure(failure: Failure, ctx: Context) -> Report:
    """Return what is to be said of a pipeline that did not get to its end."""
    release = failure.release
    name = clip(release.name or ctx.root.name, 60)
    location, hint = failure.location, getattr(failure.error, "hint", None)
    place = str(replace(location, file=str(display_path(ctx.root / location.file, ctx.root)))) if location else ""
    return Report(
        Event.INTERRUPTED if failure.interrupted else Event.FAILED,
        _headline_of_failure(failure, name, ctx.env),
        name,
        clip(release.version, 60),
        clip(ctx.env, 40),
        commit=_commit(release),
        trouble=Trouble(clip(failure.step, 60), clip(failure.what, 700), clip(place), clip(hint or "", 300)),
        origin=read_origin(ctx.environ, ctx.shell, ctx.root),
        duration=_duration(ctx),
        rollouts=_describe_deployed(failure),
    )


def _describe_deployed(failure: Failure) -> tuple[RolloutText, ...]:
    """Return what is known of the pipeline's rollouts: of those that ended all, of others what was said last."""
    ended = (*failure.release.rollouts, *((failure.rollout,) if failure.rollout else ()))
    known = {rollout.fleet for rollout in ended}
    others = (advance for advance in failure.advances if advance.rollout.fleet not in known)
    return (
        *(build_rollout_text(rollout) for rollout in ended),
        *(build_advance_text(advance, ended=True) for advance in others),
    )


def _headline_of_failure(failure: Failure, name: str, env: str) -> str:
    rollout, version = failure.rollout, clip(failure.release.version, 60)
    if rollout is not None:
        where, count = clip(rollout.fleet, 30), count_outcomes(rollout.hosts)
        return clip(f"{name} {clip(rollout.version, 35)} for {env} failed on {where}: {count}", 140)
    of = f"{name} {version}" if version else name
    ending = "interrupted" if failure.interrupted else "failed"
    return clip(f"{of} for {env} {ending} in {failure.step}", 140)


def _headline(release: Release, previous: Known | None) -> str:
    if release.rollouts:
        return _headline_of_rollouts(release)
    name, version = clip(release.name, 50), clip(release.version, 35)
    if previous is None:
        return f"{name} {version} for {clip(release.env, 20)}, the first release"
    before = clip(previous.version, 35)
    if before == version:
        return f"{name} {version} again for {clip(release.env, 20)}"
    return f"{name} {before} -> {version} for {clip(release.env, 20)}"


def _headline_of_rollouts(release: Release) -> str:
    rollouts = release.rollouts
    what = f"{clip(release.name, 40)} {format_way(rollouts)} for {clip(release.env, 20)}"
    fleets, count = format_fleets(rollouts), format_count(rollouts)
    if is_unchanged(rollouts):
        return f"{what} runs on {fleets} already, {count}"
    return ", ".join(filter(None, (f"{what} on {fleets}", count, format_modes(rollouts))))


def _commit(release: Release) -> str:
    commit = release.project.commit if release.project else None
    return commit.short if commit else ""


def _describe_upgrade(upgrade: Upgrade) -> str:
    base = clip(upgrade.base, 60)
    if upgrade.verdict is Verdict.HOT:
        return f"hot upgrade from {base}"
    reasons = join_some(upgrade.reasons, 3, length=200)
    return f"restart from {base}{': ' if reasons else ''}{reasons}"


def _describe_artifact(artifact: Artifact) -> str:
    return f"{clip(artifact.path.name, 100)} {format_size(artifact.size)}"


def _describe_publication(publication: Publication) -> str:
    share = "" if publication.rollout == 100 else f" for {publication.rollout} % of the hosts"
    package = f"{clip(publication.package, 60)} {clip(publication.version, 60)}"
    return f"{package} in {clip(_without_password(publication.repository), 150)}{share}"


def _without_password(address: str) -> str:
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=host, query="")) if parts.password else address
    except ValueError:
        return address.rpartition("@")[2]


def _duration(ctx: Context) -> str:
    return format_duration(max(0.0, ctx.clock.monotonic() - ctx.started))
