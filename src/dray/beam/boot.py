"""Boot scripts: the instructions by which ``init`` starts a system, as ``systools:make_script/2`` makes them.

Follows script(4). What depends on the version of OTP (which modules are preloaded, which are loaded first,
which kernel processes run) is not written down here: it is read from the boot file that every OTP brings
along.

    kernel = parse_kernel_boot(Path("bin/start_clean.boot").read_bytes(), file="bin/start_clean.boot")
    script = build_script("shop", "1.0.0", applications, kernel)
    encode(script)          # start.boot
    format_script(script)   # start.script
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dray.beam.app_file import pack_application
from dray.beam.boot_order import BootApplication, order_applications
from dray.beam.etf import decode
from dray.beam.term_writer import format_term
from dray.core.term import Atom
from dray.errors import IntegrityError, Location

if TYPE_CHECKING:
    from dray.core.term import Term

RELEASE_LIB = "$RELEASE_LIB"
"""The boot variable that names the folder of a release's own applications."""

_KERNEL_PATH = ("kernel", "stdlib")


@dataclass(frozen=True, slots=True)
class KernelBoot:
    """What the boot scripts of one OTP version have in common.

    Args:
        preloaded: The modules that are part of the runtime, sorted.
        first_loaded: The modules that are loaded before all others, in OTP's order.
        processes: Name, module, function and arguments of the processes without which nothing runs; the
            arguments of the application controller are made anew for each release.
    """

    preloaded: tuple[Atom, ...]
    first_loaded: tuple[Atom, ...]
    processes: tuple[tuple[Atom, Atom, Atom, Term], ...]


@lru_cache(maxsize=1)
def parse_kernel_boot(data: bytes, *, file: str) -> KernelBoot:
    """Return what OTP's own boot file says of its version.

    Args:
        data: The bytes of ``start_clean.boot``.
        file: Its path, for messages.

    Raises:
        IntegrityError: It is no boot file.
    """
    match decode(data):
        case (Atom("script"), _, list() as instructions):
            pass
        case _:
            raise IntegrityError("a boot file holds {script, Name, Instructions}", location=Location(file))
    preloaded = _argument_of(instructions, "preLoaded")
    first_loaded = _argument_of(instructions, "primLoad")
    processes = tuple((item[1], *item[2]) for item in instructions if item[0] == "kernelProcess" and len(item) == 3)
    if not preloaded or not first_loaded or not processes:
        raise IntegrityError("a boot file says which modules are loaded first", location=Location(file))
    return KernelBoot(tuple(preloaded), tuple(first_loaded), processes)


def _argument_of(instructions: list[Any], name: str) -> list[Any]:
    return next((item[1] for item in instructions if item[0] == name and len(item) == 2), [])


def build_script(
    name: str,
    version: str,
    applications: tuple[BootApplication, ...],
    kernel: KernelBoot,
    *,
    prepend_path: str | None = None,
    boot_config_providers: bool = False,
) -> Term:
    """Return a boot script as a term.

    Args:
        name: The release's name.
        version: Its version.
        applications: In the order of the ``.rel`` file; sorted here by what they need.
        kernel: What OTP's version brings.
        prepend_path: A folder of modules that go before all others: the consolidated protocols.
        boot_config_providers: Whether Elixir's config providers run once ``stdlib`` is started.

    Raises:
        ProjectError: The applications cannot be one release; see ``order_applications``.
    """
    ordered = order_applications(applications)
    kernel_path: list[Term] = [app.path for app in ordered if app.spec.name in _KERNEL_PATH]
    path: list[Term] = list(dict.fromkeys(app.path for app in ordered))
    return (
        Atom("script"),
        (name, version),
        [
            (Atom("preLoaded"), list(kernel.preloaded)),
            _progress("preloaded"),
            (Atom("path"), kernel_path),
            (Atom("primLoad"), list(kernel.first_loaded)),
            (Atom("kernel_load_completed"),),
            _progress("kernel_load_completed"),
            *_load_modules(ordered, kernel, prepend_path),
            _set_path(path, prepend_path),
            *_kernel_processes(ordered, kernel),
            *_load_applications(ordered),
            *_start_applications(ordered, boot_config_providers=boot_config_providers),
            _progress("started"),
        ],
    )


def format_script(script: Any) -> bytes:
    """Return a boot script as text, an instruction a line."""
    tag, name, instructions = script
    lines = ",\n  ".join(format_term(instruction) for instruction in instructions)
    return f"%% coding: utf-8\n{{{tag},{format_term(name)},\n [{lines}]}}.\n".encode()


def _progress(text: str) -> Term:
    return (Atom("progress"), Atom(text))


def _set_path(path: list[Term], prepended: str | None) -> Term:
    """Return the instruction that sets the path to load from.

    The prepended folder goes before applications of the release, and not before those of OTP alone, which are
    loaded before anything could be in its place.
    """
    if prepended is not None and any(isinstance(p, str) and p.startswith(RELEASE_LIB) for p in path):
        path = [prepended, *path]
    return (Atom("path"), path)


def _load_modules(applications: list[BootApplication], kernel: KernelBoot, prepended: str | None) -> list[Term]:
    done = {*kernel.first_loaded, *kernel.preloaded}
    instructions: list[Term] = []
    for app in applications:
        modules: list[Term] = [*sorted(module for module in app.spec.modules if module not in done)]
        instructions += [_set_path([app.path], prepended), (Atom("primLoad"), modules)]
    return [*instructions, _progress("modules_loaded")]


def _kernel_processes(applications: list[BootApplication], kernel: KernelBoot) -> list[Term]:
    kernel_app = next(pack_application(app.spec) for app in applications if app.spec.name == "kernel")
    instructions: list[Term] = []
    for name, module, function, arguments in kernel.processes:
        made = [kernel_app] if name == "application_controller" else arguments
        instructions.append((Atom("kernelProcess"), name, (module, function, made)))
    return [*instructions, _progress("init_kernel_started")]


def _load_applications(applications: list[BootApplication]) -> list[Term]:
    instructions: list[Term] = [
        _apply("application", "load", pack_application(app.spec))
        for app in applications
        if app.spec.name != "kernel" and app.mode != "none"
    ]
    return [*instructions, _progress("applications_loaded")]


def _start_applications(applications: list[BootApplication], *, boot_config_providers: bool) -> list[Term]:
    included = {name for app in applications for name in app.spec.included_applications}
    instructions: list[Term] = []
    for app in applications:
        name = app.spec.name
        if name in included or not app.mode.starts:
            continue
        instructions.append(_apply("application", "start_boot", Atom(name), Atom(app.mode.value)))
        if name == "stdlib" and boot_config_providers:
            instructions.append(_apply("Elixir.Config.Provider", "boot"))
    return instructions


def _apply(module: str, function: str, *arguments: Term) -> Term:
    return (Atom("apply"), (Atom(module), Atom(function), list(arguments)))
