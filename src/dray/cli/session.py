"""What every command begins with: the project, the environment, the configuration and the outside world."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dray.clock import SystemClock
from dray.config.reader import CONFIG_FILE, Configuration, open_configuration
from dray.console import StepConsole, open_console
from dray.core.context import Context
from dray.errors import ConfigError, DrayError, UsageError
from dray.memory import Memory
from dray.plugins import find_plugin_templates
from dray.project.kind import find_project
from dray.project.program import work_folder
from dray.shell import LocalShell
from dray.template.environment import PROJECT_TEMPLATES, TemplateFolder
from dray.template.remembered import RememberedTemplates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dray.ahead import Ahead
    from dray.console import PlainConsole
    from dray.core.pipeline import Pipeline
    from dray.core.step import Step


_EXAMPLES = {
    "build": "for example: build = release() | assemble() | tar()",
    "deploy": "for example: deploy = build | ssh(), with ssh imported from dray.steps",
}


@dataclass(frozen=True, slots=True)
class Session:
    """A command at work in a project.

    Args:
        configuration: What ``rel/config.py`` says, or dray's defaults where there is none.
        ctx: The outside world.
        console: Talks to the user.
    """

    configuration: Configuration
    ctx: Context
    console: PlainConsole

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all pipelines."""
        return tuple(step for pipeline in self.configuration.pipelines.values() for step in pipeline.steps())

    @property
    def known_sections(self) -> frozenset[str]:
        """What the pipelines allow ``config(...)`` to speak of: their steps and their releases."""
        releases = [dict(step.arguments).get("name") for step in self.steps if step.name == "release"]
        return frozenset((*(step.name for step in self.steps), *(name for name in releases if isinstance(name, str))))

    def open_templates(self, steps: Iterable[Step], *own: Path) -> TemplateFolder:
        """Return the templates: those of the project, those of the plugins that some steps come from, and dray's own.

        Args:
            steps: The steps.
            own: Folders that come right behind the project's.
        """
        root = self.ctx.root
        return TemplateFolder(root / PROJECT_TEMPLATES, *own, plugins=find_plugin_templates(steps, root))

    def with_templates(self, templates: TemplateFolder) -> Context:
        """Return the outside world with these templates."""
        return replace(self.ctx, templates=_remember(templates, self.ctx.work))

    def pipeline(self, name: str) -> Pipeline:
        """Return a pipeline by its name.

        Raises:
            ConfigError: There is none of this name.
        """
        found = self.configuration.pipelines.get(name)
        if found is not None:
            return found
        names = tuple(self.configuration.pipelines)
        if self.configuration.file is None:
            hint = f"dray init writes {CONFIG_FILE}; add to it: {name} = build | ..."
            raise UsageError(f"there is no pipeline {name}, since the project has no {CONFIG_FILE}", hint=hint)
        raise ConfigError(
            f"{CONFIG_FILE} has no pipeline {name}: no variable of this name that holds steps; it has: "
            f"{', '.join(names) or 'none'}",
            got=name,
            choices=names,
            hint=_EXAMPLES.get(name if names else "build"),
        )


@contextlib.contextmanager
def open_session(
    *, env: str | None = None, quiet: bool = False, arguments: tuple[str, ...] = (), ahead: Ahead | None = None
) -> Iterator[Session]:
    """Begin a command in the project of the current folder.

    Args:
        env: The environment; by default ``MIX_ENV``, else ``prod``.
        quiet: Whether only warnings and errors are said.
        arguments: Further arguments for ``mix compile``.
        ahead: A BEAM that has been started already, if one is needed.

    Yields:
        The session. The project's own steps can be used while the block lasts.

    Raises:
        ProjectError: The current folder holds no project.
        ConfigError: The configuration is wrong.
    """
    environ = dict(os.environ)
    root = Path.cwd()
    chosen = env or environ.get("MIX_ENV") or "prod"
    find_project(root)
    console = open_console(environ, quiet=quiet)
    with open_configuration(root, chosen) as read:
        configuration = read if read.file else replace(read, pipelines=default_pipelines())
        work = Path(work_folder(str(root), chosen, environ))
        ctx = Context(
            root=root,
            work=work,
            env=chosen,
            settings=configuration.settings,
            shell=LocalShell(console.output, environ, ahead),
            templates=_remember(TemplateFolder(root / PROJECT_TEMPLATES), work),
            console=StepConsole(console, ""),
            clock=SystemClock(),
            environ=environ,
            mix_arguments=arguments,
        )
        try:
            yield Session(configuration, ctx, console)
        except DrayError as error:
            if error.output and console.has_shown(error.output):
                error.output = None
            raise
        finally:
            console.close()


def _remember(templates: TemplateFolder, work: Path) -> RememberedTemplates:
    return RememberedTemplates(templates, Memory(work / "rendered"))


def default_pipelines() -> Mapping[str, Pipeline]:
    """Return the pipelines of a project without ``rel/config.py``."""
    from dray.steps import assemble, release, ssh, tar  # noqa: PLC0415 - a project with rel/config.py names its own

    build = release() | assemble() | tar()
    return {"build": build, "deploy": build | ssh()}
