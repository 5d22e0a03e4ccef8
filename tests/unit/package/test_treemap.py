"""Treemaps fill their area, in proportion, without overlap."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from dray.package.treemap import Rectangle, layout_treemap

sizes = st.lists(st.floats(1, 1e6), min_size=1, max_size=40).map(lambda found: sorted(found, reverse=True))
sides = st.floats(10, 2000)


@given(sizes, sides, sides)
def test_areas_are_in_proportion_and_inside(found, width, height):
    area = Rectangle(0, 0, width, height)
    scale = width * height / sum(found)
    for size, placed in zip(found, layout_treemap(found, area), strict=True):
        assert math.isclose(placed.width * placed.height, size * scale, rel_tol=1e-6)
        assert placed.x >= -1e-6
        assert placed.y >= -1e-6
        assert placed.x + placed.width <= width * (1 + 1e-6)
        assert placed.y + placed.height <= height * (1 + 1e-6)


@given(sizes, sides, sides)
def test_rectangles_do_not_overlap(found, width, height):
    placed = layout_treemap(found, Rectangle(0, 0, width, height))
    for index, one in enumerate(placed):
        for other in placed[index + 1 :]:
            apart = (
                one.x + one.width <= other.x + 1e-4
                or other.x + other.width <= one.x + 1e-4
                or one.y + one.height <= other.y + 1e-4
                or other.y + other.height <= one.y + 1e-4
            )
            assert apart


def test_equal_parts_of_a_square_are_squares():
    placed = layout_treemap([1, 1, 1, 1], Rectangle(0, 0, 100, 100))
    assert all(math.isclose(r.width, 50) and math.isclose(r.height, 50) for r in placed)


def test_nothing_fits_in_nothing():
    assert layout_treemap([], Rectangle(0, 0, 10, 10)) == []
    assert layout_treemap([1.0], Rectangle(0, 0, 0, 10)) == [Rectangle(0, 0, 0.0, 0.0)]
    assert Rectangle(0, 0, 1, 1).shrink(2, 2, 2, 2) == Rectangle(2, 2, 0.0, 0.0)
