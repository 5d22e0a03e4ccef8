"""The value that each option of a step gets, and where it comes from.

In this order, the later one wins: the step's default, ``config(STEP, ...)``, the argument in the pipeline, and
``--set STEP.key=value``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.core.option import Option, Setting, validate_value
from dray.errors import ConfigError, Location, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dray.core.settings import Settings
    from dray.core.step import Step, StepDefinition

OWN_SECTION = frozenset({"release"})
"""Steps that read their settings themselves: the section of ``release`` has the name of the release."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """The values of ``--set``: step, option, text."""

    values: tuple[tuple[str, str, str], ...] = ()

    def of(self, step: str) -> dict[str, str]:
        """Return the values for a step."""
        return {option: text for name, option, text in self.values if name == step}


@dataclass(frozen=True, slots=True)
class ResolvedStep:
    """A step's options, each with its value and where that comes from."""

    step: Step
    settings: tuple[tuple[Option, Setting], ...]

    @property
    def positional(self) -> tuple[Any, ...]:
        """The values to pass by position."""
        values: list[Any] = []
        for option, setting in self.settings:
            if option.variadic:
                values += setting.value
            elif option.positional:
                values.append(setting.value)
        return tuple(values)

    @property
    def named(self) -> dict[str, Any]:
        """The values to pass by name."""
        return {option.name: setting.value for option, setting in self.settings if not option.positional}


def parse_overrides(texts: Iterable[str], steps: Iterable[str]) -> Overrides:
    """Return the values of ``--set STEP.key=value``.

    Args:
        texts: What was typed.
        steps: The names of the pipeline's steps.

    Raises:
        UsageError: A text has another form, or the pipeline has no such step.
    """
    names = tuple(dict.fromkeys(steps))
    values = []
    for text in texts:
        path, equals, value = text.partition("=")
        step, dot, option = path.rpartition(".")
        if not equals or not dot:
            raise UsageError("--set takes STEP.option=value", got=text, hint="for example --set tar.level=9")
        if step not in names:
            raise UsageError(
                f"--set {text}: the pipeline has no step {step}; it has: {', '.join(names)}", got=step, choices=names
            )
        values.append((step, option, value))
    return Overrides(tuple(values))


def resolve_step(step: Step, settings: Settings, overrides: Overrides) -> ResolvedStep:
    """Return a step's options with their values.

    Raises:
        ConfigError: An option is unknown, of the wrong type, or missing.
        UsageError: ``--set`` names an option that the step does not have.
    """
    options = {option.name: option for option in step.definition.options}
    found = {
        name: Setting(() if option.variadic else option.default, "default")
        for name, option in options.items()
        if not option.required
    }
    if step.name not in OWN_SECTION:
        for name, setting in settings.section(step.name).items():
            found[name] = _checked(step.name, options, name, setting)
    for name, value in step.arguments:
        found[name] = _checked(step.name, options, name, Setting(value, step.location or "default"))
    for name, text in overrides.of(step.name).items():
        if name not in options:
            raise UsageError(f"--set: {_unknown(step.name, name, options)}", got=name, choices=tuple(options))
        found[name] = _checked(step.name, options, name, Setting(text, "--set"))
    for name in options:
        if name not in found:
            raise ConfigError(
                f"{step.name} needs the option {name}", location=step.location, hint=f"{step.name}({name}=...)"
            )
    return ResolvedStep(step, tuple((option, found[name]) for name, option in options.items()))


def validate_section(definition: StepDefinition[Any], settings: Settings) -> None:
    """Check what ``config(STEP, ...)`` says of a step that no pipeline has.

    Raises:
        ConfigError: An option is unknown, or of the wrong type.
    """
    options = {option.name: option for option in definition.options}
    for name, setting in settings.section(definition.name).items():
        _checked(definition.name, options, name, setting)


def _checked(owner: str, options: Mapping[str, Option], name: str, setting: Setting) -> Setting:
    option = options.get(name)
    if option is None:
        location = setting.origin if isinstance(setting.origin, Location) else None
        raise ConfigError(_unknown(owner, name, options), got=name, choices=tuple(options), location=location)
    if option.variadic:
        for item in setting.value:
            validate_value(item, option, owner=owner, origin=setting.origin)
        return setting
    return Setting(validate_value(setting.value, option, owner=owner, origin=setting.origin), setting.origin)


def _unknown(owner: str, name: str, options: Mapping[str, Option]) -> str:
    return f"{owner} has no option {name!r}; it has: {', '.join(options) or 'none'}"
