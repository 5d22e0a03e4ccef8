"""A pipeline is a value: it records, and changing it makes another one."""

from __future__ import annotations

import pytest

from dray import Context, Release, StepError, parallel, step
from dray.core.pipeline import Parallel, Pipeline, as_pipeline
from dray.errors import ConfigError


@step
def first(release: Release, ctx: Context) -> Release:
    """Is the first."""
    return release


@step
def second(release: Release, ctx: Context, name: str = "x", *, level: int = 1) -> Release:
    """Is the second."""
    return release


@step(name="custom.third")
def third(release: Release, ctx: Context) -> Release:
    return release


def plain(release: Release, ctx: Context) -> Release:
    raise StepError("not while it is written")


def names(pipeline: Pipeline) -> list[str]:
    return [stage.name for stage in pipeline.stages]


def test_nothing_runs_while_a_pipeline_is_written():
    assert names(first() | second() | plain) == ["first", "second", "plain"]


def test_a_pipeline_can_begin_with_a_function():
    assert names(plain | first()) == ["plain", "first"]


def test_pipelines_join_into_a_longer_one():
    build = first() | second()
    assert names(build | (third() | first())) == ["first", "second", "custom.third", "first"]


def test_a_step_without_parentheses_is_called_without_options():
    assert names(first() | second) == ["first", "second"]


def test_joining_leaves_the_parts_as_they_were():
    build = first() | second()
    _ = build | third()
    assert names(build) == ["first", "second"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: p.without("second"), ["first", "custom.third"]),
        (lambda p: p.replace("second", first()), ["first", "first", "custom.third"]),
        (lambda p: p.before("second", third()), ["first", "custom.third", "second", "custom.third"]),
        (lambda p: p.after("first", plain), ["first", "plain", "second", "custom.third"]),
        (lambda p: p.replace("second", first() | third()), ["first", "first", "custom.third", "custom.third"]),
    ],
    ids=["without", "replace", "before", "after", "replace by a pipeline"],
)
def test_a_pipeline_can_be_changed(change, expected):
    assert names(change(first() | second() | third())) == expected


def test_changing_a_step_that_is_not_there_suggests_the_one_that_was_meant():
    with pytest.raises(ConfigError) as caught:
        (first() | second()).without("secnd")
    assert caught.value.suggestion() == "second"
    assert caught.value.location is not None
    assert caught.value.location.file == __file__


def test_steps_inside_parallel_can_be_changed_too():
    build = first() | parallel(second(), first() | third())
    assert [s.name for s in build.steps()] == ["first", "second", "first", "custom.third"]
    changed = build.without("second")
    assert [s.name for s in changed.steps()] == ["first", "first", "custom.third"]


def test_parallel_disappears_with_its_last_branch():
    assert names((first() | parallel(second())).without("second")) == ["first"]


def test_parallel_needs_a_branch():
    with pytest.raises(ConfigError, match="at least one step"):
        parallel()


def test_parallel_can_begin_and_continue_a_pipeline():
    both = parallel(first(), second())
    assert isinstance(both, Parallel)
    assert names(both | third()) == ["parallel", "custom.third"]


def test_a_step_remembers_the_line_that_asked_for_it():
    written = second(level=3)
    assert written.location is not None
    assert written.location.file == __file__
    assert written.arguments == (("level", 3),)


def test_positional_options_are_bound_by_name():
    assert second("y").arguments == (("name", "y"),)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: second(levl=3), "has no option 'levl'"),
        (lambda: second("a", "b"), "at most 1 option"),
        (lambda: second("a", name="b"), "given twice"),
        (lambda: first("a"), "no option without a name"),
    ],
    ids=["unknown", "too many", "twice", "none at all"],
)
def test_wrong_options_are_refused_where_they_are_written(call, message):
    with pytest.raises(ConfigError, match=message) as caught:
        call()
    assert caught.value.location is not None
    assert caught.value.location.file == __file__


@pytest.mark.parametrize(
    "function",
    [lambda: None, lambda a, b, c: None],
    ids=["takes nothing", "takes too much"],
)
def test_a_function_that_cannot_be_a_step_is_refused(function):
    with pytest.raises(ConfigError, match="takes \\(release\\) or \\(release, ctx\\)"):
        first() | function


def test_something_that_is_no_step_is_refused():
    with pytest.raises(ConfigError, match="made of steps and functions"):
        as_pipeline("tar")  # type: ignore[arg-type]


def test_a_function_of_the_release_alone_is_a_step(make_ctx):
    def rename(release: Release) -> Release:
        return release.configure("shop", key=1)

    pipeline = as_pipeline(rename)
    (made,) = pipeline.steps()
    assert made.definition.function(Release(), make_ctx()).config[0].key == "key"


def test_a_definition_can_be_run_directly(make_ctx):
    release = Release(name="shop")
    assert first.run(release, make_ctx()) is release


def test_a_step_may_not_take_any_option_there_is():
    with pytest.raises(TypeError, match="one by one"):

        @step
        def loose(release: Release, ctx: Context, **options: str) -> Release:
            return release
