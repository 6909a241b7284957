"""Charts of one line."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.report import content, glyphs, sparkline

NUMBERS = st.one_of(st.none(), st.floats())


@pytest.mark.parametrize("module", [sparkline, content])
def test_examples(module: object) -> None:
    """The examples in the docstrings are true."""
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("signs", [glyphs.UNICODE, glyphs.ASCII])
@given(values=st.lists(NUMBERS))
def test_one_sign_a_value(signs: glyphs.Glyphs, values: list[float | None]) -> None:
    """Each value gets one sign whatever it is: missing, infinite or not a number."""
    drawn = sparkline.sparkline(values, -1, 1, signs)
    assert len(drawn) == len(values)
    assert set(drawn) <= {*signs.spark, " "}


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_higher_is_never_drawn_lower(one: float, other: float) -> None:
    """Signs keep the order of the values, and the ends of the scale get the ends of the signs."""
    heights = [glyphs.UNICODE.spark.index(sign) for sign in sparkline.sparkline(sorted([one, other]), -1, 1)]
    assert heights == sorted(heights)
    assert sparkline.sparkline([-1, 1], -1, 1) == "▁█"


def test_an_empty_scale_is_refused() -> None:
    """A scale without extent is a mistake of the caller."""
    with pytest.raises(ValueError, match="must be above"):
        sparkline.sparkline([1], 1, 1)


@given(st.floats(0, 1), st.integers(0, 60))
def test_a_bar_has_its_width(part: float, width: int) -> None:
    """A bar is as wide as asked, whatever part is filled."""
    assert len(sparkline.bar(part, width)) == width or width == 0


@given(st.floats(0, 1e12))
def test_odds_fill_the_bar_at_the_halt_line(odds: float) -> None:
    """The bar is full exactly when the odds have reached the line."""
    part = sparkline.odds_part(odds, 100)
    assert 0 <= part <= 1
    assert (part == 1) == (odds >= 100)
