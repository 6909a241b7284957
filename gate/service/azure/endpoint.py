"""``POST /v1/azure/check``: whether it is a check of ours that asks; then one row and an answer, or the verdict so far.

Azure waits three seconds and holds no connection open meanwhile, so nothing slow is done here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, current_app, request
from requests.structures import CaseInsensitiveDict

from gate.canonical import dumps
from gate.service.auth import Role, labels_for, principal, require
from gate.service.auth.audit import about, refused
from gate.service.azure.asked import Completion, asked_of, completion_of, run_key, wanted_of
from gate.service.azure.organizations import Foreign, Malformed
from gate.service.azure.sampling import sample
from gate.service.azure.sealing import Sealer
from gate.service.named import read_named
from gate.service.problems import Problem
from gate.service.services import services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from gate.service.azure.asked import Wanted
    from gate.service.services import Services

EMPTY = frozenset({b"", b"{}"})
"""Bodies that hold nothing: a form's field may be left empty, or not."""
_SEALER = "gate.azure"

_LOG = logging.getLogger(__name__)

azure = Blueprint("azure", __name__)


def install(app: Flask, parts: Services) -> None:
    """Take checks in.

    Raises:
        SourceRefused: a key that encrypts their tokens is not set.
        UsageFault: one is too short.
    """
    if parts.settings.azure:
        app.extensions[_SEALER] = Sealer(parts.settings.azure.keys, parts.environ)
    app.register_blueprint(azure)


@azure.post("/v1/azure/check")
@require(Role.RUN)
def receive() -> Response:
    """Take a check in, or tell one how its run stands."""
    if b"".join(request.get_data(cache=False).split()) not in EMPTY or request.query_string:
        why = "the check takes its values from headers alone: in a body or an address Azure does not escape them"
        raise Problem(422, why, kind="request", hint="leave Body empty, and write a URL suffix without ?")
    headers = CaseInsensitiveDict(request.headers.items())
    try:
        if completion_of(headers) is Completion.CALLBACK:
            return _take(headers)
        wanted = _ours(wanted_of(headers))
        return _told(sample(services(), wanted, run_key(headers, wanted), principal().name))
    except Foreign as why:
        hint = "azure.organizations of service.yml says whose checks this service answers"
        raise refused(403, str(why), kind="azure", hint=hint) from None
    except Malformed as why:
        raise Problem(422, str(why), kind="request", hint=why.hint) from None


def _take(headers: Mapping[str, str]) -> Response:
    """Write down that a check waits."""
    parts = services()
    if parts.settings.azure is None:
        why = "this service answers no checks of Azure DevOps: its settings name no organization"
        raise Problem(422, why, kind="request", hint="name yours in azure.organizations of service.yml")
    asked, token = asked_of(headers, parts.settings.azure.organizations, principal().name)
    asked = asked.model_copy(update={"wanted": _ours(asked.wanted)})
    sealed = cast("Sealer", current_app.extensions[_SEALER]).seal(token, asked.delivery)
    digest = asked.delivery.partition(":")[2]
    receipt = parts.store.receive_webhook(asked.delivery, digest, asked.model_dump(mode="json"), sealed)
    seen = about("azure", delivery=asked.delivery, plan=asked.plan)
    _LOG.info("a check waits (%s), policy %s", receipt.value, asked.wanted.policy, extra=seen)
    return _told({"receipt": receipt.value, "plan": asked.plan, "minutes": asked.minutes})


def _ours(wanted: Wanted) -> Wanted:
    """Return it with the labels that a run of this caller has; its policy is looked for now, while Azure shows why not."""
    read_named(services().settings.policies.folder, wanted.policy)
    return wanted.model_copy(update={"labels": dict(labels_for(wanted.labels))})


def _told(answer: object) -> Response:
    return Response(dumps(answer), 200, {"Content-Type": "application/json", "Cache-Control": "no-store"})
