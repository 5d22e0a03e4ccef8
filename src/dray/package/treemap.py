"""Treemaps: areas in proportion to sizes, as square as can be.

The squarified layout of Bruls, Huizing and van Wijk (2000): rows are filled along the shorter side for as long as
that makes their rectangles squarer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle: its corner, and its sides."""

    x: float
    y: float
    width: float
    height: float

    def shrink(self, left: float, top: float, right: float, bottom: float) -> Rectangle:
        """Return the rectangle less a margin; never less than nothing."""
        width = max(0.0, self.width - left - right)
        height = max(0.0, self.height - top - bottom)
        return Rectangle(self.x + left, self.y + top, width, height)


def layout_treemap(sizes: Sequence[float], area: Rectangle) -> list[Rectangle]:
    """Return a rectangle for each size, filling the area.

    Args:
        sizes: Positive numbers, the largest first.
        area: What to fill.
    """
    total = sum(sizes)
    if total <= 0 or area.width <= 0 or area.height <= 0:
        return [Rectangle(area.x, area.y, 0.0, 0.0) for _ in sizes]
    scale = area.width * area.height / total
    areas = [size * scale for size in sizes]
    placed: list[Rectangle] = []
    rest = area
    while len(placed) < len(areas):
        row = _choose_row(areas[len(placed) :], min(rest.width, rest.height))
        rectangles, rest = _place_row(row, rest)
        placed += rectangles
    return placed


def _choose_row(areas: Sequence[float], side: float) -> list[float]:
    row = [areas[0]]
    for area in areas[1:]:
        if _worst_ratio([*row, area], side) > _worst_ratio(row, side):
            break
        row.append(area)
    return row


def _worst_ratio(row: Sequence[float], side: float) -> float:
    """Return how far the least square rectangle of a row is from a square; 1 is a square."""
    total = sum(row)
    smallest, largest = min(row), max(row)
    if smallest <= 0 or side <= 0:
        return float("inf")
    return max(side * side * largest / (total * total), total * total / (side * side * smallest))


def _place_row(row: Sequence[float], rest: Rectangle) -> tuple[list[Rectangle], Rectangle]:
    total = sum(row)
    if rest.width >= rest.height:
        width = total / rest.height if rest.height else 0.0
        y, column = rest.y, []
        for area in row:
            height = area / width if width else 0.0
            column.append(Rectangle(rest.x, y, width, height))
            y += height
        return column, Rectangle(rest.x + width, rest.y, max(0.0, rest.width - width), rest.height)
    height = total / rest.width if rest.width else 0.0
    x, line = rest.x, []
    for area in row:
        width = area / height if height else 0.0
        line.append(Rectangle(x, rest.y, width, height))
        x += width
    return line, Rectangle(rest.x, rest.y + height, rest.width, max(0.0, rest.height - height))
