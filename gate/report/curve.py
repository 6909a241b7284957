"""The picture of a calibration: how often a change is caught, by its size. An SVG of our own, which fetches nothing."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from gate.report import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 72, 84

_STYLE = """
svg { --paper: #ffffff; --ink: #1b1f24; --faint: #57606a; --grid: #d8dee4; --line: #0969da; --alarm: #cf222e; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --grid: #30363d; --line: #58a6ff; --alarm: #ff7b72; }
}
text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', 'DejaVu Sans', sans-serif; fill: var(--ink); }
.title { font-size: 17px; font-weight: 600; }
.faint { fill: var(--faint); }
.grid { stroke: var(--grid); }
.band { fill: var(--line); opacity: 0.18; }
.curve { fill: none; stroke: var(--line); stroke-width: 2.5; stroke-linejoin: round; }
.dot { fill: var(--line); }
.reach { stroke: var(--line); stroke-dasharray: 4 4; }
.alarm { fill: var(--alarm); stroke: var(--alarm); }
.says { fill: var(--alarm); }
"""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One change and how often it was caught."""

    change: float
    """Part of the mentions that turned negative; 0 for the windows as they were."""
    caught: float
    """Part of the windows that were halted."""
    low: float
    """Of the interval around it."""
    high: float


def detection_curve(
    points: Sequence[CurvePoint], *, title: str, subtitle: str, reached: tuple[float, float] | None = None
) -> str:
    """Return the picture as SVG, readable on light and dark paper.

    Args:
        points: by change; the first, at 0, is drawn as the false halts.
        title: in one line.
        subtitle: in one line.
        reached: a part of the windows and the smallest change caught in it, to be pointed out.
    """
    widest = max((point.change for point in points), default=0.0) or 1.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{_words(title)}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="var(--paper)"/>',
        f'<text class="title" x="{LEFT}" y="30">{_words(title)}</text>',
        f'<text class="faint" x="{LEFT}" y="52">{_words(subtitle)}</text>',
        *_axes(points, widest),
        *_curve(points, widest),
        *(_reach(*reached, widest) if reached else ()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axes(points: Sequence[CurvePoint], widest: float) -> list[str]:
    right, ground = WIDTH - RIGHT, _y(0)
    lines = []
    for step in (0.0, 0.25, 0.5, 0.8, 0.95):
        lines += [
            f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{_y(step)}" y2="{_y(step)}"/>',
            f'<text class="faint" x="{LEFT - 8}" y="{_y(step) + 4}" text-anchor="end">{step * 100:.0f} %</text>',
        ]
    for point in points:
        x = _x(point.change, widest)
        lines += [
            f'<line class="grid" x1="{x}" x2="{x}" y1="{ground}" y2="{ground + 5}"/>',
            (
                f'<text class="faint" x="{x}" y="{ground + 22}" text-anchor="middle">'
                f"{'as it was' if not point.change else f'+{point.change * 100:.0f}'}</text>"
            ),
        ]
    middle = (LEFT + right) / 2
    lines += [
        f'<text x="{middle}" y="{HEIGHT - 22}" text-anchor="middle">mentions turned negative, in points of all</text>',
        f'<text transform="translate(16 {(TOP + ground) / 2}) rotate(-90)" text-anchor="middle">windows halted</text>',
    ]
    return lines


def _curve(points: Sequence[CurvePoint], widest: float) -> list[str]:
    def path(ends: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{_x(change, widest)},{_y(part)}" for change, part in ends)

    band = [(p.change, p.high) for p in points] + [(p.change, p.low) for p in reversed(points)]
    drawn = [
        f'<polygon class="band" points="{path(band)}"/>',
        f'<polyline class="curve" points="{path([(p.change, p.caught) for p in points])}"/>',
    ]
    for point in points:
        x, y = _x(point.change, widest), _y(point.caught)
        if point.change:
            drawn.append(f'<circle class="dot" cx="{x}" cy="{y}" r="4.5"/>')
            continue
        drawn += [
            f'<line class="alarm" x1="{x}" x2="{x}" y1="{_y(point.low)}" y2="{_y(point.high)}"/>',
            f'<circle class="alarm" cx="{x}" cy="{y}" r="5"/>',
            _false_halts(point, above=points[-1].caught < 0.5),  # noqa: PLR2004 - where the curve leaves room
        ]
    return drawn


def _false_halts(point: CurvePoint, *, above: bool) -> str:
    y = _y(0.87 if above else 0.37)
    said = f"false halts: {_percent(point.caught)} ({_percent(point.low)} to {_percent(point.high)})"
    return f'<text class="says" x="{WIDTH - RIGHT - 16}" y="{y}" text-anchor="end">{said}</text>'


def _reach(part: float, change: float, widest: float) -> list[str]:
    x, y = _x(change, widest), _y(part)
    left = change > widest * 0.6
    anchor, shift = ("end", -10) if left else ("start", 10)
    return [
        f'<line class="reach" x1="{x}" x2="{x}" y1="{y}" y2="{_y(0)}"/>',
        (
            f'<text x="{x + shift}" y="{_y(0) - 14}" text-anchor="{anchor}">'
            f"+{change * 100:.0f} points are caught in {_percent(part)}</text>"
        ),
    ]


def _x(change: float, widest: float) -> float:
    return round(LEFT + 16 + change / widest * (WIDTH - LEFT - RIGHT - 32), 1)


def _y(part: float) -> float:
    return round(HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP), 1)


def _percent(part: float) -> str:
    return f"{part * 100:.2g} %" if part < 0.1 else f"{part * 100:.0f} %"  # noqa: PLR2004


def _words(text: str) -> str:
    return escape(safe.one_line(text, 200))
