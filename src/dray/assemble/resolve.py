"""Which applications a release consists of, and in which mode each one starts.

The rules are those of ``mix release``: an application brings those that it lists, in its own mode; a mode that
starts wins over one that does not; what the user says of an application wins over everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dray.beam.app_file import parse_app
from dray.core.application import PARTS_OF_OTP, Application, AppOrigin, Mode
from dray.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dray.core.application import AppSpec
    from dray.core.erts import Erts
    from dray.core.project import Project

_RANK = (Mode.NONE, Mode.LOAD, Mode.TEMPORARY, Mode.TRANSIENT, Mode.PERMANENT)


def resolve_applications(
    project: Project,
    erts: Erts,
    requested: tuple[tuple[str, str], ...],
    *,
    unchecked: tuple[str, ...] = (),
) -> tuple[Application, ...]:
    """Return the applications of a release: those requested in their order, then the rest by name.

    Args:
        project: The facts.
        erts: The runtime, whose applications win over others of the same name.
        requested: Application and mode.
        unchecked: Applications whose modes are not compared with those they need
            (``skip_mode_validation_for:`` of ``mix release``).

    Raises:
        ProjectError: One is missing, or the modes do not fit together.
        IntegrityError: An ``.app`` file is damaged.
    """
    resolution = _Resolution(project, erts, {name: Mode(mode) for name, mode in requested})
    resolution.load_all(resolution.requested.items(), optional=())
    names = list(resolution.requested)
    if project.toolchain.elixir_version is not None and "iex" not in resolution.loaded:
        resolution.load_all([("iex", Mode.NONE)], optional=())
        names.append("iex")
    names += sorted(name for name in resolution.loaded if name not in names)
    applications = tuple(resolution.application(name) for name in names)
    _validate_modes(applications, unchecked)
    return applications


@dataclass(slots=True)
class _Loaded:
    spec: AppSpec
    mode: Mode
    path: Path
    origin: AppOrigin


@dataclass(slots=True)
class _Resolution:
    project: Project
    erts: Erts
    requested: dict[str, Mode]
    loaded: dict[str, _Loaded] = field(default_factory=dict)
    needed_by: dict[str, str] = field(default_factory=dict)
    finder: _Finder = field(init=False)

    def __post_init__(self) -> None:
        self.finder = _Finder(self.project, self.erts)

    def load_all(
        self, wanted: Iterable[tuple[str, Mode]], *, optional: tuple[str, ...], by: str | None = None
    ) -> None:
        for name, mode in wanted:
            if by is not None:
                self.needed_by.setdefault(name, by)
            known = self.loaded.get(name)
            if known is None:
                self.load(name, self.requested.get(name, mode), optional=optional)
            elif name not in self.requested:
                self.raise_mode(known, mode)

    def raise_mode(self, known: _Loaded, mode: Mode) -> None:
        if mode == known.mode:
            return
        name = known.spec.name
        if Mode.INCLUDED in {mode, known.mode}:
            raise ProjectError(f"{name} is both an application of its own and included by another one")
        # Both are equal or the stronger one wins; Mix walks on in either case, and so the modes spread.
        known.mode = max(mode, known.mode, key=_RANK.index)
        self.load_all(
            [(child, known.mode) for child in known.spec.applications],
            optional=known.spec.optional_applications,
            by=name,
        )

    def load(self, name: str, mode: Mode, *, optional: tuple[str, ...]) -> None:
        found = self.finder.find(name)
        if found is None:
            if name in optional:
                return
            raise ProjectError(f"there is no application {name}{self._chain(name)}", hint=self._where(name))
        path, origin = found
        spec = _read_spec(path, name)
        self.loaded[name] = _Loaded(spec, mode, path, origin)
        child_mode = Mode.LOAD if mode is Mode.INCLUDED else mode
        self.load_all(
            [(child, child_mode) for child in spec.applications], optional=spec.optional_applications, by=name
        )
        self.load_all([(child, Mode.INCLUDED) for child in spec.included_applications], optional=(), by=name)

    def application(self, name: str) -> Application:
        found = self.loaded[name]
        mode = Mode.LOAD if found.mode is Mode.INCLUDED else found.mode
        return Application(found.spec, mode, found.path, found.origin)

    def _chain(self, name: str) -> str:
        chain: list[str] = []
        while name in self.needed_by and len(chain) < 10:
            name = self.needed_by[name]
            chain.append(name)
        return f", which {' for '.join(chain)} needs" if chain else ""

    def _where(self, name: str) -> str:
        if name in PARTS_OF_OTP:
            package = f"erlang-{name.replace('_', '-')}"
            return f"it is a part of OTP that is not installed here; on Debian: apt install {package}"
        return "check its name in mix.exs, and that mix deps.get has been run"


class _Finder:
    """Finds applications: OTP's in the runtime's own folder, others on the code path."""

    def __init__(self, project: Project, erts: Erts) -> None:
        self.members = {member.name for member in project.members}
        self.dependency_apps = frozenset(project.dependency_apps)
        self.otp = _latest_versions(erts.lib)
        elixir_bin = project.toolchain.elixir_bin
        self.elixir_lib = elixir_bin.parent / "lib" if elixir_bin else None
        self.on_path: dict[str, Path] = {}
        for folder in project.code_path:
            if folder.name == "ebin":
                self.on_path.setdefault(folder.parent.name.partition("-")[0], folder.parent)

    def find(self, name: str) -> tuple[Path, AppOrigin] | None:
        if name in self.otp and name not in self.dependency_apps:
            return self.otp[name], AppOrigin.OTP
        path = self.on_path.get(name)
        if path is None:
            return None
        if name in self.members:
            return path, AppOrigin.PROJECT
        real = path.resolve()
        is_elixir = self.elixir_lib is not None and real.parent == self.elixir_lib.resolve()
        return (real if is_elixir else path), AppOrigin.ELIXIR if is_elixir else AppOrigin.DEPENDENCY


def _latest_versions(lib: Path) -> dict[str, Path]:
    """Return name and folder of the applications in OTP's ``lib``, of several versions the last as text."""
    latest: dict[str, Path] = {}
    for folder in sorted(lib.iterdir()):
        name, dash, _ = folder.name.partition("-")
        if dash:
            latest[name] = folder
    return latest


def _read_spec(path: Path, name: str) -> AppSpec:
    file = path / "ebin" / f"{name}.app"
    try:
        spec = parse_app(file.read_bytes(), file=str(file))
    except OSError as error:
        raise ProjectError(f"{file} cannot be read: {error.strerror}", hint="mix deps.compile makes it") from None
    if spec.name != name:
        raise ProjectError(f"{file} describes the application {spec.name}, not {name}")
    return spec


def _validate_modes(applications: tuple[Application, ...], unchecked: tuple[str, ...]) -> None:
    modes = {application.name: application.mode for application in applications}
    for application in applications:
        if application.name in unchecked or not application.mode.starts:
            continue
        for child in application.spec.applications:
            if child in modes and not modes[child].starts:
                raise ProjectError(
                    f"{application.name} starts ({application.mode}) and needs {child}, which does not "
                    f"({modes[child]}): the release would not boot",
                    hint=f"let {child} start, or set the mode of {application.name} to load or none, too",
                )
