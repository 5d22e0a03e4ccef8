"""Why a running node cannot follow from one release to another: each source of reasons is one function.

A further source is one more function in ``SOURCES``. What only a running node can tell is not known here; see
``GeneratedUpgrade.with_reasons``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.core.application import Mode
from dray.upgrade.module_change import describe_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dray.beam.relfile import RelApplication
    from dray.upgrade.build import Build
    from dray.upgrade.compare import Difference

    Source = Callable[[Build, Build, Difference], Iterator[str]]

_LOAD_NIF = ("erlang", "load_nif", 2)
_FLAGS = "releases/VSN/vm.args"


def list_reasons(base: Build, new: Build, difference: Difference) -> Iterator[str]:
    """Yield why an upgrade needs a restart, as far as two builds show it; nothing for a hot upgrade."""
    for source in SOURCES:
        yield from source(base, new, difference)


def _of_comparison(_base: Build, _new: Build, difference: Difference) -> Iterator[str]:
    yield from difference.reasons


def _of_releases(base: Build, new: Build, difference: Difference) -> Iterator[str]:
    """OTP's release handler must know both releases, and run in both."""
    for what, build in (("old", base), ("new", new)):
        if not any(path.startswith("erts-") for path in build.side.files):
            yield f"the {what} release has no runtime of its own: OTP would look for its versions in the host's"
        modes = {app.name: app.mode for app in build.rel.applications}
        if "sasl" not in modes:
            yield f"the {what} release has no sasl, which installs versions"
        elif not Mode(modes["sasl"]).starts:
            yield f"the {what} release does not start sasl, which installs versions"
    for path, content in new.side.files.items():
        known = base.side.files.get(path) if path.startswith("erts-") else None
        if known is not None and not content.is_same_as(known) and content.native:
            yield f"{path} is not what it was under the same version: a node cannot change its runtime"
    if "releases/RELEASES" not in base.side.files:
        yield "the old release has no releases/RELEASES (mix release makes none): OTP would not know what is running"
    if _FLAGS in (*difference.files.added, *difference.files.removed, *difference.files.changed):
        yield "vm.args changed: the runtime reads its flags when it starts"


def _of_runtime_applications(base: Build, new: Build, difference: Difference) -> Iterator[str]:
    """Applications of OTP and Elixir are replaced with the runtime."""
    for app in difference.applications:
        if app.old is None or app.new is None or not (new.is_of_runtime(app.name) or base.is_of_runtime(app.name)):
            continue
        if app.old != app.new:
            yield f"{app.name} {app.old} -> {app.new}: it belongs to the runtime, which a node cannot change"
        else:
            yield f"{app.name} {app.new} is not what it was under the same version: it belongs to the runtime"


def _of_unchanged_versions(base: Build, new: Build, difference: Difference) -> Iterator[str]:
    for app in difference.applications:
        if app.is_unversioned and not (new.is_of_runtime(app.name) or base.is_of_runtime(app.name)):
            yield f"{app.name} {app.new} is not what it was under the same version"


def _of_starting(base: Build, new: Build, _difference: Difference) -> Iterator[str]:
    """How an application that runs already is started, a relup cannot change."""
    before = {app.name: app for app in base.rel.applications}
    for app in new.rel.applications:
        old = before.get(app.name)
        if old is None:
            continue
        if old.mode != app.mode:
            yield f"{app.name} is {app.mode} and was {old.mode}: a running application keeps its mode"
        if base.carries(app.name) and new.carries(app.name):
            yield from _compare_specs(app, base, new)


def _compare_specs(app: RelApplication, base: Build, new: Build) -> Iterator[str]:
    if base.side.files[base.app_path(app.name)].is_same_as(new.side.files[new.app_path(app.name)]):
        return
    before, after = base.read_spec(app.name), new.read_spec(app.name)
    if set(before.included_applications) != set(after.included_applications):
        yield f"{app.name} includes other applications than before: which ones it starts is settled"
    if before.mod != after.mod:
        yield f"{app.name} has another application callback: its processes were started by the old one"
    if before.start_phases != after.start_phases:
        yield f"{app.name} has other start phases: its own are over"


def _of_modules(base: Build, new: Build, difference: Difference) -> Iterator[str]:
    """A module may refuse to be loaded a second time, and a process stays what it was started as."""
    for app in difference.applications:
        for name in app.modules.changed:
            shown = f"{app.name}: {name.removeprefix('Elixir.')}"
            before, after = (build.read_module(app.name, name) for build in (base, new))
            if before.calls_function(*_LOAD_NIF) or after.calls_function(*_LOAD_NIF):
                yield f"{shown} loads machine code, which a node does once"
            old, now = (describe_process(facts) for facts in (before, after))
            if old != now:
                yield f"{shown} is {now} and was {old}: a process stays what it was started as"


def _of_unlisted_modules(base: Build, new: Build, difference: Difference) -> Iterator[str]:
    """OTP finds modules by what the ``.app`` lists."""
    for app in difference.applications:
        if app.old is None or app.new is None:
            continue
        for build, names in (
            (new, (*app.modules.added, *app.modules.changed)),
            (base, (*app.modules.removed, *app.modules.changed)),
        ):
            listed = build.read_spec(app.name).modules if names else ()
            for name in names:
                if name not in listed:
                    yield f"{app.name}: {name.removeprefix('Elixir.')} is not listed in {app.name}.app"


def _of_protocols(base: Build, new: Build, _difference: Difference) -> Iterator[str]:
    """A protocol that both releases have is consolidated in both or in none."""
    before, after = base.side.consolidated, new.side.consolidated
    for names, build, what in ((before - after, new, "no longer"), (after - before, base, "now")):
        for name in sorted(name for name in names if name in build.modules):
            yield f"the protocol {name.removeprefix('Elixir.')} is {what} consolidated"


SOURCES: tuple[Source, ...] = (
    _of_comparison,
    _of_releases,
    _of_runtime_applications,
    _of_unchanged_versions,
    _of_starting,
    _of_modules,
    _of_unlisted_modules,
    _of_protocols,
)
