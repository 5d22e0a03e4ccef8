"""The program ``dray``: its commands, and the one place that turns errors into text and exit statuses."""

from __future__ import annotations

import errno
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from dray._version import __version__
from dray.cli.commands import CommandGroup
from dray.cli.leave import leave
from dray.cli.render import render_error, write_crash_log
from dray.errors import BuildInterruptedError, DrayError, comes_of_interruption, find_note

if TYPE_CHECKING:
    from types import FrameType

    from dray.ahead import Ahead

_FAULTS_OF_THE_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE})

_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
_A_MOMENT = 0.002

# Name, module and the line in the list of commands: a module is imported when its command is used.
_COMMANDS = {
    "init": ("dray.cli.init", "Write a commented rel/config.py for this project."),
    "build": ("dray.cli.run", "Build the release: run the pipeline named build."),
    "run": ("dray.cli.run", "Run a pipeline of rel/config.py by its name."),
    "deploy": ("dray.cli.run", "Run the pipeline named deploy: bring the release to where it runs."),
    "setup": ("dray.cli.setup", "Get hosts ready for the release."),
    "status": ("dray.cli.fleet_status", "Show what runs on each host of a fleet."),
    "rollback": ("dray.cli.fleet_use", "Take the hosts of a fleet back to the version before."),
    "logs": ("dray.cli.fleet_use", "Show the log of each host of a fleet."),
    "rpc": ("dray.cli.fleet_use", "Evaluate an expression on each host of a fleet."),
    "remote": ("dray.cli.fleet_use", "Open a shell in the running node of a host."),
    "hosts": ("dray.cli.fleet_use", "List the fleets and their hosts."),
    "unlock": ("dray.cli.fleet_use", "Take away the lock of a deployment that nobody is at any more."),
    "plan": ("dray.cli.plan", "Show what a pipeline would do, and where each option was written."),
    "show": ("dray.cli.show", "Show the configuration, the steps, or the facts of the project."),
    "export": ("dray.cli.export", "Write the files by which an init system runs the release."),
    "diff": ("dray.cli.diff", "Show what differs between two releases, and whether a node could follow."),
    "rehearse": ("dray.cli.rehearse", "Try an upgrade on a node of this machine, and compare it with fresh ones."),
    "inspect": ("dray.cli.inspect", "Show what is in a release: a tree, a tar, a package or a manifest."),
    "apt": ("dray.cli.apt", "Publish in an apt repository, and look after it."),
    "doctor": ("dray.cli.doctor", "Check that everything is there that a build needs."),
    "completion": ("dray.cli.completion", "Print the script by which a shell completes dray's commands."),
}


@click.group(
    cls=CommandGroup,
    table=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", message="dray %(version)s")
def dray() -> None:
    """Carry an Elixir or Erlang application from mix.exs to running servers.

    In a project: dray build
    """


def main(ahead: Ahead | None = None) -> NoReturn:
    """Run the program and exit; see ``dray.errors`` for the statuses.

    Args:
        ahead: A BEAM that has been started already, if one is needed.
    """
    for number in _INTERRUPTIONS:
        signal.signal(number, _interrupt)
    status = run(sys.argv[1:], ahead)
    for number in _INTERRUPTIONS:
        signal.signal(number, signal.SIG_IGN)
    leave(status)


def run(arguments: list[str], ahead: Ahead | None = None) -> int:
    """Run the program and return its exit status.

    Args:
        arguments: Those of the program.
        ahead: A BEAM that has been started already; it is ended where none was needed.
    """
    try:
        # In this mode click raises no Exit: it returns the status, as it returns what any command returns.
        status = dray.main(arguments, prog_name="dray", standalone_mode=False, obj=ahead)
    except DrayError as error:
        if comes_of_interruption(error):
            return _say_interrupted(error)
        render_error(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort) as error:
        return _say_interrupted(error)
    except BrokenPipeError:
        return 1
    except OSError as error:
        if error.errno not in _FAULTS_OF_THE_MACHINE:
            return _say_crashed(error)
        what = f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
        render_error(DrayError(what, hint="nothing is half-written; mend the cause and run it again"))
        return DrayError.exit_code
    except Exception as error:  # noqa: BLE001 - a bug of dray's
        return _say_interrupted(error) if comes_of_interruption(error) else _say_crashed(error)
    finally:
        if ahead is not None:
            ahead.end()
    return status if isinstance(status, int) else 0


def _say_crashed(error: Exception) -> int:
    log = write_crash_log(error)
    what = f"dray failed in a way it should not: {type(error).__name__}: {error}"
    render_error(DrayError(what, hint=f"this is a bug; please report it with {log}"))
    return 70


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """End the work where it is, unless that is within Python's own import: it would keep the lock of all imports.

    Then it is asked again a moment later.
    """
    del signum
    if frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        signal.setitimer(signal.ITIMER_REAL, _A_MOMENT)
        return
    raise KeyboardInterrupt


def _say_interrupted(error: BaseException) -> int:
    hint = find_note(error) or "nothing is half-written; the next run starts anew"
    render_error(BuildInterruptedError("interrupted", hint=hint))
    return BuildInterruptedError.exit_code
