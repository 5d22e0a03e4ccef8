"""``dray build``, ``dray run`` and ``dray deploy``: run a pipeline and say what came out."""

from __future__ import annotations

import gc
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dray.cli.completion import complete_pipelines
from dray.cli.session import Session, open_session
from dray.config.reader import CONFIG_FILE
from dray.core.failure import find_rollout
from dray.core.paths import display_path
from dray.core.step_options import parse_overrides, resolve_step
from dray.errors import DrayError, UsageError, find_similar
from dray.project.work import lock_work
from dray.repeat import Repeat
from dray.template.environment import PROJECT_TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dray.core.context import Console
    from dray.core.pipeline import Pipeline
    from dray.core.rollout import Rollout
    from dray.core.step import Step
    from dray.core.step_options import Overrides
    from dray.engine import RunResult
    from dray.template.environment import TemplateFolder


_Function = Any


def _run_options(function: _Function) -> _Function:
    """Add the options that every command has which runs a pipeline."""
    options: list[Callable[[_Function], _Function]] = [
        click.option("--env", metavar="ENV", help="Environment to build for; by default MIX_ENV, else prod."),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="STEP.KEY=VALUE",
            help="Set an option of a step; may be repeated.",
        ),
        click.option("--dry-run", is_flag=True, help="Check everything and show the plan, run nothing."),
        click.option("--json", "as_json", is_flag=True, help="Report as JSON on standard output."),
        click.option("-q", "--quiet", is_flag=True, help="Say only warnings and errors."),
        click.option("--force", is_flag=True, help="Compile everything anew."),
        click.option("--no-compile", is_flag=True, help="Take what is compiled, as mix release --no-compile."),
        click.option("--no-deps-check", is_flag=True, help="Do not check dependencies."),
        click.option("--no-archives-check", is_flag=True, help="Do not check archives."),
        click.option("--no-elixir-version-check", is_flag=True, help="Do not check the Elixir version of mix.exs."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


_PASSED_TO_MIX = ("force", "no_compile", "no_deps_check", "no_archives_check", "no_elixir_version_check")


@click.command("build")
@click.argument("release", required=False)
@click.option("--path", metavar="PATH", help="Where to put the release; by default _build/ENV/rel/NAME.")
@click.option("--version", metavar="VERSION", help="The version of the release.")
@_run_options
def build_command(release: str | None, path: str | None, version: str | None, **options: Any) -> None:
    """Build the release: run the pipeline named build.

    RELEASE names one of several releases.

    Without rel/config.py this compiles the project, assembles the release that mix.exs describes, and packs it.
    """
    given = {"name": release, "path": path, "version": version}
    settings = tuple(f"release.{key}={value}" for key, value in given.items() if value is not None)
    run_pipeline("build", **{**options, "settings": (*options["settings"], *settings)})


@click.command("run")
@click.argument("pipeline", shell_complete=complete_pipelines)
@_run_options
def run_command(pipeline: str, **options: Any) -> None:
    """Run a pipeline of rel/config.py by its name: that of its variable."""
    run_pipeline(pipeline, **options)


@click.command("deploy")
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@click.option(
    "--retry-failed", is_flag=True, help="Only the hosts that the last deployment left without the version."
)
@_run_options
def deploy_command(hosts: tuple[str, ...], *, retry_failed: bool, **options: Any) -> None:
    """Run the pipeline named deploy: bring the release to where it runs.

    HOST is [USER@]NAME[:PORT]; without one, those of the fleet are meant. A first deployment and an update are the
    same. Where the project has no rel/config.py, the pipeline is release, assemble, tar, and ssh to the hosts.
    """
    if retry_failed:
        from dray.cli.deploy import find_failed_hosts  # noqa: PLC0415 - few deployments need it

        hosts = find_failed_hosts(options["env"], hosts)
    run_pipeline("deploy", hosts=hosts, **options)
    if options["dry_run"] and not options["as_json"]:
        from dray.cli.deploy import print_preview  # noqa: PLC0415 - of dry runs

        print_preview(options["env"], hosts)


def run_pipeline(
    name: str,
    *,
    hosts: tuple[str, ...] = (),
    env: str | None,
    settings: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **flags: bool,
) -> None:
    """Run a pipeline and report what it made.

    Raises:
        DrayError: It cannot be run, or a step failed.
    """
    arguments = tuple(f"--{flag.replace('_', '-')}" for flag in _PASSED_TO_MIX if flags.get(flag))
    ahead = click.get_current_context().obj
    with open_session(env=env, quiet=quiet, arguments=arguments, ahead=ahead) as session:
        pipeline = session.pipeline(name)
        names = tuple(step.name for step in pipeline.steps())
        if hosts and "ssh" not in names:
            raise UsageError(
                f"{name} goes to no hosts: it has no step ssh; it has: {', '.join(names)}",
                got=" ".join(hosts),
                hint=f"{name} = build | ssh() in {CONFIG_FILE}",
            )
        given = (f"ssh.hosts={','.join(hosts)}",) if hosts else ()
        overrides = parse_overrides((*settings, *given), names)
        for step in pipeline.steps():
            if step.name == "ssh":  # who names no hosts hears of it before anything is built
                _validate_fleet(session, step, overrides)
        if dry_run:
            from dray.cli.plan import print_plan  # noqa: PLC0415 - most runs are no dry runs

            print_plan(session, name, overrides, as_json=as_json)
            return
        started = session.ctx.clock.monotonic()
        try:
            with lock_work(session.ctx.work, session.ctx.console):
                report = _run_or_repeat(session, name, pipeline, overrides)
        except DrayError as error:
            if as_json:
                _print_failure(error)
            raise
        if as_json:
            click.echo(json.dumps(report, indent=2))
        else:
            _say_what_next(session, report, session.ctx.clock.monotonic() - started, hosts)


def _validate_fleet(session: Session, step: Step, overrides: Overrides) -> None:
    from dray.deploy.fleet import read_fleet  # noqa: PLC0415 - builds need none of it

    options = {
        option.name: setting.value for option, setting in resolve_step(step, session.ctx.settings, overrides).settings
    }
    read_fleet(session.ctx.settings, options["fleet"], hosts=options["hosts"])


def _run_or_repeat(session: Session, name: str, pipeline: Pipeline, overrides: Overrides) -> Mapping[str, Any]:
    templates = session.open_templates(pipeline.steps())
    ctx = session.with_templates(templates)
    started = ctx.clock.monotonic()
    repeat = Repeat(ctx, name, pipeline, overrides)
    known = repeat.find()
    if known is not None:
        for warning in known.warnings:
            session.console.warn(warning)
        seconds = ctx.clock.monotonic() - started
        session.console.end_step(name, seconds, "nothing has changed since the last build")
        return {**known.report, "steps": [{**step, "seconds": 0.0} for step in known.report["steps"]]}
    from dray.engine import Engine  # noqa: PLC0415 - not needed where nothing has changed

    _warn_of_strays(templates, ctx.console)

    gc.freeze()
    gc.set_threshold(100_000)  # a release is thousands of values that stay: little is found among them
    gc.enable()
    result = Engine(ctx, session.console, overrides, session.known_sections).run(pipeline)
    report = build_report(result)
    repeat.remember(result.release, report, tuple(session.console.warnings))
    return report


def _warn_of_strays(templates: TemplateFolder, console: Console) -> None:
    """Warn of templates and blocks of the project that take the place of none: their names may be misspelt."""
    for name in templates.list_strays():
        similar = find_similar(name, set(templates.list_names()) - {name})
        hint = f"; did you mean {similar}?" if similar else ""
        console.warn(f"{PROJECT_TEMPLATES}/{name} takes the place of no template{hint}")
    for name, block, similar in templates.list_stray_blocks():
        hint = f"; did you mean {similar}?" if similar else ""
        console.warn(f"{PROJECT_TEMPLATES}/{name} has the block {block}, which replaces none{hint}")


def build_report(result: RunResult) -> dict[str, Any]:
    """Return what a run made, for programs to read."""
    release = result.release
    return {
        "release": {
            "name": release.name,
            "version": release.version,
            "env": release.env,
            "path": str(release.tree) if release.tree else None,
            "applications": {app.name: app.version for app in release.applications},
        },
        "artifacts": [
            {"kind": item.kind, "path": str(item.path), "size": item.size, "sha256": item.sha256}
            for item in release.artifacts
        ],
        "publications": [asdict(item) for item in release.publications],
        "rollouts": [build_rollout_report(item) for item in release.rollouts],
        "steps": [{"name": step.name, "seconds": round(step.seconds, 4)} for step in result.steps],
    }


def build_rollout_report(rollout: Rollout) -> dict[str, Any]:
    """Return what became of each host of a deployment, for programs to read."""
    return {
        "fleet": rollout.fleet,
        "release": rollout.release,
        "version": rollout.version,
        "good": rollout.is_good,
        "seconds": round(rollout.seconds, 4),
        "hosts": [{**asdict(host), "seconds": round(host.seconds, 4)} for host in rollout.hosts],
        "replaced": [{**asdict(item), "applications": dict(item.applications)} for item in rollout.replaced],
    }


def _print_failure(error: DrayError) -> None:
    """Print what became of the hosts of a deployment that failed: that is when a program needs to know."""
    rollout = find_rollout(error)
    if rollout is not None:
        click.echo(json.dumps({"error": error.what, "rollouts": [build_rollout_report(rollout)]}, indent=2))


def _say_what_next(session: Session, report: Mapping[str, Any], seconds: float, hosts: tuple[str, ...]) -> None:
    release = report["release"]
    if release["path"] is None:
        session.console.info(f"done in {seconds:.2f} s")
        return
    ends = []
    if report["publications"]:
        ends.append(format_published(report, seconds))
    if report["rollouts"]:
        ends.append(format_deployed(report, seconds, hosts))
    if ends:
        session.console.info("".join(ends))
        return
    tree = display_path(Path(release["path"]), session.ctx.root)
    session.console.info(
        f"\n{release['name']} {release['version']} for {release['env']} is ready in {tree} ({seconds:.2f} s). "
        f"To start it:\n\n    {tree}/bin/{release['name']} start\n"
    )


def format_published(report: Mapping[str, Any], seconds: float) -> str:
    """Return which packages went where, and what a host that knows the repository types to have them."""
    release, published = report["release"], report["publications"]
    lines = [f"    {item['package']} {item['version']} in {item['repository']}" for item in published]
    names = " ".join(dict.fromkeys(item["package"] for item in published))
    return "\n".join(
        (
            f"\n{release['name']} {release['version']} for {release['env']} is published ({seconds:.2f} s):\n",
            *dict.fromkeys(lines),
            "\nOn a host that knows the repository:\n",
            f"    apt-get update && apt-get install {names}\n",
        )
    )


def format_deployed(report: Mapping[str, Any], seconds: float, typed: tuple[str, ...]) -> str:
    """Return where a release runs now, and what to type to see it and to go back.

    Args:
        report: What the run made.
        seconds: How long it took.
        typed: The hosts that were typed.
    """
    release, found = report["release"], [host for rollout in report["rollouts"] for host in rollout["hosts"]]
    where = f"{len(found)} hosts" if len(found) > 1 else found[0]["host"]
    names = " ".join(("", *typed))
    back = f"    dray rollback{names}\n" if any(host["previous"] for host in found) else ""
    return (
        f"\n{release['name']} {release['version']} runs on {where} ({seconds:.2f} s). "
        f"To look at it{', and to go back' if back else ''}:\n\n"
        f"    dray status{names}\n    dray logs{names}\n{back}"
    )
