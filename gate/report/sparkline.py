"""Charts of one line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gate.report.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.report.glyphs import Glyphs


def sparkline(values: Sequence[float | None], lo: float, hi: float, signs: Glyphs = UNICODE) -> str:
    """Return one sign a value, higher for higher values; a blank for None.

    Args:
        values: in the order they are drawn.
        lo: value of the lowest sign; anything lower looks the same.
        hi: value of the highest sign; anything higher looks the same.
        signs: the set to draw with.

    Raises:
        ValueError: ``hi`` is not above ``lo``.

    >>> sparkline([-1, -0.5, 0, None, 1, 7], -1, 1)
    '▁▂▄ ██'
    """
    if not hi > lo:
        message = f"hi ({hi:g}) must be above lo ({lo:g})"
        raise ValueError(message)
    steps = len(signs.spark)
    return "".join(
        " "
        if value is None or math.isnan(value)
        else signs.spark[int(_between((value - lo) / (hi - lo)) * (steps - 0.01))]
        for value in values
    )


def bar(part: float, width: int, signs: Glyphs = UNICODE) -> str:
    """Return a bar of ``width`` columns, filled by ``part`` (0 … 1). More than nothing is never drawn as nothing.

    >>> bar(0.5, 8), bar(0.001, 8), bar(0, 8)
    ('████░░░░', '█░░░░░░░', '░░░░░░░░')
    """
    part = _between(part)
    filled = max(round(part * width), 1 if part > 0 else 0)
    return signs.full * filled + signs.empty * (width - filled)


def odds_part(odds: float, needed: float) -> float:
    """Return how far ``odds`` have come to ``needed``, 0 … 1 on a log scale: each doubling is one equal step.

    >>> odds_part(1, 100), odds_part(10, 100), odds_part(1e6, 100)
    (0.0, 0.5, 1.0)
    """
    if odds <= 1:
        return 0.0
    return 1.0 if odds >= needed else math.log(odds) / math.log(needed)


def _between(part: float) -> float:
    return min(max(part, 0.0), 1.0)
