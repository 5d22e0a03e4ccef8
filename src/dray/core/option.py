"""The options of a step: their names, their types, and how a value is checked against them.

A step's options are the parameters of its function after ``release`` and ``ctx``; their annotations are the
types. A value may come from the pipeline, from ``config(...)`` or, as text, from ``--set``.
"""

from __future__ import annotations

import inspect
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dray.core.secret import Secret
from dray.errors import ConfigError, Location

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING: Any = inspect.Parameter.empty

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a step.

    Args:
        name: The parameter's name.
        annotation: Its type; ``Any`` where the function does not say.
        default: Its default, or ``MISSING`` where it must be given.
        positional: Whether it may be given by position.
        variadic: Whether it gathers all further positional arguments.
    """

    name: str
    annotation: Any
    default: Any = MISSING
    positional: bool = False
    variadic: bool = False

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is MISSING and not self.variadic

    @property
    def takes_secret(self) -> bool:
        """Whether its value may be a secret, so that even one that is written down is not shown."""
        return self.annotation is Secret or Secret in typing.get_args(self.annotation)


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it came from.

    Args:
        value: The value.
        origin: A place in the user's files, or a word: ``default``, ``--set``, ``mix.exs``.
    """

    value: Any
    origin: Location | str


def read_options(function: Callable[..., Any], *, skip: int) -> tuple[Option, ...]:
    """Return the options of ``function``, leaving out its first ``skip`` parameters."""
    annotations = _resolve_annotations(function)
    return tuple(
        Option(
            name=parameter.name,
            annotation=annotations.get(parameter.name, Any),
            default=parameter.default,
            positional=parameter.kind is not parameter.KEYWORD_ONLY,
            variadic=parameter.kind is parameter.VAR_POSITIONAL,
        )
        for parameter in list(inspect.signature(function).parameters.values())[skip:]
    )


def validate_parameters(function: Callable[..., Any]) -> None:
    """Check that each parameter of ``function`` can be an option.

    Raises:
        TypeError: The function takes ``**kwargs``, so that a misspelt option could not be told from a meant
        one.
    """
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            raise TypeError(f"a step names its options one by one, without **{parameter.name}")


def _resolve_annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations as types; those that only a type checker can resolve become ``Any``."""
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError):
        pass
    namespace = getattr(function, "__globals__", {})
    resolved: dict[str, Any] = {}
    for name, annotation in inspect.get_annotations(function).items():
        try:
            resolved[name] = (
                eval(annotation, namespace)  # noqa: S307 - an annotation of the step's own file
                if isinstance(annotation, str)
                else annotation
            )
        except (NameError, TypeError, SyntaxError):
            resolved[name] = Any
    return resolved


def validate_value(value: Any, option: Option, *, owner: str, origin: Location | str) -> Any:
    """Return ``value`` as the option's type.

    Args:
        value: What the user gave.
        option: The option it is for.
        owner: The step or section, for the message.
        origin: Where the value came from; text from ``--set`` is parsed.

    Raises:
        ConfigError: The value does not fit.
    """
    accepted = parse_text(value, option.annotation) if origin == "--set" else value
    if fits(accepted, option.annotation):
        return accepted
    if option.takes_secret:
        raise _explain_secret(option, owner, origin)
    raise ConfigError(
        f"{owner}: {option.name} is {describe(option.annotation)}",
        got=repr(value),
        location=origin if isinstance(origin, Location) else None,
        hint=f"it was given with {origin}" if isinstance(origin, str) else None,
    )


def _explain_secret(option: Option, owner: str, origin: Location | str) -> ConfigError:
    """Return what to say of a value that should be a secret: neither it nor the line that it stands in."""
    place = f", line {origin.line}" if isinstance(origin, Location) and origin.line else ""
    return ConfigError(
        f"{owner}: {option.name} is {describe(option.annotation)}{place}",
        location=Location(origin.file) if isinstance(origin, Location) else None,
        hint=f'{option.name}=env("NAME") reads an environment variable when it is needed, and shows it nowhere',
    )


def show_value(value: Any, option: Option) -> str:
    """Return a value as it is shown to the user: a secret that was written down is left out."""
    if not option.takes_secret:
        return repr(value)
    if isinstance(value, tuple | list):
        return f"({', '.join(show_value(item, option) for item in value)})"
    if not isinstance(value, str):
        return repr(value)
    scheme, colon, _ = value.partition("://")
    return repr(f"{scheme}://..." if colon and scheme.isalnum() else "...")


def fits(value: Any, annotation: Any) -> bool:
    """Tell whether a value is of the annotated type; a secret fits wherever text does."""
    if annotation is Any or annotation is object or isinstance(annotation, str):
        return True
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is Literal:
        return any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin in {typing.Union, types.UnionType}:
        return any(fits(value, choice) for choice in arguments)
    if annotation is None or annotation is type(None):
        return value is None
    if isinstance(value, Secret):
        return annotation is str or annotation is Secret
    if origin is not None:
        return _fits_generic(value, origin, arguments)
    if annotation is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if annotation is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if annotation is Path:
        return isinstance(value, str | Path)
    return not isinstance(annotation, type) or isinstance(value, annotation)


def _fits_generic(value: Any, origin: Any, arguments: tuple[Any, ...]) -> bool:
    if origin is typing.get_origin(typing.Callable[..., Any]):
        return callable(value)
    if issubclass(origin, typing.Mapping):
        key, item = arguments
        return isinstance(value, dict) and all(fits(k, key) and fits(v, item) for k, v in value.items())
    if issubclass(origin, typing.Iterable):
        items = [a for a in arguments if a is not Ellipsis]
        wanted = items[0] if items else Any
        return isinstance(value, list | tuple) and all(fits(v, wanted) for v in value)
    return isinstance(value, origin)


def parse_text(text: Any, annotation: Any) -> Any:
    """Return the text of a ``--set`` as the annotated type, or the text itself where it is none of it."""
    if not isinstance(text, str):
        return text
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin in {typing.Union, types.UnionType}:
        # Every text is a string: what else it can be comes first.
        choices = sorted(arguments, key=lambda choice: choice in {str, Secret, Path})
        return next((value for choice in choices if fits(value := parse_text(text, choice), choice)), text)
    if annotation is type(None):
        return None if text == "none" else text
    if annotation is bool:
        return _BOOLEANS.get(text.lower(), text)
    if annotation in {int, float}:
        try:
            return annotation(text)
        except ValueError:
            return text
    if origin is not None and origin is not Literal and issubclass(origin, typing.Mapping):
        pairs = [item.partition("=") for item in text.split(",") if item]
        if not all(equals for _, equals, _ in pairs):
            return text
        return {k.strip(): parse_text(v.strip(), arguments[1]) for k, _, v in pairs}
    if origin in {tuple, list} or (isinstance(origin, type) and issubclass(origin, typing.Sequence)):
        return tuple(parse_text(item.strip(), arguments[0]) for item in text.split(",") if item)
    return text


def describe(annotation: Any) -> str:
    """Return a type in words that someone can read who does not write Python."""
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is Literal:
        return "one of " + ", ".join(repr(choice) for choice in arguments)
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(describe(choice) for choice in arguments if choice is not type(None))
    if origin is not None and isinstance(origin, type):
        if issubclass(origin, typing.Mapping):
            return f"a dict of {describe(arguments[0])} to {describe(arguments[1])}"
        if issubclass(origin, typing.Iterable) and arguments:
            return f"a list of {describe(arguments[0])}"
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


_WORDS: dict[Any, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    Path: "a path",
    bytes: "bytes",
    type(None): "None",
    None: "None",
    Any: "any value",
    Secret: 'env("NAME") or secret("file:PATH")',
}
