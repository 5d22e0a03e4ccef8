"""``sys.config``: the configuration that a release boots with.

It holds what ``config/config.exs`` said when the release was built, what steps added, and, where the release has
config providers (``runtime.exs`` is one), the record by which Elixir runs them at boot. The format and the record are
those of ``mix release``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.assemble.facts import facts_of
from dray.beam.etf import decode
from dray.beam.term_writer import format_atom, format_pretty
from dray.core.term import FALSE, TRUE, Atom, ImproperList, Map, Opaque, from_python
from dray.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.project import Project
    from dray.core.release import Release
    from dray.core.term import Term

DEPRECATED_RUNTIME_CONFIG = "releases.exs"
"""What ``runtime.exs`` was called before Elixir 1.11; a release with it reboots once it is configured."""

_READER = Atom("Elixir.Config.Reader")


@dataclass(frozen=True, slots=True)
class SysConfig:
    """A release's configuration.

    Args:
        text: The file's bytes.
        has_providers: Whether configuration is computed while the release boots.
        reboots: Whether it boots once more afterwards, to configure what is already running.
    """

    text: bytes
    has_providers: bool
    reboots: bool


def build_sys_config(release: Release, runtime_config: Path | None) -> SysConfig:
    """Return the release's configuration.

    Args:
        release: The release, with what steps have added.
        runtime_config: The file that configures the release when it boots, if there is one.

    Raises:
        ProjectError: A value cannot be written to a file, such as a function.
    """
    project, definition = facts_of(release)
    config: Any = decode(project.config)
    for value in release.config:
        config = merge_config(config, [(Atom(value.application), [(Atom(value.key), value.value)])])
    providers: Any = decode(definition.providers)
    reboots = definition.reboot_system_after_config
    if runtime_config is not None:
        providers = [_runtime_provider(release, project), *providers]
        if reboots is None:
            reboots = runtime_config.name == DEPRECATED_RUNTIME_CONFIG
    reboots = bool(reboots and providers)
    if providers:
        late = reboots and not definition.start_distribution_during_config
        config = merge_config(config, _provider_config(release, providers, reboots=reboots, late=late))
        config = merge_config(config, _start_distribution(FALSE) if late else [])
    _validate_terms(config)
    head = f"%% coding: utf-8\n%% RUNTIME_CONFIG={'true' if reboots else 'false'}\n"
    return SysConfig((head + format_pretty(config) + ".\n").encode(), bool(providers), reboots)


def _runtime_provider(release: Release, project: Project) -> Term:
    """Return what ``Config.Reader.init/1`` makes of the release's ``runtime.exs``."""
    path = (Atom("system"), b"RELEASE_ROOT", f"/{release.version_path}/runtime.exs".encode())
    options: list[Term] = [
        (Atom("env"), Atom(project.env)),
        (Atom("target"), Atom(project.target)),
        (Atom("imports"), Atom("disabled")),
    ]
    return (_READER, (path, options))


def _start_distribution(value: Atom) -> list[Any]:
    return [(Atom("kernel"), [(Atom("start_distribution"), value)])]


def _provider_config(release: Release, providers: list[Term], *, reboots: bool, late: bool) -> list[Any]:
    """Return the configuration by which ``Config.Provider.boot/0`` finds its providers.

    Args:
        release: The release.
        providers: The providers, each with what its ``init/1`` returned.
        reboots: Whether the system boots once more when they are done.
        late: Whether it is only then that the node can be reached.
    """
    project, definition = facts_of(release)
    values: dict[str, Any] = {
        "providers": providers,
        "reboot_system_after_config": from_python(reboots),
        "prune_runtime_sys_config_after_boot": from_python(definition.prune_runtime_sys_config_after_boot),
        "extra_config": _start_distribution(TRUE) if late else [],
        "validate_compile_env": _compile_env(release) if definition.validate_compile_env else FALSE,
    }
    config: Any = decode(project.config_provider)
    [(elixir, [(key, record)])] = config
    for name, value in values.items():
        record = record.put(Atom(name), value)
    return [(elixir, [(key, record)])]


def _compile_env(release: Release) -> Term:
    """Return what the applications were compiled with and must find again at boot; false where it is nothing."""
    found: list[Any] = []
    for application in sorted(release.applications, key=lambda app: app.name):
        env = application.spec.compile_env
        found += env if isinstance(env, list) else []
    return found or FALSE


def merge_config(left: list[Any], right: list[Any]) -> list[Any]:
    """Return two configurations as one, as ``Config.Reader.merge/2`` does: deep, the right one wins."""
    before = {str(key): value for key, value in left}
    added = {str(key): _merge_value(before.get(str(key)), value) for key, value in right}
    kept = [(key, value) for key, value in left if str(key) not in added]
    return [*kept, *((Atom(key), value) for key, value in added.items())]


def _merge_value(left: Any, right: Any) -> Any:
    return merge_config(left, right) if _is_keyword(left) and _is_keyword(right) else right


def _is_keyword(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], Atom) for item in value
    )


def _validate_terms(config: list[Any]) -> None:
    for application, values in config:
        for key, value in values:
            opaque = _find_opaque(value)
            if opaque is not None:
                raise ProjectError(
                    f"the configuration of {format_atom(application)}, key {format_atom(key)}, holds a "
                    f"{opaque.kind}, which cannot be written to a file",
                    hint="set it in config/runtime.exs, or name a function: &Module.function/1",
                )


def _find_opaque(term: Any) -> Opaque | None:
    match term:
        case Opaque():
            return term
        case list() | tuple():
            items = term
        case Map():
            items = tuple(part for pair in term.pairs for part in pair)
        case ImproperList():
            items = (*term.items, term.tail)
        case _:
            return None
    return next((found for item in items if (found := _find_opaque(item))), None)
