"""``POST /v1/flagger/<hook>``: Flagger's webhooks.

Flagger reads the status alone, takes 200 to 202 for yes, and knows no run of ours: it names the canary and what is
deployed. So the newest run with these labels is meant. Where another build comes while a canary is under way, Flagger
begins anew and does not ask confirm-rollout, so that whichever hook asks first has to start the run.
https://docs.flagger.app/usage/webhooks
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from gate.runs import Order
from gate.service.api.asked import FlaggerAsked, FlaggerMetadata, HookPath
from gate.service.api.blueprint import api, problem, told
from gate.service.api.shown import HALTED, answer_of, links, run_told, status_of
from gate.service.api.told import FlaggerTold
from gate.service.auth import Role, labels_for, principal, require
from gate.service.named import read_named
from gate.service.problems import Problem
from gate.service.services import services
from gate.store import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.store import Line

STARTED = 202
NO_ROLLBACK = 409
SAME_SECOND = 10
"""So many runs of one canary never begin within a second."""
_TOLD = {"application/json": {"schema": {"$ref": "#/components/schemas/FlaggerTold"}}}


@api.post("/flagger/<hook>", operation_id="flaggerHook", responses={
    "200": FlaggerTold,
    "202": {"description": "`start`: a run is under way.", "content": _TOLD},
    "404": problem("There is no run of this canary."),
    "409": {"description": "`rollback`: no, or not yet.", "content": _TOLD},
    "412": {"description": "`confirm`: halt.", "content": _TOLD},
    "413": problem("Larger than the service takes."),
    "415": problem("Not JSON."),
    "424": {"description": "`confirm`: hold.", "content": _TOLD},
    "425": {"description": "`confirm`: not decided yet.", "content": _TOLD},
})  # fmt: skip
@require(Role.READ)
def flagger_hook(path: HookPath, body: FlaggerAsked) -> Response:
    """Answer a webhook of Flagger: `start` for confirm-rollout, `confirm` for confirm-promotion, `rollback`."""
    about = body.metadata or FlaggerMetadata()
    named = {"canary": body.name, "namespace": body.namespace, "checksum": body.checksum}
    labels = {name: value for name, value in named.items() if value}
    run = _newest(labels)
    if path.hook == "start":
        # Asked again while it waits, Flagger gets the run that there is; the next rollout of the same gets its own.
        if run is None or run.state is not State.RUNNING:
            run = _started(about, labels)
        return _answer(run, STARTED)
    if run is None and about.policy is not None:
        run = _started(about, labels)
    if run is None:
        hint = "call start, as confirm-rollout, and write metadata: {policy: NAME} under each webhook"
        raise Problem(404, "there is no run of this canary", kind="no-such-run", hint=hint)
    status = status_of(answer_of(run))
    if path.hook == "rollback":
        status = 200 if status == HALTED else NO_ROLLBACK
    return _answer(run, status)


def _newest(labels: Mapping[str, str]) -> Line | None:
    # Runs that began within one second are listed in any order.
    lines = services().store.page(SAME_SECOND, labels=labels, repositories=principal().repositories).lines
    return max(lines, key=lambda line: line.created_at, default=None)


def _started(about: FlaggerMetadata, labels: Mapping[str, str]) -> Line:
    if about.policy is None:
        hint = "write metadata: {policy: NAME} under the webhook"
        raise Problem(422, "the webhook names no policy", kind="request", hint=hint)
    text, path = read_named(services().settings.policies.folder, about.policy)
    own = {"repository": about.repository} if about.repository else {}
    order = Order(
        policy=text,
        path=path,
        deployed_at=services().clock.now(),
        release=about.release,
        labels=labels_for({**labels, **own}),
        by=principal().name,
    )
    return services().store.standing(services().runs.start(order)).line


def _answer(run: Line, status: int) -> Response:
    shown = run_told(run)
    said = {name: shown[name] for name in ("answer", "reason")}
    return told({"run": run.id, **said, "page": links(run.id)["page"]}, status)
