"""Charts: drawn when asked for, once for each state of a run's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from gate.canonical import dumps
from gate.report import charts
from gate.report.charts import drawing
from gate.report.html.view import view
from gate.service.page.assets import packed
from gate.service.page.reading import admitted, dossier
from gate.service.problems import Problem
from gate.service.services import services
from gate.service.shelf import Shelf

if TYPE_CHECKING:
    from gate.report.charts.theme import Palette
    from gate.store import Standing

MOST = 256
MOST_OVERVIEWS = 32
"""Of up to 200 kB each."""
WIDTHS = {"wide": charts.WIDE, "narrow": charts.NARROW}
# What a picture holds is its own: its style may stand in it, and it may fetch nothing.
ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
AN_HOUR = "private, max-age=3600"

_DRAWN: Shelf[str] = Shelf(MOST)
_OVERVIEWS: Shelf[bytes] = Shelf(MOST_OVERVIEWS)


def show(run_id: str, name: str) -> Response:
    """Answer with one chart as SVG, for a column or for a phone.

    Raises:
        Problem: there is no such chart (404).
    """
    standing, _ = admitted(run_id)
    width = WIDTHS.get(request.args.get("w", "wide"))
    if name not in charts.CHARTS or width is None:
        raise Problem(404, "there is nothing at this address")
    key = (run_id, standing.head, name, str(width))
    drawn = _DRAWN.get(key)
    if drawn is None:
        times = charts.timeline(dossier(standing))
        drawn = drawing.svg(charts.chart(name, times, charts.VARIABLES, width), charts.said(name, times))
        _DRAWN.put(key, drawn)
    response = packed(drawn.encode(), "image/svg+xml")
    response.headers["Content-Security-Policy"] = ALONE
    if request.args.get("v") == str(standing.events):
        response.headers["Cache-Control"] = AN_HOUR
    return response


def specifications(run_id: str) -> Response:
    """Answer with all charts as Vega-Lite, for the interactive ones."""
    standing, _ = admitted(run_id)
    times = charts.timeline(dossier(standing))
    specs = {name: charts.interactive(name, times, charts.VARIABLES) for name in charts.CHARTS}
    return packed(dumps(specs), "application/json")


def described(standing: Standing) -> list[dict[str, str]]:
    """Return name, title and words of each chart, for the page that shows them."""
    times = charts.timeline(dossier(standing))
    return [{"name": name, "title": charts.NAMES[name], "words": charts.said(name, times)} for name in charts.CHARTS]


def overview(run_id: str, form: str) -> bytes:
    """Return all charts of a run as one picture, ``svg`` or ``png``; whoever asks was admitted before."""
    standing = services().store.standing(run_id)
    theme = "dark" if request.args.get("theme") == "dark" else "light"
    key = (run_id, standing.head, form, theme)
    drawn = _OVERVIEWS.get(key)
    if drawn is None:
        drawn = _overview(standing, form, charts.DARK if theme == "dark" else charts.LIGHT)
        _OVERVIEWS.put(key, drawn)
    return drawn


def _overview(standing: Standing, form: str, palette: Palette) -> bytes:
    known = dossier(standing)
    said, times = view(known), charts.timeline(known)
    spec = charts.overview(times, palette, f"{said.outcome}: {said.release}")
    if form == "png":
        return drawing.png(spec)
    return drawing.svg(spec, " ".join(charts.said(name, times) for name in charts.CHARTS)).encode()
