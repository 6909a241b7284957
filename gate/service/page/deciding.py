"""Approve, reject, cancel and extend, from a form: each with a reason that stands in the log."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from flask import redirect, request, url_for

from gate.canonical import loads
from gate.errors import RunElsewhere, RunOver, UsageFault
from gate.service.auth import Role, overridden
from gate.service.page.reading import admitted
from gate.service.services import services
from gate.store import State

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from gate.service.auth import Principal
    from gate.store import Standing

LENGTHS = {"15m": ("15 minutes", timedelta(minutes=15)), "30m": ("30 minutes", timedelta(minutes=30)),
           "1h": ("1 hour", timedelta(hours=1)), "2h": ("2 hours", timedelta(hours=2)),
           "6h": ("6 hours", timedelta(hours=6)), "1d": ("1 day", timedelta(days=1))}  # fmt: skip
ROLES = {"approve": {Role.OVERRIDE}, "reject": {Role.OVERRIDE}, "cancel": {Role.OVERRIDE, Role.RUN},
         "extend": {Role.OVERRIDE}}  # fmt: skip
"""What each decision takes: any of these."""
WHILE_RUNNING = frozenset({"cancel", "extend"})
OF_ORDERED = frozenset({"approve", "reject", "extend"})
"""What the process of a ``gate check`` would not hear of."""
FACTS = {"approve": "approved", "reject": "rejected", "cancel": "cancelled", "extend": "extended"}


class Refusal(NamedTuple):
    """Why a decision was not taken, and what was written, so that nobody writes it twice."""

    status: int
    message: str
    hint: str
    why: str
    what: str


def decide(run_id: str) -> Response | Refusal:
    """Do what the form says, and return to the run.

    Raises:
        NoSuchRun: there is none of that id.
        Problem: it is not theirs (404), or they may not do that (403).
    """
    what, why = request.form.get("decision", ""), request.form.get("why", "")
    if what not in ROLES:
        return Refusal(422, "Nothing was decided", "use one of the buttons", why, "")
    standing, who = admitted(run_id)
    if not _may(who, what, standing):
        standing, who = admitted(run_id, Role.OVERRIDE)  # Refuses, and says so in the logs.
    runs = services().runs
    try:
        if what == "extend":
            _, longer = LENGTHS.get(request.form.get("longer", ""), LENGTHS["30m"])
            runs.extend(run_id, who.name, why, standing.line.window_to + longer)
        else:
            {"approve": runs.approve, "reject": runs.reject, "cancel": runs.cancel}[what](run_id, who.name, why)
    except (RunOver, UsageFault) as fault:
        status = 409 if isinstance(fault, (RunOver, RunElsewhere)) else 422
        return Refusal(status, fault.message[:1].upper() + fault.message[1:], fault.hint, why, what)
    overridden(who, run_id, FACTS[what], why)
    return redirect(url_for("page.run", run_id=run_id) + "#verdict", 303)


def allowed(who: Principal, standing: Standing, *, ordered: bool) -> frozenset[str]:
    """Return the decisions that this person can take about a run as it stands; one that nobody ordered goes its way."""
    state = standing.line.state
    theirs = {what for what in ROLES if _may(who, what, standing)} - (frozenset() if ordered else OF_ORDERED)
    if state is State.CANCELLED:
        return frozenset()
    return frozenset(theirs if state is State.RUNNING else theirs - WHILE_RUNNING)


def _may(who: Principal, what: str, standing: Standing) -> bool:
    return any(who.may(role, standing.line.labels.get("repository")) for role in ROLES[what])


def keeps_text(policy: str) -> bool:
    """Whether a policy, as it took effect, keeps what people wrote."""
    return bool(loads(policy.encode(), "the run's policy").get("keep_text"))
