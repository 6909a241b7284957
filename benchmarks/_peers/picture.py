"""The picture of the comparison: harmless streams halted against bad ones halted, a line for each method. An SVG of our own."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from benchmarks._peers.methods import DOCUMENTED
from benchmarks._peers.trials import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks._peers.operating import Point

WIDTH, HEIGHT = 720, 480
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 84, 64
TICKS = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
LETTER = 7.6
"""About as wide as a letter of the legend is."""
COLOURS = ("ours", "own", "a", "b", "c")
_STYLE = """
svg { --paper: #ffffff; --ink: #1b1f24; --faint: #57606a; --grid: #d8dee4;
  --ours: #0969da; --own: #54aeff; --a: #9a6700; --b: #cf222e; --c: #8250df; }
@media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --grid: #30363d;
  --ours: #58a6ff; --own: #1f6feb; --a: #d29922; --b: #ff7b72; --c: #bc8cff; } }
text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', 'DejaVu Sans', sans-serif; fill: var(--ink); }
.title { font-size: 17px; font-weight: 600; }
.faint { fill: var(--faint); }
.grid { stroke: var(--grid); }
"""


def operating_curves(lines: Mapping[str, Sequence[Point]], subtitle: str) -> str:
    """Return the picture as SVG, readable on light and dark paper.

    Args:
        lines: by method, in order of false halts.
        subtitle: what was run, in one line.
    """
    title = "Bad releases halted, for the harmless ones halted with them"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="var(--paper)"/>',
        f'<text class="title" x="{LEFT}" y="30">{title}</text>',
        f'<text class="faint" x="{LEFT}" y="50">{escape(subtitle)}</text>',
        *_axes(),
    ]
    along = float(LEFT)
    for colour, (name, found) in zip(COLOURS, lines.items(), strict=False):
        parts += _line(name, found, colour, along)
        along += LETTER * (len(name) + 2)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axes() -> list[str]:
    drawn = []
    for part in TICKS:
        x = _x(part)
        drawn += [
            f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{_y(0)}"/>',
            f'<text class="faint" x="{x}" y="{_y(0) + 20}" text-anchor="middle">{part * 100:g} %</text>',
        ]
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(part)
        drawn += [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>',
            f'<text class="faint" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{part * 100:.0f} %</text>',
        ]
    return [
        *drawn,
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 16}" text-anchor="middle">harmless halted</text>',
    ]


def _line(name: str, found: Sequence[Point], colour: str, along: float) -> list[str]:
    ink = f"var(--{colour})"
    way = " ".join(f"{_x(each.wrong.part)},{_y(each.right.part)}" for each in found)
    drawn = [f'<polyline points="{way}" fill="none" stroke="{ink}" stroke-width="2"/>']
    for each in found:
        x, y = _x(each.wrong.part), _y(each.right.part)
        (left, right), (low, high) = each.wrong.interval(), each.right.interval()
        usual = each.setting == OURS or each.setting in DOCUMENTED
        drawn += [
            f'<path d="M{_x(left)} {y}H{_x(right)}M{x} {_y(low)}V{_y(high)}" stroke="{ink}" opacity="0.35"/>',
            f'<circle cx="{x}" cy="{y}" r="{6 if usual else 3}" fill="{ink}"/>',
        ]
    drawn.append(f'<text x="{along:.0f}" y="{TOP - 14}" style="fill: {ink}">● {escape(name)}</text>')
    return drawn


def _x(part: float) -> float:
    # By the square root, as what matters is near nothing.
    return round(LEFT + math.sqrt(part) * (WIDTH - LEFT - RIGHT), 1)


def _y(part: float) -> float:
    return round(HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP), 1)
