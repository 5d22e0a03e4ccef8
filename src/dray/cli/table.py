"""Tables on standard output: columns that line up, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def format_table(
    rows: Iterable[Sequence[str]], *, indent: str = "", right: frozenset[int] = frozenset()
) -> list[str]:
    """Return rows as lines whose columns line up.

    Args:
        rows: The cells; short rows are filled up.
        indent: Put before each line.
        right: The columns that are aligned to the right: numbers.
    """
    table = [list(row) for row in rows]
    count = max((len(row) for row in table), default=0)
    widths = [max((len(row[column]) for row in table if column < len(row)), default=0) for column in range(count)]
    lines = []
    for row in table:
        cells = [
            cell.rjust(widths[column]) if column in right else cell.ljust(widths[column])
            for column, cell in enumerate(row)
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines
