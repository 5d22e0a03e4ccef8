"""Steps for Phoenix: ``phoenix.digest``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dray.core.context import Context
from dray.core.paths import display_path
from dray.core.release import Release
from dray.core.step import step
from dray.errors import ConfigError, ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.project import Member

_DEPLOY_ALIAS = "assets.deploy"
_DIGEST_TASK = "phx.digest"


@step(name="phoenix.digest", reads_tree=False)
def digest(release: Release, ctx: Context) -> Release:
    """Make the static assets and let the release serve pages as soon as it starts.

    Runs the project's own ``mix assets.deploy`` where it has that alias, else ``mix phx.digest``, in every Phoenix
    application of the release; what they make in ``priv/static`` is part of the release once it is assembled. Nothing
    runs where nothing has changed. Endpoints are started by ``config :phoenix, serve_endpoints: true``, so no
    ``PHX_SERVER`` is needed; an endpoint that says ``server: false`` stays silent.

    Args:
        release: Named, not assembled yet.
        ctx: The outside world.

    Returns:
        The release, its endpoints serving.
    """
    from dray.assemble.facts import facts_of
    from dray.beam.etf import decode
    from dray.project.read import accept_made_files

    project, _ = facts_of(release)
    if release.tree is not None:
        raise ConfigError(
            "phoenix.digest makes files that assemble puts into the release", hint="put it before assemble()"
        )
    members = [member for member in project.members if _is_phoenix(member, release)]
    if not members:
        raise ConfigError(
            f"phoenix.digest: no application of the release {release.name} depends on phoenix",
            hint="leave phoenix.digest() out of the pipeline, or add phoenix to the dependencies in mix.exs",
        )
    for member in members:
        outputs = member.path / "priv" / "static"
        _make_assets(ctx, member, outputs)
        accept_made_files(ctx, project, outputs)
    if _serves_by_choice(decode(project.config)):
        return release
    return release.configure("phoenix", serve_endpoints=True)


def _is_phoenix(member: Member, release: Release) -> bool:
    from dray.core.application import AppOrigin

    own = {app.name for app in release.applications if app.origin is AppOrigin.PROJECT}
    return member.name in own and "phoenix" in member.dependencies


def _make_assets(ctx: Context, member: Member, outputs: Path) -> None:
    from dray.project.made import run_unless_made

    task = _DEPLOY_ALIAS if _DEPLOY_ALIAS in member.aliases else _DIGEST_TASK
    shown = display_path(outputs, ctx.root)

    def run() -> None:
        ctx.console.progress(f"mix {task}")
        try:
            ctx.shell.run(("mix", task), cwd=member.path, env={"MIX_ENV": ctx.env})
        except ToolError as error:
            raise ToolError(
                f"mix {task} failed in {display_path(member.path, ctx.root)}",
                output=error.output,
                hint=f"try it alone: cd {member.path} && MIX_ENV={ctx.env} mix {task}",
            ) from error

    ran = run_unless_made(ctx, member.name, task, outputs=outputs, run=run)
    ctx.console.result(f"{shown} made by mix {task}" if ran else f"{shown} unchanged")


def _serves_by_choice(config: Any) -> bool:
    """Tell whether the project's configuration says itself whether endpoints serve."""
    return any(
        application == "phoenix" and any(key == "serve_endpoints" for key, _ in values)
        for application, values in config
    )
