"""What the console says, and what it remembers of it."""

from __future__ import annotations

import io

from dray.console import PlainConsole, TerminalConsole


def test_output_of_programs_is_shown_as_lines_without_colours():
    console = PlainConsole(io.StringIO())
    console.output("\x1b[31mwrong\x1b[0m")
    console.output("")
    assert console.stream.getvalue() == "  | wrong\n"


def test_it_knows_what_it_has_shown_so_that_an_error_does_not_repeat_it():
    console = PlainConsole(io.StringIO())
    for line in ("one", "", "\x1b[31mtwo\x1b[0m", "three"):
        console.output(line)
    assert console.has_shown("\x1b[31mtwo\x1b[0m\nthree")
    assert not console.has_shown("two\nfour")
    assert not console.has_shown("")


def test_what_a_quiet_console_or_a_terminal_passed_over_was_not_shown():
    for console in (PlainConsole(io.StringIO(), quiet=True), TerminalConsole(io.StringIO(), colour=False)):
        console.output("one")
        console.close()
        assert not console.has_shown("one")


def test_nothing_moves_on_a_terminal_while_a_question_stands_there():
    console = TerminalConsole(io.StringIO(), colour=False)
    console.progress("ssh", "connecting")
    with console.hold():
        before = console.stream.getvalue()
        console.progress("ssh", "another host gets on")
        assert (console.status, console.stream.getvalue()) == (None, before)
    console.progress("ssh", "connected")
    assert console.status is not None
    console.close()
