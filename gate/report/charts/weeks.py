"""The mood over weeks, with every release marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gate.canonical import rfc3339
from gate.report import safe
from gate.report.charts.theme import configured

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.report.charts.theme import Palette

LONGEST_NAME = 24
SHAPES = {"pass": "circle", "fail": "cross", "inconclusive": "diamond"}
"""Of a release's mark, by its outcome; a square for the others."""


@dataclass(frozen=True, slots=True)
class Mood:
    """What was said in some hours."""

    at: datetime
    mood: float
    mentions: int


def weeks(
    moods: Sequence[Mood], releases: Sequence[tuple[datetime, str, str]], palette: Palette, width: int
) -> dict[str, Any]:
    """Return the chart as a specification.

    Args:
        moods: in order of time.
        releases: when each was deployed, its name (hostile) and its outcome.
        palette: to paint with.
        width: in pixels.
    """
    points = [{"at": rfc3339(each.at), "mood": each.mood} for each in moods]
    marks = [
        {"at": rfc3339(at), "name": safe.one_line(name, LONGEST_NAME), "outcome": outcome, "mark": SHAPES.get(outcome, "square")}
        for at, name, outcome in releases
    ]  # fmt: skip
    x = {
        "field": "at",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},
        "axis": {"tickCount": 8, "format": "%-d %b"},
    }
    y = {
        "field": "mood",
        "type": "quantitative",
        "title": "mood",
        "scale": {"domain": [-1, 1]},
        "axis": {"tickCount": 5},
    }
    shapes = {"field": "mark", "type": "nominal", "scale": None, "legend": None}
    layers = [
        {"data": {"values": points}, "mark": {"type": "line", "color": palette.line, "strokeWidth": 1.6},
         "encoding": {"x": x, "y": y}},
        {"data": {"values": marks}, "mark": {"type": "rule", "color": palette.ink, "strokeDash": [3, 3]},
         "encoding": {"x": x}},
        {"data": {"values": marks},
         "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1, "fill": palette.ink},
         "encoding": {"x": x, "y": {"value": 6}, "shape": shapes}},
        {"data": {"values": marks},
         "mark": {"type": "text", "angle": 270, "align": "right", "dx": -14, "dy": -6, "fontSize": 11, "color": palette.faint},
         "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "name"}}},
    ]  # fmt: skip
    return configured({"width": width, "height": 260, "layer": layers}, palette, background=False)
