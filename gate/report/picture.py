"""The charts of a run as one picture, for what shows no HTML: chats, mails, artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.report import charts
from gate.report.charts.drawing import png
from gate.report.html.view import view

if TYPE_CHECKING:
    from gate.report.dossier import Dossier


def picture(dossier: Dossier) -> bytes:
    """Return it as a PNG.

    Raises:
        UsageFault: what draws it is not installed.
    """
    said = view(dossier)
    return png(charts.overview(charts.timeline(dossier), charts.LIGHT, f"{said.outcome}: {said.release}"))
