"""A run as HTML: the parts that the service's page and the file of ``gate report`` share."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from gate.report import safe
from gate.report.charts import CHARTS, NAMES, VARIABLES, chart, said, style, timeline
from gate.report.charts.drawing import svg
from gate.report.html.view import view
from gate.report.html.voices import quotes

if TYPE_CHECKING:
    from gate.report.dossier import Dossier
    from gate.report.html.voices import Explain


@cache
def environment() -> Environment:
    """Return Jinja with our templates, in which nothing is markup unless a template says so."""
    made = Environment(
        loader=PackageLoader("gate.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["line"] = safe.terminal
    return made


def render(dossier: Dossier, *, explain: Explain | None = None, version: str = "") -> str:
    """Return one file that needs nothing but itself: no script, nothing fetched, light and dark.

    Args:
        dossier: of the run.
        explain: says which words moved a text's score, where the scorer can.
        version: of the gate.

    Raises:
        UsageFault: what draws the charts is not installed.
    """
    times = timeline(dossier)
    pictures = [
        {"name": name, "title": NAMES[name], "svg": svg(chart(name, times, VARIABLES), said(name, times), alone=False)}
        for name in CHARTS
    ]
    template = environment().get_template("report.html")
    return template.render(
        run=view(dossier), charts=pictures, quotes=quotes(dossier, explain), colours=style(), version=version
    )
