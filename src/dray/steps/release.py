"""The step ``release``: compiles the project and says which release is built of it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from dray.core.context import Context
from dray.core.option import validate_value
from dray.core.release import Release
from dray.core.step import step
from dray.errors import ConfigError, Location

if TYPE_CHECKING:
    from dray.core.option import Option


@step(reads_tree=False, repeatable=True)
def release(  # noqa: PLR0913 - the options of mix release
    nothing: Release,
    ctx: Context,
    name: str | None = None,
    *,
    version: str | None = None,
    applications: dict[str, str] | None = None,
    include_erts: bool | str | None = None,
    strip_beams: bool | dict[str, Any] | None = None,
    overlays: list[str] | None = None,
    path: str | None = None,
    runtime_config_path: str | bool | None = None,
    validate_compile_env: bool | None = None,
    reboot_system_after_config: bool | None = None,
    prune_runtime_sys_config_after_boot: bool | None = None,
    start_distribution_during_config: bool | None = None,
    skip_mode_validation_for: list[str] | None = None,
) -> Release:
    """Compile the project and name the release.

    The options are those of ``releases:`` in ``mix.exs``, and win over them. They can also be set with
    ``config("NAME", ...)``, where NAME is the release's.

    Args:
        nothing: What a pipeline begins with.
        ctx: The outside world.
        name: The release; where it is left out, the project's only one, or its default.
        version: The version, with ``{mix}``, ``{git}`` and ``{env}`` filled in.
        applications: Applications and their modes: permanent, transient, temporary, load or none.
        include_erts: Whether to include the runtime, or the path of another one.
        strip_beams: Whether to strip modules, or ``{"keep": [...], "compress": True}``.
        overlays: Folders that are laid over the release, after ``rel/overlays``.
        path: Where the release is put, instead of ``_build/ENV/rel/NAME``.
        runtime_config_path: The file that configures the release at boot; False for none.
        validate_compile_env: Whether to check at boot what was configured when compiling.
        reboot_system_after_config: Whether to boot once more when the configuration is computed.
        prune_runtime_sys_config_after_boot: Whether to remove the computed configuration after booting.
        start_distribution_during_config: Whether the node can be reached while it is configured.
        skip_mode_validation_for: Applications whose mode is not compared with those they need.

    Returns:
        The release with its name, version, runtime and applications.
    """
    from dray.assemble.describe import describe_release

    configurable = _list_configurable()
    written = {key: value for key, value in locals().items() if key in configurable and value is not None}
    described = describe_release(
        ctx,
        name,
        lambda chosen: {**_read_section(ctx, chosen), **written},
        meanwhile=lambda: _prepare(ctx),
    )
    ctx.warm_up()  # where nothing was to be compiled
    count = len(described.applications)
    ctx.console.result(f"{described.name} {described.version}, {count} applications, {_tools(described)}")
    return described


def _prepare(ctx: Context) -> None:
    """Get ready for what most likely follows, while the BEAM compiles."""
    from dray.assemble.tree_index import preload_indexes

    is_first = not (ctx.work / "trees").is_dir()
    needed = list(_NEEDED_ALWAYS)
    if is_first:
        needed += _NEEDED_FOR_MANY_FILES
    if is_first or (ctx.work / "artifacts.json").exists():
        needed += _NEEDED_TO_PACK
    for module in needed:
        importlib.import_module(module)
    preload_indexes(ctx.work)
    ctx.templates.preload()
    ctx.warm_up()


_NEEDED_ALWAYS = (
    "dray.assemble.build",
    "dray.assemble.resolve",
    "dray.assemble.mix_steps",
    "dray.assemble.tree",
)
_NEEDED_FOR_MANY_FILES = ("multiprocessing.context", "multiprocessing.connection", "multiprocessing.popen_fork")
_NEEDED_TO_PACK = ("dray.package.reuse", "dray.package.tar", "dray.package.timestamp", "concurrent.futures.thread")


def _list_configurable() -> dict[str, Option]:
    """Return the options that ``config("NAME", ...)`` can set, too."""
    return {option.name: option for option in release.options if option.name != "name"}


def _read_section(ctx: Context, name: str) -> dict[str, Any]:
    """Return what ``config("NAME", ...)`` says of the release."""
    values = {}
    configurable = _list_configurable()
    for key, setting in ctx.settings.section(name).items():
        option = configurable.get(key)
        location = setting.origin if isinstance(setting.origin, Location) else None
        if option is None:
            raise ConfigError(
                f"a release has no option {key!r}; it has: {', '.join(configurable)}",
                got=key,
                choices=tuple(configurable),
                location=location,
            )
        values[key] = validate_value(setting.value, option, owner=name, origin=setting.origin)
    return values


def _tools(described: Release) -> str:
    tools = described.project.toolchain if described.project else None
    if tools is None:
        return ""
    elixir = f"Elixir {tools.elixir_version}, " if tools.elixir_version else ""
    return f"{elixir}OTP {tools.otp_release}"
