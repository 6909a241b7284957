"""Reading runs: one, many, its verdict and its log."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flask import Response

from gate.canonical import dumps
from gate.errors import UsageFault
from gate.report.story import story
from gate.service.api.asked import ListQuery, LogQuery, RunPath, VerdictQuery
from gate.service.api.blueprint import FRESH, NO_RUN, api, standing, told
from gate.service.api.shown import event_told, run_told, status_of, verdict_told
from gate.service.api.told import RunsTold, RunTold, VerdictTold
from gate.service.auth import Role, admit, principal, require
from gate.service.services import services
from gate.service.shelf import Shelf
from gate.store import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.store import Page

MOST_WRITTEN = 512
"""Verdicts held in memory, of a few thousand bytes each."""
WAIT = "5"
"""Seconds after which to ask again for a verdict that is not there yet."""
_VERDICT = {"application/json": {"schema": {"$ref": "#/components/schemas/VerdictTold"}}}


@api.get("/runs", operation_id="listRuns", responses={"200": RunsTold})
@require(Role.READ)
def list_runs(query: ListQuery) -> Response:
    """List runs, newest first."""
    found = _page(query)
    return told({"runs": [run_told(line) for line in found.lines], "cursor": found.cursor})


def _label(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        message = f"the label {text[:40]!r} is no name=value"
        raise UsageFault(message, hint="e.g. label=environment=production")
    return name, value


def _page(query: ListQuery) -> Page:
    labels = dict(map(_label, query.label))
    if query.repository is not None:
        labels["repository"] = query.repository
    return services().store.page(
        query.limit,
        state=State(query.state) if query.state else None,
        outcome=query.outcome,
        release=query.release,
        labels=labels,
        repositories=principal().repositories,
        created_from=query.since,
        created_to=query.until,
        cursor=query.cursor,
    )


@api.get("/runs/<run_id>", operation_id="getRun", responses={"200": RunTold, **NO_RUN})
@require(Role.READ)
def get_run(path: RunPath) -> Response:
    """Say how a run stands."""
    return told(run_told(standing(path.run_id, Role.READ).line))


@api.get("/runs/<run_id>/verdict", operation_id="getVerdict", responses={
    "200": VerdictTold,
    "412": {"description": "`status=verdict`: halt.", "content": _VERDICT},
    "424": {"description": "`status=verdict`: hold; the evidence does not say.", "content": _VERDICT},
    "425": {"description": "`status=verdict`: not decided yet.", "content": _VERDICT},
    **NO_RUN,
})  # fmt: skip
@require(Role.READ)
def get_verdict(path: RunPath, query: VerdictQuery) -> Response:
    """Give the verdict: the latest there is, at the cost of one row."""
    written = _written(path.run_id)
    admit(Role.READ, path.run_id, written.labels)
    headers = FRESH if written.final else {**FRESH, "Retry-After": WAIT}
    return Response(written.body, written.status if query.status == "verdict" else 200, headers)


class _Written(NamedTuple):
    """A verdict as it is sent."""

    labels: Mapping[str, str]
    """Of its run."""
    final: bool
    status: int
    """That says it."""
    body: bytes


_WRITTEN: Shelf[_Written] = Shelf(MOST_WRITTEN)


def _written(run_id: str) -> _Written:
    """Write a verdict, once for each state of its run: it is asked for again and again, by those who wait."""
    store = services().store
    if known := _WRITTEN.get((run_id, store.head(run_id))):
        return known
    run = store.standing(run_id)
    found = verdict_told(run)
    written = _Written(run.line.labels, found["final"], status_of(found["answer"]), dumps(found))
    _WRITTEN.put((run_id, run.head), written)
    return written


@api.get("/runs/<run_id>/log", operation_id="getLog", responses={
    "200": {"description": "The log.", "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/LogTold"}},
        "text/plain": {"schema": {"type": "string"}},
    }},
    **NO_RUN,
})  # fmt: skip
@require(Role.READ)
def get_log(path: RunPath, query: LogQuery) -> Response:
    """Give the log, hash-chained as it was recorded, or as a story for people."""
    run = standing(path.run_id, Role.READ)
    events = services().store.events(path.run_id, after=query.after, limit=query.limit)
    if query.format == "story":
        return Response("\n".join(story(events)) + "\n", 200, {"Content-Type": "text/plain; charset=utf-8"})
    more = events[-1].seq if events and events[-1].seq < run.events else None
    return told({"run": path.run_id, "head": run.head, "events": [event_told(each) for each in events], "next": more})
