"""The maintainer scripts of a package, and the command that it installs; the templates are in ``files/deb``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.assemble.content import read_source
from dray.core.contents import File
from dray.core.hook import PACKAGE_POINTS
from dray.package.deb.service_files import list_process_units, list_units

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dray.core.contents import Symlink
    from dray.core.context import Templates
    from dray.core.release import Release
    from dray.package.deb.options import DebOptions
    from dray.package.deb.place import Place
    from dray.service.model import Service

_SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


@dataclass(frozen=True, slots=True)
class ScriptHook:
    """A hook as a maintainer script carries it.

    Args:
        origin: Where it comes from.
        text: Its lines.
        fence: A line that its text does not have.
    """

    origin: str
    text: str
    fence: str


def build_script_values(
    release: Release,
    options: DebOptions,
    service: Service,
    place: Place,
    *,
    version: str,
    links: tuple[Symlink, ...] = (),
) -> Mapping[str, Any]:
    """Return what the templates of a package are rendered with.

    Args:
        release: The release.
        options: What the user says of the package.
        service: How it runs.
        place: Where its files go.
        version: The package's version.
        links: The links of the release.
    """
    folders = sorted({path for process in service.processes for path in (process.state, service.state)})
    libraries = [application.directory for application in release.applications]
    targets = {link.path.removeprefix(f"{place.root}/"): link.target for link in links}
    linked = [(path, targets[path]) for path in libraries if path in targets]
    logs = [service.log_folder, *(process.runtime for process in service.processes)]
    return {
        "package": place.package,
        "version": version,
        "name": release.name,
        "release": release.version,
        "root": f"/{place.root}",
        "configuration": f"/{place.configuration}",
        "service": service,
        "units": list(list_units(service)),
        "process_units": list(list_process_units(service)),
        "folders": folders,
        "logs": logs,
        "policy": options.upgrade,
        "start": options.start,
        "upgrades": release.upgrades,
        "links": linked,
        "libraries": [path for path in libraries if path not in dict(linked)],
        "hooks": list_script_hooks(release),
        "variables": [
            [pair for pair in service.variables(process) if pair[0].startswith(("RELEASE_", "LANG"))]
            for process in service.processes
        ],
    }


def render_scripts(templates: Templates, values: Mapping[str, Any]) -> tuple[File, ...]:
    """Return the maintainer scripts."""
    return tuple(File(name, templates.render(f"deb/{name}", **values).encode(), 0o755) for name in _SCRIPTS)


def list_script_hooks(release: Release) -> tuple[tuple[str, tuple[ScriptHook, ...]], ...]:
    """Return the hooks of the points that a package has, in their order."""
    found = []
    for point in PACKAGE_POINTS:
        folder = f"{release.version_path}/hooks/{point}/"
        hooks = [entry for entry in release.contents if isinstance(entry, File) and entry.path.startswith(folder)]
        if hooks:
            found.append((point.value, tuple(_read_hook(hook, number) for number, hook in enumerate(hooks, 1))))
    return tuple(found)


def _read_hook(hook: File, number: int) -> ScriptHook:
    text = read_source(hook.source).decode("utf-8", "surrogateescape").rstrip("\n")
    fence = f"HOOK_{number}"
    while fence in text.splitlines():
        fence += "_"
    return ScriptHook(text.partition("\n")[0].removeprefix("# "), text, fence)
