"""Colours and type of all charts. Contrast of words is at least 4.5 to 1, of lines 3 to 1 (WCAG 2.2), on both papers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, slots=True)
class Palette:
    """What the charts are painted with."""

    paper: str
    ink: str
    faint: str
    """Axes, and words of less weight."""
    grid: str
    line: str
    """What was measured."""
    band: str
    """What was usual before the deploy."""
    alarm: str
    """Harm, and where it begins."""


LIGHT = Palette("#ffffff", "#1b2027", "#59626e", "#e3e7ec", "#1f5fa8", "#7e93ab", "#b3261e")
DARK = Palette("#14181d", "#e7eaee", "#a2acb8", "#2b323b", "#7db4f0", "#7d8da0", "#ff938a")
VARIABLES = Palette(*(f"var(--{name})" for name in Palette.__slots__))
"""For pictures that follow the reader's colour scheme: whoever shows them says what the variables are."""


def style() -> str:
    """Return the CSS that gives the variables their values, light or dark as the reader has it."""

    def values(palette: Palette) -> str:
        return "".join(f"--{name}:{value};" for name, value in asdict(palette).items())

    return f":root{{{values(LIGHT)}}}@media (prefers-color-scheme:dark){{:root{{{values(DARK)}}}}}"


def configured(spec: dict[str, Any], palette: Palette, *, background: bool) -> dict[str, Any]:
    """Return the specification with our colours and type.

    Args:
        spec: Vega-Lite, without a configuration.
        palette: to paint with.
        background: whether to paint the paper; not where the picture lies on some already.
    """
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": palette.paper if background else None,
        "padding": 4,
        **spec,
        "config": {
            # Roles inside of a picture would be read out one by one; the picture has one description.
            "aria": False,
            "font": FONT,
            "view": {"stroke": None},
            "axis": {
                "labelColor": palette.faint,
                "titleColor": palette.faint,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "domainColor": palette.faint,
                "tickColor": palette.faint,
                "gridColor": palette.grid,
                "labelOverlap": True,
            },
            "axisX": {"grid": False},
            "title": {"color": palette.ink, "fontSize": 14, "anchor": "start", "offset": 10},
            "text": {"color": palette.ink, "fontSize": 12},
            "legend": {"disable": True},
            "concat": {"spacing": 24},
        },
    }
