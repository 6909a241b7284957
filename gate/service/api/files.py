"""What is downloaded of a run: its evidence, and its chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, current_app

from gate import exporting
from gate.service.api.asked import ChartPath, RunPath
from gate.service.api.blueprint import NO_RUN, api, problem, standing
from gate.service.auth import Role, require
from gate.service.problems import Problem
from gate.service.services import services

if TYPE_CHECKING:
    from collections.abc import Callable

CHART = "gate.chart"
"""In ``app.extensions``: what draws a run, given its id and ``svg`` or ``png``."""
_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@api.get("/runs/<run_id>/evidence", operation_id="getEvidence", responses={
    "200": {"description": "Log and evidence pack in a ZIP file; `gate replay` decides again from it.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
    **NO_RUN,
})  # fmt: skip
@require(Role.READ)
def get_evidence(path: RunPath) -> Response:
    """Give what the run saw and decided, as far as it has come."""
    run = standing(path.run_id, Role.READ)
    return Response(exporting.zipped(services().store, run.line.id), 200, {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="{run.line.id}.zip"',
        "Cache-Control": "no-store",
    })  # fmt: skip


@api.get("/runs/<run_id>/chart.<form>", operation_id="getChart", responses={
    "200": {"description": "The mood over time, with the deploy marked.", "content": {
        "image/svg+xml": {"schema": {"type": "string"}},
        "image/png": {"schema": {"type": "string", "format": "binary"}},
    }},
    "404": problem("There is no such run, it is not one of yours, or this service draws no charts."),
})  # fmt: skip
@require(Role.READ)
def get_chart(path: ChartPath) -> Response:
    """Draw the run."""
    run = standing(path.run_id, Role.READ)
    draw: Callable[[str, str], bytes] | None = current_app.extensions.get(CHART)
    if draw is None:
        raise Problem(404, "this service draws no charts", kind="no-charts")
    headers = {"Content-Type": _TYPES[path.form], "Cache-Control": "no-store"}
    return Response(draw(run.line.id, path.form), 200, headers)
