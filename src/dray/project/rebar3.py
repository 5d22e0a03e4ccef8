"""rebar3 projects: one start of the BEAM compiles the project and reports its facts.

The program is ``beam/rebar3_facts.erl``, which runs rebar3's own modules. They are in the archive that the program
``rebar3`` is; it is unpacked once into dray's work folder, since not every OTP loads modules from archives.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from dray.beam.etf import encode
from dray.errors import ProjectError, ToolError
from dray.project.program import SCRIPTS

if TYPE_CHECKING:
    from dray.core.context import Context

_EVALUATE = (
    'case file:eval(os:getenv("DRAY_SCRIPT")) of ok -> ok; '
    '{error, Reason} -> io:format(standard_error, "~ts~n", [file:format_error(Reason)]), halt(1) end.'
)
_INSTALLED = re.compile(r"-p[az] (\S+)/\*/ebin")
_REPRODUCIBLE = "[deterministic]"


def run_rebar3(ctx: Context) -> bytes:
    """Compile the project and return its facts in the external term format.

    Raises:
        ProjectError: rebar3 or Erlang is missing.
        ToolError: The project does not compile; its own output says why.
    """
    for name, package in (("rebar3", "rebar3"), ("erl", "erlang")):
        if ctx.shell.which(name) is None:
            raise ProjectError(
                f"{name} is missing: there is no such program in PATH", hint=f"on Debian: apt install {package}"
            )
    question, answer = ctx.work / "request.etf", ctx.work / "reply.etf"
    question.write_bytes(encode((ctx.env.encode(), list(_arguments(ctx)))))
    answer.unlink(missing_ok=True)
    try:
        ctx.shell.run(
            ("erl", "+sbtu", "+A1", "-noinput", "-pa", *map(str, _module_folders(ctx)), "-eval", _EVALUATE),
            cwd=ctx.root,
            env={
                # Modules that do not name the folder they were compiled in.
                "ERL_COMPILER_OPTIONS": ctx.environ.get("ERL_COMPILER_OPTIONS", _REPRODUCIBLE),
                "DRAY_SCRIPT": f"{SCRIPTS}/rebar3_facts.erl",
                "DRAY_REQUEST": str(question),
                "DRAY_REPLY": str(answer),
            },
        )
        return answer.read_bytes()
    except ToolError as error:
        raise ToolError(
            "the project does not compile; the release in place was not touched",
            output=error.output,
            hint=f"try it alone: rebar3 as {ctx.env} compile",
        ) from error
    finally:
        question.unlink(missing_ok=True)
        answer.unlink(missing_ok=True)


def _arguments(ctx: Context) -> list[str]:
    return ["--deps_only"] if "--no-compile" in ctx.mix_arguments else []


def _module_folders(ctx: Context) -> list[Path]:
    """Return the folders of rebar3's own modules."""
    found = ctx.shell.which("rebar3")
    program = found.resolve() if found else Path("rebar3")
    if zipfile.is_zipfile(program):
        return _unpack(program, ctx.work)
    installed = _INSTALLED.search(program.read_text(encoding="utf-8", errors="replace"))
    if installed is None:
        raise ProjectError(f"{program} is not a rebar3 that dray knows", hint="install the escript of rebar3.org")
    return sorted(Path(installed[1]).glob("*/ebin"))


def _unpack(program: Path, work: Path) -> list[Path]:
    state = program.stat()
    key = hashlib.sha256(f"{program}:{state.st_size}:{state.st_mtime_ns}".encode()).hexdigest()[:12]
    folder = work / f"rebar3-{key}"
    if not folder.is_dir():
        for old in work.glob("rebar3-*"):
            shutil.rmtree(old, ignore_errors=True)
        fresh = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        with zipfile.ZipFile(program) as archive:
            archive.extractall(fresh)
        fresh.rename(folder)
    return sorted(folder.glob("*/ebin"))
