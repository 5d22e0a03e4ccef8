"""The files that boot a release: ``start.boot``, ``start_clean.boot``, their sources, and OTP's records."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from dray._version import __version__
from dray.beam.boot import RELEASE_LIB, build_script, format_script, parse_kernel_boot
from dray.beam.boot_order import BootApplication
from dray.beam.etf import encode
from dray.beam.relfile import RelApplication, RelFile, format_rel, format_releases, format_start_erl
from dray.core.application import Application, AppOrigin, Mode
from dray.core.contents import Entry, File
from dray.errors import ProjectError

if TYPE_CHECKING:
    from dray.core.erts import Erts
    from dray.core.release import Release
    from dray.core.term import Term
    from dray.memory import Memory

_ALWAYS_STARTED = ("kernel", "stdlib")


def build_boot_entries(
    release: Release, erts: Erts, kernel_boot: bytes, memory: Memory, *, config_providers: bool
) -> list[Entry]:
    """Return the boot scripts and what OTP's release handler wants to know.

    Args:
        release: The release, its applications resolved.
        erts: The runtime.
        kernel_boot: The boot file that came with the runtime.
        memory: Keeps the scripts between builds; a large release takes 40 ms to write them.
        config_providers: Whether the release computes configuration while it boots.

    Raises:
        ProjectError: The applications cannot be one release.
    """
    folder = release.version_path
    consolidated = release.project is not None and release.project.consolidated is not None
    path = f"{RELEASE_LIB}/../{folder}/consolidated" if consolidated else None

    def list_script(name: str, applications: tuple[Application, ...]) -> list[Entry]:
        booted = tuple(_boot_application(application) for application in applications)

        @cache
        def script() -> Term:
            return build_script(
                release.name,
                release.version,
                booted,
                parse_kernel_boot(kernel_boot, file=f"{erts.root}/bin/start_clean.boot"),
                prepend_path=path,
                boot_config_providers=config_providers,
            )

        question = repr((__version__, release.name, release.version, booted, kernel_boot, path, config_providers))
        about = f"{release.name}/{name}"
        boot = memory.recall(f"{about}.boot", question, lambda: encode(script()))
        text = memory.recall(f"{about}.script", question, lambda: format_script(script()))
        return [File(f"{folder}/{name}.boot", boot), File(f"{folder}/{name}.script", text)]

    entries = [entry for name, applications in choose_scripts(release) for entry in list_script(name, applications)]
    rel = describe(release, erts)
    return [
        *entries,
        File(f"{folder}/{release.name}.rel", format_rel(rel)),
        File(f"releases/{release.name}-{release.version}.rel", format_rel(rel)),
        File("releases/RELEASES", format_releases(rel)),
        File("releases/start_erl.data", format_start_erl(erts.version, release.version)),
    ]


def choose_scripts(release: Release) -> list[tuple[str, tuple[Application, ...]]]:
    """Return the boot scripts of a release, each with its applications in their order and modes.

    Raises:
        ProjectError: A script names an application that the release does not have.
    """
    scripts = release.definition.boot_scripts if release.definition else ()
    if not scripts:
        return [("start", release.applications), ("start_clean", clean(release.applications))]
    known = {app.name: app for app in release.applications}
    chosen = []
    for name, modes in scripts:
        missing = [app for app, _ in modes if app not in known]
        if missing:
            raise ProjectError(f"the boot script {name} names {missing[0]}, which is not in the release")
        chosen.append((name, tuple(replace(known[app], mode=Mode(mode)) for app, mode in modes)))
    return chosen


def clean(applications: tuple[Application, ...]) -> tuple[Application, ...]:
    """Return the applications as ``start_clean`` has them: loaded, nothing started but kernel and stdlib."""
    first = [next(app for app in applications if app.name == name) for name in _ALWAYS_STARTED]
    others = [app for app in applications if app.name not in _ALWAYS_STARTED]
    started = [replace(app, mode=Mode.PERMANENT) for app in first]
    return (*started, *(app if app.mode is Mode.NONE else replace(app, mode=Mode.LOAD) for app in others))


def describe(release: Release, erts: Erts) -> RelFile:
    """Return what the ``.rel`` file says."""
    return RelFile(
        release.name,
        release.version,
        erts.version,
        tuple(
            RelApplication(app.name, app.version, app.mode.value, tuple(app.spec.included_applications))
            for app in release.applications
        ),
    )


def _boot_application(application: Application) -> BootApplication:
    root = "$ROOT/lib" if application.origin is AppOrigin.OTP else RELEASE_LIB
    return BootApplication(
        application.spec, application.mode, f"{root}/{application.name}-{application.version}/ebin"
    )
