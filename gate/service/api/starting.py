"""``POST /v1/runs``: from what a caller sends to an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from gate.errors import UsageFault
from gate.policy import Overrides, load_text
from gate.runs import Callback, Order
from gate.runs.orders import INLINE
from gate.service.api.asked import KeyHeader, RunAsked
from gate.service.api.blueprint import api, problem, told
from gate.service.api.inline import check_callback, check_inline
from gate.service.api.shown import links
from gate.service.auth import Role, labels_for, principal, require
from gate.service.named import read_named
from gate.service.problems import Problem
from gate.service.services import services

if TYPE_CHECKING:
    from datetime import datetime

_STARTED = {
    "description": "Started, or started before by the same key.",
    "headers": {"Location": {"description": "Where the run is to be seen.", "schema": {"type": "string"}}},
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/StartedTold"}}},
}


@api.post("/runs", operation_id="startRun", responses={
    "202": _STARTED, "409": problem("The key stands for another order already."),
    "413": problem("Larger than the service takes."), "415": problem("Not JSON."),
})  # fmt: skip
@require(Role.RUN)
def start_run(body: RunAsked, header: KeyHeader) -> Response:
    """Start a run; a worker takes it up within a second."""
    text, path = _policy(body)
    if body.policy is not None:
        policy = load_text(text, path=path, overrides=Overrides(release=body.release))
        check_inline(policy, services().settings.policies)
    order = Order(
        policy=text,
        path=path,
        deployed_at=_deployed_at(body, header.key),
        release=body.release,
        labels=labels_for(body.labels),
        callback=_callback(body),
        key=header.key,
        by=principal().name,
    )
    run_id = services().runs.start(order)
    where = links(run_id)
    return told({"id": run_id, "links": where}, 202, Location=where["self"])


def _policy(body: RunAsked) -> tuple[str, str]:
    allowed = services().settings.policies
    if body.policy is not None:
        if not allowed.inline:
            raise Problem(403, "this service takes named policies only", kind="inline", hint="give policy_name")
        return body.policy, INLINE
    return read_named(allowed.folder, body.policy_name or "")


def _deployed_at(body: RunAsked, key: str) -> datetime:
    if body.deployed_at is not None:
        return body.deployed_at
    if key:
        # "Now" is another time when the order is sent again, and so would be another order.
        message = "an order with an Idempotency-Key must say deployed_at"
        raise UsageFault(message, hint="give the time of the deploy, the same each time the order is sent")
    return services().clock.now()


def _callback(body: RunAsked) -> Callback | None:
    if body.callback is None:
        return None
    settings = services().settings
    check_callback(body.callback.url, body.callback.secret, settings.callbacks.hosts, settings.callbacks.variables)
    return Callback(**body.callback.model_dump())
