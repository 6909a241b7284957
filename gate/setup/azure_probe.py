"""Whether a service answers checks of Azure DevOps: asked of the service itself, as Azure asks it."""

from __future__ import annotations

import difflib
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import GateError
from gate.http import Client, Retry
from gate.model import Check
from gate.setup.azure_form import PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gate.http import Reply
    from gate.ports import Clock

WITHIN = timedelta(seconds=3)
"""As long as Azure waits."""
NOBODY = str(uuid.UUID(int=0))
OK, UNPROCESSABLE = 200, 422
SAID = (401, 403, 404, 405, 422)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be found out, and how to ask."""

    service: str
    organization: str
    policy: str
    token: str
    """Of the service: the one that the service connection holds."""
    secret: Callable[[str], str]
    clock: Clock
    repository: str = ""
    """Label of its runs; none if empty."""
    synchronous: bool = False
    """Whether Azure asks again and again, so that the service has nobody to call."""
    public_only: bool = False


def check(asked: Asked) -> Iterator[Check]:
    """Yield one line after the other, without starting anything; what follows from a fault is left out."""
    client = _client(asked)
    try:
        client.get("/readyz")
    except GateError as fault:
        yield Check(
            "service", ok=False, detail=fault.message, fix=f"{fault.hint}; does the address lead to the service?"
        )
        return
    yield Check("service", ok=True, detail=f"{asked.service} is ready")
    client.authorize(asked.token)
    known = _policies(asked, client)
    yield known
    if known.what == "token":
        return
    yield _takes(asked, client)


def send(asked: Asked) -> Iterator[Check]:
    """Ask as a check does that wants its answer at once, and end the run that this starts."""
    client = _client(asked)
    client.authorize(asked.token)
    if not asked.synchronous and not (takes := _takes(asked, client)).ok:
        yield takes
        return
    sent = {"Gate-Completion": "ApiResponse", "Gate-Policy": asked.policy, "Gate-Run": f"setup-{uuid.uuid4()}"}
    sent |= {"Gate-Repository": asked.repository} if asked.repository else {}
    began = asked.clock.now()
    try:
        reply = client.post(PATH, json={}, headers=sent, accept=SAID)
        took = asked.clock.now() - began
        told = _read(reply)
        if reply.status != OK:
            yield _refused("test", reply, told)
            return
        run_id = str(told["run"])
        seconds = f"{took.total_seconds():.2f} s"
        yield Check("test", ok=True, detail=f"run {run_id} was started, and answers {told['decision']} so far")
        late = "Azure waits 3 s: give the service more processor, or move it nearer"
        yield Check("time", ok=took < WITHIN, detail=f"answered within {seconds}", fix="" if took < WITHIN else late)
        client.post(f"/v1/runs/{run_id}/cancel", json={"reason": "a test by gate setup azure"})
    except (GateError, LookupError) as fault:
        message, hint = (
            (fault.message, fault.hint) if isinstance(fault, GateError) else (f"no {fault} in the answer", "")
        )
        yield Check("test", ok=False, detail=message, fix=hint or "is it a gate service of this version or newer?")
        return
    yield Check("tidied up", ok=True, detail=f"run {run_id} was cancelled")


def _policies(asked: Asked, client: Client) -> Check:
    try:
        reply = client.get("/v1/policies", accept=SAID)
    except GateError as fault:
        return Check("token", ok=False, detail=fault.message, fix=fault.hint)
    told = _read(reply)
    if reply.status != OK:
        fix = "put the token of the service connection into GATE_TOKEN; gate token create azure --role run"
        return Check("token", ok=False, detail=str(told.get("detail") or f"status {reply.status}"), fix=fix)
    names = [str(each.get("name")) for each in told.get("policies", ()) if isinstance(each, dict)]
    if asked.policy in names:
        return Check("policy", ok=True, detail=f"the service holds {asked.policy}")
    near = difflib.get_close_matches(asked.policy, names, n=1)
    fix = f"did you mean {near[0]}?" if near else f"it holds {', '.join(names) or 'none: see policies.folder'}"
    return Check("policy", ok=False, detail=f"the service holds no policy {asked.policy}", fix=fix)


def _takes(asked: Asked, client: Client) -> Check:
    """Ask for everything but a policy, so that all is looked at and nothing begins."""
    ids = dict.fromkeys(("ProjectId", "PlanId", "JobId", "TimelineId", "TaskInstanceId"), NOBODY)
    sent = {**ids, "PlanUrl": asked.organization, "HubName": "Checks", "AuthToken": "none", "Gate-Policy": ""}
    if asked.synchronous:
        sent = {"Gate-Completion": "ApiResponse", "Gate-Policy": ""}
    what = "check"
    try:
        reply = client.post(PATH, json={}, headers=sent, accept=SAID)
    except GateError as fault:
        return Check(what, ok=False, detail=fault.message, fix=fault.hint)
    told = _read(reply)
    if reply.status == UNPROCESSABLE and "Gate-Policy" in str(told.get("detail")):
        whose = "that ask again and again" if asked.synchronous else f"of {asked.organization}"
        return Check(what, ok=True, detail=f"checks {whose} are answered")
    return _refused(what, reply, told)


def _refused(what: str, reply: Reply, told: dict[str, Any]) -> Check:
    fixes = {404: "is it a gate service of this version or newer?", 405: "is it a gate service of this version or newer?",
             401: "put the token of the service connection into GATE_TOKEN"}  # fmt: skip
    fix = fixes.get(reply.status) or str(told.get("hint") or "see the service's log")
    return Check(what, ok=False, detail=str(told.get("detail") or f"status {reply.status}"), fix=fix)


def _read(reply: Reply) -> dict[str, Any]:
    try:
        return reply.json_object()
    except GateError:
        return {}


def _client(asked: Asked) -> Client:
    return Client(asked.service, asked, who="the service", retry=Retry(tries=0))
