"""What a step says while it deploys reaches the steps behind it that asked, and never holds the deployment up."""

from __future__ import annotations

import io
import threading
import time

import pytest

from dray import Release, parallel, step
from dray.console import PlainConsole
from dray.core.progress import Advance
from dray.core.rollout import HostResult, Outcome, Rollout
from dray.core.settings import EMPTY
from dray.core.step_options import Overrides
from dray.engine import Engine
from dray.errors import Location, StepError
from tests.harness import wait_for


@pytest.fixture
def engine(make_ctx, monkeypatch):
    monkeypatch.setattr("dray.progress._PAUSE", 0.01)
    settings = EMPTY.merge("hears", "", {"channel": "#configured"}, Location("rel/config.py", 1))
    return Engine(make_ctx(settings=settings), PlainConsole(io.StringIO()), Overrides())


@pytest.fixture
def heard():
    return []


@pytest.fixture
def hears(heard):
    """Return a step that hears of progress, of the end and of failures, each with what it was told before."""

    def progress(so_far, ctx, *, channel: str = "#default"):
        states = [(advance.rollout.fleet, advance.done) for advance in so_far.advances]
        heard.append((channel, ctx.told, so_far.step, so_far.release.name, states))
        return f"{channel} {len(heard)}"

    def failure(failure, ctx, *, channel: str = "#default"):
        heard.append((channel, ctx.told, failure.rollout, len(failure.advances)))

    @step(on_progress=progress, on_failure=failure)
    def hears(release, ctx, *, channel: str = "#default"):
        heard.append((channel, ctx.told, "ran"))
        return release

    return hears


def advance(fleet="web", done=0, batches=2):
    return Advance(Rollout(fleet, "shop", "2", (HostResult("web1", Outcome.UNTOUCHED),)), batches, done)


@step
def named(release, ctx):
    return Release(name="shop", version="2", env=release.env)


@pytest.fixture
def deploys(heard):
    """Return a step that says how far it is, waiting each time until that is heard."""

    @step
    def deploys(release, ctx, fleet: str = "web", *, wait: bool = True, error=None):
        for done in range(3):
            count = len(heard)
            ctx.announce(advance(fleet, done))
            if wait:
                wait_for(lambda: len(heard) > count, "the progress to be heard")  # noqa: B023 - it waits here
        if error is not None:
            raise error
        return release.with_rollout(advance(fleet).rollout)

    return deploys


def said(engine):
    return engine.console.stream.getvalue()


def test_the_step_behind_hears_each_advance_and_keeps_what_it_made_of_it(engine, heard, hears, deploys):
    engine.run(named() | deploys() | hears())
    assert heard == [
        ("#configured", "", "deploys", "shop", [("web", 0)]),
        ("#configured", "#configured 1", "deploys", "shop", [("web", 1)]),
        ("#configured", "#configured 2", "deploys", "shop", [("web", 2)]),
        ("#configured", "#configured 3", "ran"),
    ]


def test_steps_side_by_side_keep_what_is_theirs(engine, heard, hears, deploys):
    engine.run(named() | deploys(wait=False) | hears(channel="#a") | hears(channel="#b"))
    ran = [entry for entry in heard if entry[-1] == "ran"]
    assert [entry[0] for entry in ran] == ["#a", "#b"]
    assert all(entry[1].startswith(entry[0]) or not entry[1] for entry in heard)


def test_only_the_next_ones_hear(engine, heard, hears, deploys):
    engine.run(named() | deploys("canary") | named() | hears(channel="#a") | deploys("web") | hears(channel="#b"))
    told = [(entry[0], entry[4]) for entry in heard if entry[-1] != "ran"]
    assert [channel for channel, _ in told] == ["#a"] * 3 + ["#b"] * 3
    assert told[-1] == ("#b", [("canary", 2), ("web", 2)])


def test_of_branches_all_rollouts_are_heard_and_kept(engine, heard, hears, deploys):
    pipeline = named() | parallel(deploys("a", wait=False), deploys("b", wait=False)) | hears()
    done = engine.run(pipeline)
    assert [rollout.fleet for rollout in done.release.rollouts] == ["a", "b"]
    assert heard[-1][-1] == "ran"


def test_a_failure_is_told_with_what_was_known_of_the_rollout(engine, heard, hears, deploys):
    error = StepError("web1 is not well")
    error.rollout = advance().rollout
    with pytest.raises(StepError, match="web1 is not well"):
        engine.run(named() | deploys(error=error) | hears())
    assert heard[-1] == ("#configured", "#configured 3", advance().rollout, 1)


def test_a_deployment_does_not_wait_for_who_hears_of_it(engine, monkeypatch):
    monkeypatch.setattr("dray.progress._LIMIT", 0.05)
    gate, heard, steps = threading.Event(), [], []

    def progress(so_far, ctx):
        heard.append(so_far.advances[0].done)
        gate.wait(20)
        return "told"

    @step(on_progress=progress)
    def slow(release, ctx):
        steps.append(ctx.told)
        return release

    @step
    def deploys(release, ctx):
        for done in range(50):
            ctx.announce(advance(done=done, batches=50))
        return release

    began = time.monotonic()
    engine.run(named() | deploys() | slow())
    gate.set()
    assert time.monotonic() - began < 5
    assert len(heard) <= 1
    assert steps == [""]
    assert ("gave up telling how far it is after 0.05 s" in said(engine)) == bool(heard)


def test_of_many_advances_the_newest_is_heard(engine, heard):
    first, gate = threading.Event(), threading.Event()

    def progress(so_far, ctx):
        heard.append(so_far.advances[0].done)
        first.set()
        gate.wait(20)
        return ""

    @step(on_progress=progress)
    def slow(release, ctx):
        return release

    @step
    def deploys(release, ctx):
        ctx.announce(advance(done=0, batches=50))
        first.wait(20)
        for done in range(1, 50):
            ctx.announce(advance(done=done, batches=50))
        gate.set()
        wait_for(lambda: len(heard) == 2, "the newest to be heard")
        return release

    engine.run(named() | deploys() | slow())
    assert heard == [0, 49]


@pytest.mark.parametrize("raised", [StepError("no way"), RuntimeError("with a secret in it")], ids=["own", "bug"])
def test_what_fails_while_telling_is_warned_of_once_and_hides_nothing(engine, deploys, heard, raised):
    def progress(so_far, ctx):
        heard.append(so_far)
        raise raised

    @step(on_progress=progress)
    def shout(release, ctx):
        assert ctx.told == ""
        return release

    engine.run(named() | deploys() | shout())
    assert len(heard) == 3
    assert said(engine).count("warning: shout: ") == 1
    assert "secret" not in said(engine)


def test_an_interruption_waits_for_nobody(engine, hears, monkeypatch):
    monkeypatch.setattr("dray.progress._LIMIT_INTERRUPTED", 0.05)
    gate, begun = threading.Event(), threading.Event()

    def progress(so_far, ctx):
        begun.set()
        gate.wait(20)
        return ""

    @step(on_progress=progress)
    def slow(release, ctx):
        return release

    @step
    def deploys(release, ctx):
        ctx.announce(advance())
        begun.wait(20)
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        engine.run(named() | deploys() | slow())
    gate.set()
    assert time.monotonic() - began < 3


def test_who_announces_to_nobody_starts_nothing(engine, deploys):
    before = threading.active_count()
    engine.run(named() | deploys(wait=False))
    assert threading.active_count() == before


def test_on_progress_takes_the_options_of_the_step():
    def tell(so_far, ctx, *, chanel):
        pass

    with pytest.raises(TypeError, match="on_progress of announce takes other options"):

        @step(on_progress=tell)
        def announce(release, ctx, *, channel):
            return release
