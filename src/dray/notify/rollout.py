"""A rollout in words: its fleet in one line, and hosts only where they differ or failed, however many there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from dray.core.rollout import Outcome
from dray.notify.report import RolloutText
from dray.notify.words import clip, format_duration, join_some

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dray.core.progress import Advance
    from dray.core.rollout import HostResult, Rollout

ORDER = (
    Outcome.FAILED,
    Outcome.ROLLED_BACK,
    Outcome.SKIPPED,
    Outcome.UNTOUCHED,
    Outcome.DONE,
    Outcome.UNCHANGED,
)
"""What is read first."""

_MODES = {"hot": "hot", "restart": "restart", "start": "first start"}
_SHOWN_GROUPS = 3
_SHOWN_HOSTS = 5
_HOST_LENGTH = 50
_REASON_LENGTH = 160


def build_rollout_text(rollout: Rollout) -> RolloutText:
    """Return what is said of a rollout that has ended."""
    took = f" ({format_duration(rollout.seconds)})" if rollout.seconds else ""
    groups = group_hosts(rollout.hosts)
    if not rollout.is_good:
        return RolloutText(clip(rollout.fleet, 60), f"{_count_well(rollout)}{took}", list_lines(groups))
    if len(rollout.hosts) == 1:
        summary = f"{clip(rollout.hosts[0].host, 60)} runs {clip(rollout.version, 60)}"
    else:
        summary = f"all {len(rollout.hosts)} hosts run {clip(rollout.version, 60)}"
    if len(groups) == 1:
        reasons = rollout.hosts[0].reasons
        lines: tuple[str, ...] = (f"restart: {_join_reasons(reasons)}",) if reasons else ()
    else:
        lines = tuple(line.removeprefix(f"{Outcome.DONE}: ") for line in list_lines(groups))
    return RolloutText(clip(rollout.fleet, 60), f"{summary}{took}", lines)


def build_advance_text(advance: Advance, *, ended: bool = False) -> RolloutText:
    """Return what is said of a rollout that has not come to its end.

    Args:
        advance: How far it is.
        ended: Whether it will not get any further, and nobody knows more.
    """
    rollout, done, batches = advance.rollout, advance.done, advance.batches
    lines: tuple[str, ...] = ()
    if not batches:
        summary = "no host was switched" if ended else "the hosts get what they lack"
    elif ended:
        reached = f"{done} of {batches} batches were done, " if batches > 1 else ""
        between = "" if advance.is_over else "; others may be in between"
        summary = f"{reached}{_count_well(rollout)}{between}"
    elif not done:
        summary = f"the first of {batches} batches follows" if batches > 1 else "all hosts follow at once"
    else:
        reached = f"batch {done} of {batches} is done, " if batches > 1 else ""
        summary = f"{reached}{_count_well(rollout)}"
    if batches:
        bad = [host for host in rollout.hosts if not host.outcome.is_good and host.outcome is not Outcome.UNTOUCHED]
        lines = list_lines(group_hosts(bad))
    return RolloutText(clip(rollout.fleet, 60), summary, lines)


def format_way(rollouts: Sequence[Rollout]) -> str:
    """Return the versions of rollouts, ``1.4.0 -> 1.5.0``: that before only where it was the same on all hosts."""
    version = clip(rollouts[-1].version, 35)
    switched = [host for rollout in rollouts for host in rollout.list_hosts(Outcome.DONE)]
    before = {host.previous for host in switched}
    (first,) = before if len(before) == 1 else ("",)
    return f"{clip(first, 35)} -> {version}" if first and first != rollouts[-1].version else version


def format_fleets(rollouts: Sequence[Rollout]) -> str:
    """Return where rollouts went: ``canary, web``."""
    return join_some(list(dict.fromkeys(rollout.fleet for rollout in rollouts)), 3, length=30)


def format_count(rollouts: Sequence[Rollout]) -> str:
    """Return how many hosts rollouts went to: ``4 hosts``."""
    count = sum(len(rollout.hosts) for rollout in rollouts)
    return f"{count} host{'s' if count != 1 else ''}"


def format_modes(rollouts: Sequence[Rollout]) -> str:
    """Return how hosts were taken to the version: ``hot``, or ``3 hot, 1 restart``."""
    hosts = [host for rollout in rollouts for host in rollout.hosts]
    words = [_MODES.get(host.mode, "") if host.outcome is Outcome.DONE else host.outcome.value for host in hosts]
    counts = Counter(word for word in words if word)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {word}" for word, count in counts.most_common())


def count_outcomes(hosts: Iterable[HostResult]) -> str:
    """Return how many hosts met with what: ``1 failed, 2 untouched``; those that are well are left out."""
    counts = Counter(host.outcome for host in hosts)
    return ", ".join(f"{counts[kind]} {kind.value}" for kind in ORDER if counts[kind] and not kind.is_good)


def is_unchanged(rollouts: Sequence[Rollout]) -> bool:
    """Tell whether there was nothing to do."""
    return all(host.outcome is Outcome.UNCHANGED for rollout in rollouts for host in rollout.hosts)


def group_hosts(hosts: Iterable[HostResult]) -> tuple[tuple[HostResult, ...], ...]:
    """Return the hosts of which the same is to be said together: what matters most, and within it the few, first."""
    groups: dict[object, list[HostResult]] = {}
    for given in hosts:
        host = replace(given, why=given.why.removeprefix(f"{given.host}: "))
        key = (host.outcome, host.version, host.previous, host.mode, host.reasons, host.why)
        groups.setdefault(key, []).append(host)
    ordered = sorted(groups.values(), key=lambda group: (ORDER.index(group[0].outcome), len(group)))
    return tuple(tuple(group) for group in ordered)


def list_lines(groups: Sequence[Sequence[HostResult]]) -> tuple[str, ...]:
    """Return a line for each group of hosts, not more than somebody reads; the others are counted."""
    lines = []
    for outcome in ORDER:
        alike = [group for group in groups if group[0].outcome is outcome]
        shown = alike if len(alike) == _SHOWN_GROUPS + 1 else alike[:_SHOWN_GROUPS]
        lines += [_say_group(group) for group in shown]
        more = sum(len(group) for group in alike[len(shown) :])
        lines += [f"{outcome.value}: {more} more hosts"] if more else []
    return tuple(lines)


def _say_group(group: Sequence[HostResult]) -> str:
    first = group[0]
    names = join_some([host.host for host in group], _SHOWN_HOSTS, length=_HOST_LENGTH)
    verb = "runs" if len(group) == 1 else "run"
    now = f"{verb} {clip(first.version, 60) or 'nothing'}"
    why = f": {clip(first.why, _REASON_LENGTH)}" if first.why else ""
    match first.outcome:
        case Outcome.DONE:
            way = f"{clip(first.previous, 60)} -> " if first.previous else ""
            mode = f", {_MODES[first.mode]}" if first.mode in _MODES else ""
            reasons = f": {_join_reasons(first.reasons)}" if first.reasons else ""
            said = f": {way}{clip(first.version, 60)}{mode}{reasons}{why}"
        case Outcome.ROLLED_BACK:
            said = f" {now}{' again' if first.version else ', as before'}{why}"
        case Outcome.FAILED:
            said = f" {now}{why}" if first.version else f", {_say_unknown(len(group))}{why}"
        case Outcome.SKIPPED:
            said = why
        case _:
            said = f" {now}{why}"
    return f"{first.outcome.value}: {names}{said}"


def _say_unknown(count: int) -> str:
    return f"what {'it runs' if count == 1 else 'they run'} is not known"


def _join_reasons(reasons: Sequence[str]) -> str:
    return join_some(list(reasons), 3, length=_REASON_LENGTH)


def _count_well(rollout: Rollout) -> str:
    well = len(rollout.list_hosts(Outcome.DONE, Outcome.UNCHANGED))
    verb = "runs" if well == 1 else "run"
    version = clip(rollout.version, 60)
    if len(rollout.hosts) == 1:
        return f"{clip(rollout.hosts[0].host, 60)} {'runs' if well else 'does not run'} {version}"
    return f"{well or 'none'} of {len(rollout.hosts)} hosts {verb if well else 'runs'} {version}"
