"""The facts of a project: what its ``mix.exs`` or ``rebar.config`` says, and what it was compiled with.

Values only. ``dray.project`` finds the facts; nothing here knows how.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dray.errors import ProjectError


@dataclass(frozen=True, slots=True)
class Toolchain:
    """The Erlang/OTP and Elixir that compiled the project.

    Args:
        otp_release: The major version, ``"25"``.
        erts_version: The version of the runtime, ``"13.1.5"``.
        otp_root: OTP's root folder, the one that holds ``erts-VERSION``.
        otp_lib: The folder of OTP's applications.
        significant_chunks: The chunks that ``beam_lib`` of this OTP keeps when it strips a module.
        elixir_version: Elixir's version; None for a project without Elixir.
        elixir_bin: The folder of Elixir's ``elixir`` and ``iex`` scripts.
    """

    otp_release: str
    erts_version: str
    otp_root: Path
    otp_lib: Path
    significant_chunks: tuple[str, ...]
    elixir_version: str | None = None
    elixir_bin: Path | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit of the project's working tree.

    Args:
        sha: The full object name.
        time: When it was committed, in seconds since 1970.
        dirty: Whether a tracked file differs from the commit.
    """

    sha: str
    time: int
    dirty: bool

    @property
    def short(self) -> str:
        """The name as it stands in a version: seven characters, with ``.dirty`` where the tree is."""
        return self.sha[:7] + (".dirty" if self.dirty else "")


@dataclass(frozen=True, slots=True)
class Dependency:
    """An application that the project depends on.

    Args:
        name: The application's name.
        version: Its version; None where it is not known.
        source: Where it comes from: ``hex``, ``git``, ``path`` or the name of another source.
        path: Its source folder.
        licenses: SPDX names, as its authors wrote them.
        native: Whether it carries native code for the machine (a NIF, a port program).
    """

    name: str
    version: str | None
    source: str
    path: Path
    licenses: tuple[str, ...] = ()
    native: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A Mix or rebar3 project that builds one application of ours: an umbrella's child, or the whole project.

    Args:
        name: The application's name.
        version: Its version.
        path: Its folder.
        description: One sentence, or empty.
        dependencies: The names of the applications that it lists as dependencies.
        aliases: The names of its Mix aliases.
        source_paths: The folders that it is compiled from.
    """

    name: str
    version: str
    path: Path
    description: str = ""
    dependencies: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    source_paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class StripOptions:
    """How modules are stripped, as ``strip_beams:`` of ``mix release`` says.

    Args:
        keep: Chunks to keep besides those that the runtime needs.
        compress: Whether each module is compressed with gzip.
    """

    keep: tuple[str, ...] = ()
    compress: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseDefinition:
    """One release as the project describes it: an entry of ``releases:``, with Mix's defaults.

    The fields have the names and the meaning of the options of ``mix release``.

    Args:
        applications: Application and mode, in the order given.
        include_erts: Whether the runtime is included; a path where it comes from elsewhere.
        sets_cookie: Whether ``cookie:`` was given. Its value is not taken over: no cookie is shipped.
        providers: The initialised config providers, a list of ``{Module, State}`` in the external term
        format.
        runtime_config_path: False where the option switches ``runtime.exs`` off, None for the default place.
        reboot_system_after_config: None for Mix's default, which depends on the runtime configuration.
        steps: ``assemble``, ``tar``, or a description of the function.
        boot_scripts: Name, and application and mode of each; empty for ``start`` and ``start_clean`` as Mix makes
            them.
        sys_config: A rebar3 project's own ``sys.config``.
        vm_args: A rebar3 project's own ``vm.args``.
        error: Why the description cannot be read, if it cannot.
        ignored: What the project's own tool would do and dray does otherwise, in words.
    """

    name: str
    version: str | None = None
    applications: tuple[tuple[str, str], ...] = ()
    strip: StripOptions | None = StripOptions()
    include_erts: bool | Path = True
    include_executables_for: tuple[str, ...] = ("unix",)
    sets_cookie: bool = False
    validate_compile_env: bool = True
    path: str | None = None
    overlays: tuple[str, ...] = ()
    rel_templates_path: str = "rel"
    steps: tuple[str, ...] = ("assemble",)
    skip_mode_validation_for: tuple[str, ...] = ()
    runtime_config_path: str | bool | None = None
    providers: bytes = b"\x83j"
    reboot_system_after_config: bool | None = None
    prune_runtime_sys_config_after_boot: bool = False
    start_distribution_during_config: bool = False
    boot_scripts: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    sys_config: Path | None = None
    vm_args: Path | None = None
    ignored: tuple[str, ...] = ()
    error: ProjectError | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """All facts of a project.

    Args:
        kind: ``mix`` or ``rebar3``.
        root: The project's folder.
        name: The application's name; the folder's name for an umbrella.
        version: The version of ``mix.exs``; None where it has none.
        env: The environment it was compiled for.
        target: Mix's target, ``host`` unless ``MIX_TARGET`` says otherwise.
        build_path: Where it was compiled to, ``_build/prod``.
        links: Title and address, as the package says.
        umbrella: Whether it is an umbrella.
        members: The applications that the project itself builds.
        dependencies: What it depends on, umbrella children left out.
        releases: The releases that it describes.
        default_release: The one to build where none is named.
        code_path: The folders of compiled modules, in the order in which the BEAM searches them.
        dependency_apps: The applications that come from dependencies, which win over OTP's own.
        config: The compile-time configuration (``config/config.exs``), in the external term format.
        config_path: Where it is, relative to ``root``.
        config_files: It and the files that it imports.
        consolidated: The folder of consolidated protocols.
        rendered: Files made of the project's own EEx templates, name and bytes.
        config_provider: ``Config.Provider.init/3`` of no providers, in the external term format: the shape
            that this Elixir gives to what it stores in ``sys.config``.
        commit: The commit, where the project is kept in git.
    """

    kind: str
    root: Path
    name: str
    version: str | None
    env: str
    target: str
    build_path: Path
    toolchain: Toolchain
    description: str = ""
    links: tuple[tuple[str, str], ...] = ()
    licenses: tuple[str, ...] = ()
    maintainers: tuple[str, ...] = ()
    homepage: str | None = None
    umbrella: bool = False
    members: tuple[Member, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    releases: tuple[ReleaseDefinition, ...] = ()
    default_release: str | None = None
    code_path: tuple[Path, ...] = ()
    dependency_apps: tuple[str, ...] = ()
    config: bytes = b"\x83j"
    config_path: str = "config/config.exs"
    config_files: tuple[Path, ...] = ()
    config_provider: bytes = b"\x83j"
    consolidated: Path | None = None
    rendered: tuple[tuple[str, bytes], ...] = ()
    commit: Commit | None = None
