"""A pipeline that fails tells the steps behind the failed one, without running them, and fails as it would have."""

from __future__ import annotations

import io
import threading
import time

import pytest

from dray import Release, parallel, step
from dray.console import PlainConsole
from dray.core.settings import EMPTY
from dray.core.step_options import Overrides
from dray.engine import Engine
from dray.errors import Location, StepError
from dray.limit import run_within


@pytest.fixture
def engine(make_ctx):
    settings = EMPTY.merge("announce", "", {"channel": "#configured"}, Location("rel/config.py", 1))
    return Engine(make_ctx(settings=settings), PlainConsole(io.StringIO()), Overrides())


@pytest.fixture
def heard():
    return []


@pytest.fixture
def announce(heard):
    def tell(failure, ctx, *, channel: str = "#default"):
        heard.append((channel, failure.step, failure.what, failure.release.name))
        ctx.console.result("told")

    @step(on_failure=tell)
    def announce(release, ctx, *, channel: str = "#default"):
        heard.append((channel, "ran", release.name))
        return release

    return announce


@step
def named(release, ctx):
    return Release(name="shop", version="1.0", env=release.env)


@step
def fails(release, ctx, *, error=None):
    raise error or StepError("it failed")


def said(engine):
    return engine.console.stream.getvalue()


def test_a_step_behind_the_failed_one_is_told_with_its_options_and_does_not_run(engine, heard, announce):
    with pytest.raises(StepError, match="it failed"):
        engine.run(named() | fails() | announce() | announce(channel="#own"))
    assert heard == [("#configured", "fails", "it failed", "shop"), ("#own", "fails", "it failed", "shop")]
    assert "announce" in said(engine)
    assert "told" in said(engine)


def test_a_step_that_has_run_is_not_told(engine, heard, announce):
    with pytest.raises(StepError):
        engine.run(named() | announce() | fails())
    assert heard == [("#configured", "ran", "shop")]


def test_a_step_is_not_told_of_its_own_failure(engine, heard):
    def tell(failure, ctx):
        heard.append(failure.step)

    @step(on_failure=tell)
    def broken(release, ctx):
        raise StepError("broken itself")

    with pytest.raises(StepError, match="broken itself"):
        engine.run(named() | broken())
    assert heard == []


def test_a_release_without_a_name_yet_has_none(engine, heard, announce):
    with pytest.raises(StepError):
        engine.run(fails() | announce())
    assert heard == [("#configured", "fails", "it failed", "")]


def test_an_exception_is_told_with_its_kind(engine, heard, announce):
    with pytest.raises(Exception, match="ZeroDivisionError"):
        engine.run(named() | fails(error=ZeroDivisionError("by zero")) | announce())
    assert heard[0][2] == "the step fails failed: ZeroDivisionError: by zero"


def test_a_failed_branch_tells_those_in_it_and_those_behind_all(engine, heard, announce):
    pipeline = named() | parallel(fails() | announce(channel="#in"), named() | announce(channel="#beside"))
    with pytest.raises(StepError):
        engine.run(pipeline | announce(channel="#behind"))
    assert ("#in", "fails", "it failed", "shop") in heard
    assert ("#beside", "ran", "shop") in heard
    assert heard[-1] == ("#behind", "fails", "it failed", "shop")


def test_steps_in_branches_behind_the_failed_one_are_told(engine, heard, announce):
    with pytest.raises(StepError):
        engine.run(named() | fails() | parallel(named() | announce(channel="#a"), announce(channel="#b")))
    assert [told[0] for told in heard] == ["#a", "#b"]


def test_a_mistake_before_anything_ran_is_told_to_nobody(engine, heard, announce):
    with pytest.raises(Exception, match="channel is a string"):
        engine.run(named() | fails() | announce(channel=5))
    assert heard == []


@pytest.mark.parametrize("raised", [StepError("no way out"), RuntimeError("with a secret in it")], ids=["own", "bug"])
def test_what_fails_while_telling_is_warned_of_and_hides_nothing(engine, raised):
    def tell(failure, ctx):
        raise raised

    @step(on_failure=tell)
    def shout(release, ctx):
        return release

    with pytest.raises(StepError, match="it failed"):
        engine.run(named() | fails() | shout())
    assert "warning: shout: " in said(engine)
    assert "secret" not in said(engine)


def test_an_interruption_is_told_with_little_time(engine, heard):
    def tell(failure, ctx):
        heard.append((failure.interrupted, failure.what, failure.limit))

    @step(on_failure=tell)
    def shout(release, ctx):
        return release

    with pytest.raises(KeyboardInterrupt):
        engine.run(named() | fails(error=KeyboardInterrupt()) | shout())
    assert heard == [(True, "interrupted", 3.0)]


def test_telling_of_an_interruption_delays_the_end_by_no_more_than_its_limit(engine, monkeypatch):
    monkeypatch.setattr("dray.telling._LIMIT_INTERRUPTED", 0.05)
    release = threading.Event()

    def tell(failure, ctx):
        release.wait(20)

    @step(on_failure=tell)
    def shout(release, ctx):
        return release

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        engine.run(named() | fails(error=KeyboardInterrupt()) | shout())
    assert time.monotonic() - began < 5
    release.set()
    assert "shout: gave up telling of the failure after 0.05 s" in said(engine)


def test_an_interruption_while_telling_leaves_the_failure_the_failure(engine, heard, announce, monkeypatch):
    def interrupt(seconds, work):
        raise KeyboardInterrupt

    monkeypatch.setattr("dray.telling.run_within", interrupt)
    with pytest.raises(StepError, match="it failed"):
        engine.run(named() | fails() | announce())


def test_on_failure_takes_the_options_of_the_step():
    def tell(failure, ctx, *, chanel):
        pass

    with pytest.raises(TypeError, match="on_failure of announce takes other options"):

        @step(on_failure=tell)
        def announce(release, ctx, *, channel):
            return release


def test_steps_know_when_the_pipeline_began(engine):
    seen = []

    @step
    def looks(release, ctx):
        seen.append(ctx.started)
        return release

    engine.run(named() | looks())
    assert seen == [engine.ctx.clock.monotonic()]


def test_work_within_a_limit_returns_and_raises_as_it_would():
    assert run_within(5, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        run_within(5, lambda: 1 // 0)
    with pytest.raises(TimeoutError, match="no end within 0.01 s"):
        run_within(0.01, lambda: time.sleep(0.5))
