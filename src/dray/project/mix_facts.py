"""The facts that Mix reports, as values.

Reads the reply of ``beam/facts.exs``: Mix's project configuration, its dependencies, and what was compiled. Nothing
here knows how the reply came about; all of it is checked, since a ``mix.exs`` may hold anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dray.beam.etf import decode, encode
from dray.core.project import Dependency, Member, Project, ReleaseDefinition, StripOptions, Toolchain
from dray.core.term import Atom, ExternalFun, Map, Opaque
from dray.errors import ProjectError

_FLAGS = (
    "validate_compile_env",
    "reboot_system_after_config",
    "prune_runtime_sys_config_after_boot",
    "start_distribution_during_config",
)
_SOURCE_PATHS = ("elixirc_paths", "erlc_paths", "erlc_include_path")
_SOURCES = {"Mix.SCM.Path": "path", "Mix.SCM.Git": "git", "Hex.SCM": "hex"}


def parse_mix_facts(data: bytes) -> Project:
    """Return the facts as a value.

    Args:
        data: The reply in the external term format.

    Raises:
        ProjectError: ``mix.exs`` holds something that Mix, too, would refuse.
        IntegrityError: The bytes are no reply.
    """
    facts = _fields(decode(data))
    config = _keyword(facts["config"])
    package = _keyword(config.get("package"))
    root = Path(_text(facts["root"]))
    return Project(
        kind="mix",
        root=root,
        name=_text(config.get("app")) or root.name,
        version=_text(config.get("version")) or None,
        env=_text(facts["env"]),
        target=_text(facts["target"]),
        build_path=Path(_text(facts["build_path"])),
        toolchain=_toolchain(facts),
        description=" ".join((_text(config.get("description")) or _text(package.get("description"))).split()),
        links=_links(package.get("links")),
        licenses=_texts(package.get("licenses")),
        maintainers=_texts(package.get("maintainers")),
        homepage=_text(config.get("homepage_url")) or _text(config.get("source_url")) or None,
        umbrella=config.get("apps_path") is not None,
        members=_members(facts, config, root),
        dependencies=tuple(_dependency(item) for item in facts["dependencies"]),
        releases=tuple(_read_definition(name, options) for name, options in facts["releases"]),
        default_release=_text(config.get("default_release")) or None,
        code_path=tuple(Path(_text(folder)) for folder in facts["code_path"] if _text(folder) != "."),
        dependency_apps=_texts(facts["dependency_apps"]),
        config=encode(facts["compile_config"]),
        config_path=_text(config.get("config_path")) or "config/config.exs",
        config_files=tuple(Path(_text(path)) for path in facts["config_files"]),
        config_provider=encode(facts["config_provider"]),
        consolidated=Path(path) if (path := _text(facts["consolidated"])) else None,
        rendered=tuple((_text(name), _bytes(text)) for name, text in facts["rendered"]),
    )


def _toolchain(facts: dict[str, Any]) -> Toolchain:
    return Toolchain(
        otp_release=_text(facts["otp_release"]),
        erts_version=_text(facts["erts_version"]),
        otp_root=Path(_text(facts["otp_root"])),
        otp_lib=Path(_text(facts["otp_lib"])),
        significant_chunks=_texts(facts["significant_chunks"]),
        elixir_version=_text(facts["elixir_version"]),
        elixir_bin=Path(_text(facts["elixir_bin"])),
    )


def _members(facts: dict[str, Any], config: dict[str, Any], root: Path) -> tuple[Member, ...]:
    children = [(Path(_text(path)), _keyword(child)) for path, child in facts["children"]]
    if config.get("apps_path") is None:
        children = [(root, config)]
    members = [
        Member(
            name=_text(child.get("app")),
            version=_text(child.get("version")),
            path=path,
            description=" ".join(_text(child.get("description")).split()),
            dependencies=tuple(_text(dep[0]) for dep in _tuples(child.get("deps"))),
            aliases=tuple(_text(alias[0]) for alias in _tuples(child.get("aliases"))),
            source_paths=tuple(path / folder for key in _SOURCE_PATHS for folder in _texts_or_text(child.get(key))),
        )
        for path, child in children
    ]
    return tuple(sorted(members, key=lambda member: member.name))


def _dependency(item: Any) -> Dependency:
    name, status, scm, path, package, *found = item
    licenses, native = found or ([], Atom("false"))
    module = _text(scm).removeprefix("Elixir.")
    return Dependency(
        name=_text(name),
        version=_text(status[1]) if isinstance(status, tuple) and status[0] == "ok" else None,
        source=_SOURCES.get(module, module),
        path=Path(_text(path)),
        licenses=_texts(licenses) or _texts(_keyword(package).get("licenses")),
        native=native == "true",
    )


def _read_definition(name: Any, term: Any) -> ReleaseDefinition:
    """Return a release; one that cannot be read is an error only for who wants to build it."""
    try:
        return parse_definition(name, term)
    except ProjectError as error:
        return ReleaseDefinition(_text(name), error=error)


def parse_definition(name: Any, term: Any) -> ReleaseDefinition:
    """Return an entry of ``releases:`` as a value.

    Args:
        name: Its name, an atom.
        term: Its options, a keyword list.

    Raises:
        ProjectError: An option is not of the kind that ``mix release`` takes.
    """
    options = _keyword(term)
    read = _Options(_text(name), options)
    return ReleaseDefinition(
        name=_text(name),
        version=read.text("version"),
        applications=read.modes(),
        strip=read.strip(),
        include_erts=read.erts(),
        include_executables_for=read.texts("include_executables_for") or ("unix",),
        sets_cookie="cookie" in options,
        path=read.text("path"),
        overlays=read.texts("overlays"),
        rel_templates_path=read.text("rel_templates_path") or "rel",
        steps=read.steps(),
        skip_mode_validation_for=read.texts("skip_mode_validation_for"),
        runtime_config_path=read.runtime_config(),
        providers=encode(options.get("config_providers", [])),
        **{key: options[key] == "true" for key in _FLAGS if key in options},
    )


class _Options:
    """The options of one release in ``mix.exs``."""

    def __init__(self, release: str, options: dict[str, Any]) -> None:
        self.release = release
        self.options = options

    def fail(self, key: str, rule: str) -> ProjectError:
        return ProjectError(
            f"releases: {self.release}: {key}: is {rule}",
            got=show_term(self.options.get(key)),
            hint="mix help release describes the option",
        )

    def text(self, key: str) -> str | None:
        value = self.options.get(key)
        if value is None or value == "nil":
            return None
        if not isinstance(value, bytes | str):
            raise self.fail(key, "a string")
        if key == "version" and not value:
            raise self.fail(key, "a string that is not empty")
        return _text(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.options.get(key, [])
        items = [value] if isinstance(value, bytes | Atom) else value
        if not (isinstance(items, list) and all(isinstance(item, bytes | str) for item in items)):
            raise self.fail(key, "a list")
        return tuple(map(_text, items))

    def modes(self) -> tuple[tuple[str, str], ...]:
        value = self.options.get("applications", [])
        if not (isinstance(value, list) and all(_is_pair_of_atoms(item) for item in value)):
            raise self.fail("applications", "a keyword list of application and mode")
        return tuple((str(name), str(mode)) for name, mode in value)

    def strip(self) -> StripOptions | None:
        value = self.options.get("strip_beams", Atom("true"))
        if value in {"true", "false"} if isinstance(value, Atom) else False:
            return StripOptions() if value == "true" else None
        if not isinstance(value, list):
            raise self.fail("strip_beams", "true, false, or [keep: [chunk], compress: boolean]")
        options = _keyword(value)
        return StripOptions(_texts(options.get("keep")), options.get("compress") == "true")

    def erts(self) -> bool | Path:
        value = self.options.get("include_erts", Atom("true"))
        if isinstance(value, bytes):
            return Path(_text(value))
        if value not in {"true", "false"}:
            raise self.fail("include_erts", "true, false, a path, or a function that returns one of them")
        return bool(value == "true")

    def runtime_config(self) -> str | bool | None:
        value = self.options.get("runtime_config_path")
        return False if value == "false" else self.text("runtime_config_path")

    def steps(self) -> tuple[str, ...]:
        value = self.options.get("steps", [Atom("assemble")])
        if not isinstance(value, list):
            raise self.fail("steps", "a list of functions, :assemble and :tar")
        known = ("assemble", "tar")
        return tuple(str(step) if step in known and isinstance(step, Atom) else show_term(step) for step in value)


def _is_pair_of_atoms(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and all(isinstance(part, Atom) for part in item)


def show_term(term: Any) -> str:
    """Return a term roughly as Elixir's ``inspect`` would show it, for messages."""
    match term:
        case Atom():
            return term.removeprefix("Elixir.") if term.startswith("Elixir.") else f":{term}"
        case bytes():
            return '"' + term.decode("utf-8", "replace") + '"'
        case ExternalFun():
            return f"&{show_term(term.module)}.{term.function}/{term.arity}"
        case Opaque():
            return f"#{term.kind.capitalize()}<...>" if term.kind != "fun" else "an anonymous function"
        case list():
            return "[" + ", ".join(map(show_term, term)) + "]"
        case tuple():
            return "{" + ", ".join(map(show_term, term)) + "}"
        case Map():
            return "%{" + ", ".join(f"{show_term(k)} => {show_term(v)}" for k, v in term.pairs) + "}"
        case str():
            return f"'{term}'"
        case _:
            return repr(term)


def _fields(term: Any) -> dict[str, Any]:
    if not isinstance(term, Map):
        raise ProjectError("Mix reported no facts")
    return {str(key): value for key, value in term.pairs}


def _keyword(term: Any) -> dict[str, Any]:
    """Return a keyword list as a dict; of a key that stands twice, the first counts, as for ``Keyword.get``."""
    pairs = _tuples(term)
    return {str(pair[0]): pair[1] for pair in reversed(pairs) if len(pair) == 2}


def _tuples(term: Any) -> list[tuple[Any, ...]]:
    return [item for item in term if isinstance(item, tuple)] if isinstance(term, list) else []


def _links(term: Any) -> tuple[tuple[str, str], ...]:
    pairs: Any = term.pairs if isinstance(term, Map) else _tuples(term)
    return tuple((_text(title), _text(address)) for title, address in pairs)


def _texts(term: Any) -> tuple[str, ...]:
    return tuple(map(_text, term)) if isinstance(term, list) else ()


def _texts_or_text(term: Any) -> tuple[str, ...]:
    return _texts(term) or tuple(filter(None, [_text(term)]))


def _text(term: Any) -> str:
    """Return the text of a string, a charlist or an atom; empty for nil, false and anything else."""
    if isinstance(term, bytes):
        return term.decode("utf-8", "replace").strip()
    if isinstance(term, str) and not (isinstance(term, Atom) and term in {"nil", "false"}):
        return str(term)
    return ""


def _bytes(term: Any) -> bytes:
    return term if isinstance(term, bytes) else _text(term).encode()
