"""A run as pictures: Vega-Lite specifications, drawn to SVG and PNG without a browser.

timeline   a dossier → the numbers that are drawn
panels     the numbers → one specification for each chart, and the overview of all
weeks      the mood over weeks with every release marked
theme      colours of light and dark paper; every difference shows without colour too
drawing    specification → SVG, PNG or the interactive bundle, by vl-convert (loaded when first needed)
"""

from __future__ import annotations

from gate.report.charts.panels import CHARTS, NAMES, NARROW, WIDE, chart, interactive, overview, said
from gate.report.charts.theme import DARK, LIGHT, VARIABLES, style
from gate.report.charts.timeline import Timeline, timeline
from gate.report.charts.weeks import Mood, weeks

__all__ = [
    "CHARTS",
    "DARK",
    "LIGHT",
    "NAMES",
    "NARROW",
    "VARIABLES",
    "WIDE",
    "Mood",
    "Timeline",
    "chart",
    "interactive",
    "overview",
    "said",
    "style",
    "timeline",
    "weeks",
]
