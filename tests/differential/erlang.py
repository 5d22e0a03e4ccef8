"""Asks OTP: evaluates Erlang expressions and returns terms."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from dray.beam.etf import decode, encode

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.term import Term


def ask_erlang(expression: str, folder: Path, given: Term = ()) -> Any:
    """Return what an expression evaluates to, with ``Given`` bound to a term.

    Args:
        expression: Erlang, without the full stop.
        folder: Where the terms travel.
        given: The term.
    """
    question, answer = folder / "given.etf", folder / "answer.etf"
    question.write_bytes(encode(given))
    program = (
        f'{{ok, B}} = file:read_file("{question}"), Given = binary_to_term(B), '
        f'ok = file:write_file("{answer}", term_to_binary(begin {expression} end)), halt().'
    )
    subprocess.run(("erl", "-noshell", "-eval", program), check=True, timeout=120)
    return decode(answer.read_bytes())
