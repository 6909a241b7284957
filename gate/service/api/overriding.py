"""People who decide otherwise: who, when and why goes into the log of the run."""

from __future__ import annotations

from flask import Response

from gate.service.api.asked import ExtendAsked, OverrideAsked, RunPath
from gate.service.api.blueprint import NO_RUN, Answers, api, problem, standing, told
from gate.service.api.shown import run_told
from gate.service.api.told import RunTold
from gate.service.auth import Role, overridden, principal, require
from gate.service.services import services

_ANSWERS: Answers = {
    "200": RunTold,
    "409": problem("The run has ended, and what is asked is for one under way; or it is one of `gate check`."),
    "413": problem("Larger than the service takes."),
    "415": problem("Not JSON."),
    **NO_RUN,
}


@api.post("/runs/<run_id>/approve", operation_id="approveRun", responses=_ANSWERS)
@require(Role.OVERRIDE)
def approve(path: RunPath, body: OverrideAsked) -> Response:
    """End the run, or change how it ended: promote."""
    standing(path.run_id, Role.OVERRIDE)
    services().runs.approve(path.run_id, principal().name, body.reason)
    return _done(path.run_id, "approved", body.reason)


@api.post("/runs/<run_id>/reject", operation_id="rejectRun", responses=_ANSWERS)
@require(Role.OVERRIDE)
def reject(path: RunPath, body: OverrideAsked) -> Response:
    """End the run, or change how it ended: halt."""
    standing(path.run_id, Role.OVERRIDE)
    services().runs.reject(path.run_id, principal().name, body.reason)
    return _done(path.run_id, "rejected", body.reason)


@api.post("/runs/<run_id>/cancel", operation_id="cancelRun", responses=_ANSWERS)
@require(Role.RUN, Role.OVERRIDE)
def cancel(path: RunPath, body: OverrideAsked) -> Response:
    """End the run without a verdict."""
    # Nothing is promoted by it, so that whoever may start runs may end them, and whoever may halt a release, too.
    standing(path.run_id, Role.OVERRIDE if Role.OVERRIDE in principal().roles else Role.RUN)
    services().runs.cancel(path.run_id, principal().name, body.reason)
    return _done(path.run_id, "cancelled", body.reason)


@api.post("/runs/<run_id>/extend", operation_id="extendRun", responses=_ANSWERS)
@require(Role.OVERRIDE)
def extend(path: RunPath, body: ExtendAsked) -> Response:
    """Let the window close later."""
    standing(path.run_id, Role.OVERRIDE)
    services().runs.extend(path.run_id, principal().name, body.reason, body.until)
    return _done(path.run_id, "extended", body.reason)


def _done(run_id: str, what: str, why: str) -> Response:
    overridden(principal(), run_id, what, why)
    return told(run_told(services().store.standing(run_id).line))
