"""The facts that rebar3 reports, as values: the applications, and the ``relx`` section of ``rebar.config``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dray.beam.etf import decode
from dray.core.application import USER_MODES
from dray.core.project import Dependency, Member, Project, ReleaseDefinition, Toolchain
from dray.core.term import Atom, Map
from dray.errors import ProjectError

_UNSUPPORTED = {
    "sys_config_src": "write a sys.config, and what only the host knows into it when it starts",
    "vm_args_src": "write a vm.args; what only the host knows goes into its environment, as ERL_ZFLAGS",
}
_IGNORED = {
    "overlay": "put the files into rel/overlays",
    "extended_start_script_hooks": "dray has hooks of its own",
    "extended_start_script_extensions": "dray has commands of its own",
}
_UNDERSTOOD = frozenset(
    {
        *("release", "default_release", "include_erts", "mode", "sys_config", "vm_args"),
        # What follows asks for what dray does anyway, or speaks of developing only.
        *("debug_info", "dev_mode", "extended_start_script", "generate_start_script", "include_nodetool"),
        *("include_src", "lib_dirs", "overlay_vars", "src_tests", "system_libs"),
    }
)


def parse_rebar3_facts(data: bytes, env: str) -> Project:
    """Return the facts as a value.

    Args:
        data: The reply of ``beam/rebar3_facts.erl``.
        env: The environment that the project was compiled for.

    Raises:
        ProjectError: The ``relx`` section describes something that dray does not build.
        IntegrityError: The bytes are no reply.
    """
    reply = decode(data)
    if not isinstance(reply, Map):
        raise ProjectError("rebar3 reported no facts")
    facts: dict[str, Any] = {str(key): value for key, value in reply.pairs}
    root = Path(_text(facts["root"])).resolve()
    members = tuple(sorted((_member(item) for item in facts["members"]), key=lambda member: member.name))
    relx = _Relx(root, facts["relx"])
    outputs = [Path(_text(item[3])) for item in (*facts["members"], *facts["dependencies"])]
    return Project(
        kind="rebar3",
        root=root,
        name=members[0].name if len(members) == 1 else root.name,
        version=members[0].version if len(members) == 1 else None,
        env=env,
        target="host",
        build_path=Path(_text(facts["build_path"])),
        toolchain=Toolchain(
            otp_release=_text(facts["otp_release"]),
            erts_version=_text(facts["erts_version"]),
            otp_root=Path(_text(facts["otp_root"])),
            otp_lib=Path(_text(facts["otp_lib"])),
            significant_chunks=tuple(map(_text, facts["significant_chunks"])),
        ),
        umbrella=len(members) > 1,
        members=members,
        dependencies=tuple(_dependency(item) for item in facts["dependencies"]),
        releases=relx.definitions(),
        default_release=relx.default_release(),
        code_path=tuple(path / "ebin" for path in outputs),
        dependency_apps=tuple(_text(item[0]) for item in facts["dependencies"]),
    )


def _member(item: Any) -> Member:
    name, version, folder, _, _ = item
    return Member(_text(name), _text(version), Path(_text(folder)))


def _dependency(item: Any) -> Dependency:
    name, version, folder, _, source = item
    kind = str(source[0]) if isinstance(source, tuple) and source and isinstance(source[0], Atom) else "path"
    return Dependency(_text(name), _text(version), "hex" if kind == "pkg" else kind, Path(_text(folder)))


class _Relx:
    """The ``relx`` section; of a key that stands twice, the later one counts, as a profile's does for rebar3."""

    def __init__(self, root: Path, terms: Any) -> None:
        self.root = root
        self.terms = terms if isinstance(terms, list) else []
        items = [term for term in self.terms if isinstance(term, tuple) and term]
        self.releases = [term for term in items if term[0] == "release" and len(term) in {3, 4}]
        self.values = {str(term[0]): term[1] for term in items if len(term) == 2}
        for key, hint in _UNSUPPORTED.items():
            if key in self.values:
                raise ProjectError(f"rebar.config: relx: dray does not read {key}", hint=hint)

    def ignored(self) -> tuple[str, ...]:
        """What the section asks for and dray does otherwise."""
        known = [f"relx: {key} is not read: {hint}" for key, hint in _IGNORED.items() if key in self.values]
        unknown = sorted(self.values.keys() - _IGNORED.keys() - _UNDERSTOOD)
        return (*known, *(f"relx: {key} is not read" for key in unknown))

    def default_release(self) -> str | None:
        value = self.values.get("default_release")
        return _text(value[0] if isinstance(value, tuple) else value) or None

    def definitions(self) -> tuple[ReleaseDefinition, ...]:
        return tuple(self.of_release(*term[3:]).definition(*term[1:3]) for term in self.releases)

    def of_release(self, options: Any = ()) -> _Relx:
        """Return the section as one release sees it: its own options, the fourth element, win."""
        return _Relx(self.root, [*self.terms, *options]) if options else self

    def definition(self, name: Any, applications: Any) -> ReleaseDefinition:
        if not (isinstance(name, tuple) and len(name) == 2 and isinstance(applications, list)):
            raise ProjectError("rebar.config: relx: a release is {release, {Name, Version}, Applications}")
        release, version = name
        if not isinstance(version, str) or isinstance(version, Atom):
            raise ProjectError(f"rebar.config: relx: the version of {release} is a string or git", got=repr(version))
        return ReleaseDefinition(
            name=_text(release),
            version=version,
            applications=tuple(_application(item) for item in applications),
            include_erts=self.include_erts(),
            sys_config=self.file("sys_config", "config/sys.config"),
            vm_args=self.file("vm_args", "config/vm.args"),
            ignored=self.ignored(),
        )

    def include_erts(self) -> bool | Path:
        value = self.values.get("include_erts", Atom("false" if self.values.get("mode") == "minimal" else "true"))
        if isinstance(value, str) and not isinstance(value, Atom):
            return Path(value)
        return bool(value == "true")

    def file(self, key: str, default: str) -> Path | None:
        value = self.values.get(key)
        if value == "false":
            return None
        path = self.root / (_text(value) or default)
        if value is not None and not path.is_file():
            raise ProjectError(f"rebar.config: relx: {key} names a file that does not exist", got=_text(value))
        return path if path.is_file() else None


def _application(item: Any) -> tuple[str, str]:
    parts = item if isinstance(item, tuple) else (item,)
    modes = [str(part) for part in parts[1:] if isinstance(part, Atom) and part in USER_MODES]
    return _text(parts[0]), modes[0] if modes else "permanent"


def _text(term: Any) -> str:
    if isinstance(term, bytes):
        return term.decode("utf-8", "replace")
    return str(term) if isinstance(term, str) else ""
