"""Generates the upgrades of a release: from builds of it and of its bases to versions, appups, relup and verdicts.

    generated = generate_upgrade(read_build(new), (read_build(old),), purge="soft", ...)
    generated.versions      # the applications to rename first; see dray.upgrade.rename
    generated.files()       # what to put into the release
    generated.upgrades()    # hot or restart, for each base, with reasons

The builds may lie anywhere: the step ``upgrade`` gives the release of its pipeline, others give folders and archives.
Nothing is written here but what ``systools`` reads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dray.core.contents import File
from dray.core.upgrade import Upgrade, Verdict
from dray.errors import StepError
from dray.upgrade.appups import Scripts, build_appup, choose_scripts, read_own_appups
from dray.upgrade.coverage import list_left_out
from dray.upgrade.direction import build_directions, list_wanted
from dray.upgrade.plan import Plan, describe_changes, plan_upgrade
from dray.upgrade.relup import format_relup, transform_script
from dray.upgrade.rename import rename_build
from dray.upgrade.suffix import choose_versions
from dray.upgrade.systools import Question, run_systools

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dray.beam.appup import Appup
    from dray.core.context import Shell
    from dray.upgrade.build import Build
    from dray.upgrade.helpers import Helpers
    from dray.upgrade.instructions import Purge, Script
    from dray.upgrade.systools import RawRelup


@dataclass(frozen=True, slots=True)
class Ways:
    """How a node gets from one base to the release, and back.

    Args:
        upgrade: What was decided.
        up: The low-level instructions of the way up; none where it needs a restart.
        down: Those of the way down.
    """

    upgrade: Upgrade
    up: Script = ()
    down: Script = ()


@dataclass(frozen=True, slots=True)
class GeneratedUpgrade:
    """The upgrades of a release.

    Args:
        version: The release's version.
        versions: Applications that get another version, by name.
        appups: Paths and bytes of the appups.
        ways: The upgrade from each base.
        helpers: Names and bytes of the modules for the host.
        warnings: What the user should look into.
    """

    version: str
    versions: Mapping[str, str]
    appups: tuple[tuple[str, bytes], ...]
    ways: tuple[Ways, ...]
    helpers: tuple[tuple[str, bytes], ...] = ()
    warnings: tuple[str, ...] = ()

    def upgrades(self) -> tuple[Upgrade, ...]:
        """Return what was decided for each base."""
        return tuple(way.upgrade for way in self.ways)

    def find(self, base: str) -> Upgrade:
        """Return what was decided for a base."""
        return next(upgrade for upgrade in self.upgrades() if upgrade.base == base)

    def with_reasons(self, base: str, *reasons: str) -> GeneratedUpgrade:
        """Return the upgrades with further reasons for a restart from one base: what only a running node can tell.

        Args:
            base: The version of the base.
            reasons: Why; none leaves everything as it is.
        """
        return replace(
            self, ways=tuple(_demote(way, reasons) if way.upgrade.base == base else way for way in self.ways)
        )

    def files(self) -> tuple[File, ...]:
        """Return what the release carries of its upgrades, the paths in the new versions."""
        folder = f"releases/{self.version}"
        hot = [(way.upgrade.base, way.up, way.down) for way in self.ways if way.upgrade.verdict is Verdict.HOT]
        return (
            *(File(path, data) for path, data in self.appups),
            *([File(f"{folder}/relup", format_relup(self.version, hot))] if hot else []),
            *(File(f"{folder}/upgrade/{name}", data) for name, data in self.helpers),
            *(File(f"{folder}/upgrade/from/{item.base}", _format_verdict(item)) for item in self.upgrades()),
        )


def _demote(way: Ways, reasons: tuple[str, ...]) -> Ways:
    if not reasons:
        return way
    decided = way.upgrade
    return Ways(replace(decided, verdict=Verdict.RESTART, reasons=(*decided.reasons, *reasons)))


def _format_verdict(upgrade: Upgrade) -> bytes:
    return "".join(f"{line}\n" for line in (upgrade.verdict.value, *upgrade.reasons)).encode()


@dataclass(frozen=True, slots=True)
class _Planned:
    """A plan with the instructions of its applications, which may ask for a restart themselves."""

    plan: Plan
    scripts: tuple[Scripts, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        asked = (f"the appup of {item.application} restarts the emulator" for item in self.scripts if item.restarts)
        return (*self.plan.reasons, *asked)


def generate_upgrade(
    new: Build,
    bases: tuple[Build, ...],
    *,
    purge: Purge,
    own_appups: Mapping[str, bytes],
    helpers: Helpers,
    shell: Shell,
    work: Path,
) -> GeneratedUpgrade:
    """Return the upgrades of a release.

    Args:
        new: The release.
        bases: What it is upgraded from, in different versions.
        purge: How old code is purged.
        own_appups: The appups that the project has, by application; they win over those in ``ebin``.
        helpers: The modules for the host.
        shell: Starts the BEAM.
        work: A folder for what is read and written meanwhile.

    Raises:
        StepError: A base does not fit, an appup leaves something out, or OTP refuses.
    """
    _validate_bases(new, bases)
    versions = choose_versions(new, bases)
    renamed = rename_build(new, versions)
    plans = [plan_upgrade(base, renamed) for base in bases]
    changing = {app.name for plan in plans for app in plan.applications}
    own, warnings = read_own_appups(renamed, changing, own_appups)
    planned = tuple(_Planned(plan, choose_scripts(plan, own, purge)) for plan in plans)
    hot = tuple(item for item in planned if not item.reasons)
    missing = helpers.list_missing()
    relups, compiled = run_systools(shell, work, tuple(_ask(item, own) for item in hot), missing)
    made = dict(zip((item.plan.base.version for item in hot), relups, strict=True))
    return GeneratedUpgrade(
        new.version,
        versions,
        _build_appups(renamed, hot, own),
        tuple(_finish(item, made.get(item.plan.base.version), purge) for item in planned),
        helpers.keep(dict(zip(missing, compiled, strict=True))),
        (*warnings, *dict.fromkeys(text for relup in relups for text in relup.warnings)),
    )


def _validate_bases(new: Build, bases: tuple[Build, ...]) -> None:
    seen: dict[str, str] = {}
    for base in bases:
        source, version = base.side.source, base.version
        if base.side.name != new.side.name:
            raise StepError(f"{source} is a release of {base.side.name}, not of {new.side.name}")
        if version == new.version:
            raise StepError(
                f"{source} has the version of this release, {version}: an upgrade leads from one version to another",
                hint='give each build a version of its own: release(version="{mix}+{git}")',
            )
        if version in seen:
            raise StepError(f"two bases have the version {version}: {seen[version]} and {source}")
        seen[version] = source


def _ask(item: _Planned, own: Mapping[str, Appup]) -> Question:
    new = item.plan.new
    appups = {
        scripts.application: build_appup(
            own.get(scripts.application), new.side.applications[scripts.application], (scripts,)
        )
        for scripts in item.scripts
    }
    return Question(item.plan.base, new, appups)


def _build_appups(new: Build, hot: tuple[_Planned, ...], own: Mapping[str, Appup]) -> tuple[tuple[str, bytes], ...]:
    """Return the appups that the release carries: one for each application that changes, with all bases."""
    scripts: dict[str, list[Scripts]] = {}
    for item in hot:
        for one in item.scripts:
            scripts.setdefault(one.application, []).append(one)
    return tuple(
        (new.appup_path(name), build_appup(own.get(name), new.side.applications[name], tuple(found)))
        for name, found in sorted(scripts.items())
    )


def _finish(item: _Planned, relup: RawRelup | None, purge: Purge) -> Ways:
    plan = item.plan
    changes = describe_changes(plan)
    base, place = plan.base.version, plan.base.side.source
    if relup is None:
        return Ways(Upgrade(base, Verdict.RESTART, item.reasons, changes, place))
    directions = build_directions(plan, item.scripts, purge)
    up, down = (
        transform_script(script, direction)
        for script, direction in zip((relup.up, relup.down), directions, strict=True)
    )
    for script, old, new in ((up, plan.base, plan.new), (down, plan.new, plan.base)):
        missing = list_left_out(script, list_wanted(old, new))
        if missing:
            raise StepError(
                f"the upgrade from {old.version} to {new.version} would leave something out: {'; '.join(missing)}",
                hint="if an appup is written by hand, complete it; otherwise this is a mistake of dray's",
            )
    return Ways(Upgrade(base, Verdict.HOT, (), changes, place), up, down)
