"""Where views of the API are registered, and what all of them may answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, request
from flask_openapi3 import APIBlueprint  # type: ignore[attr-defined]
from pydantic import BaseModel, ValidationError

from gate.canonical import dumps
from gate.service.auth import admit, principal
from gate.service.problems import Problem, answer
from gate.service.services import services

if TYPE_CHECKING:
    from gate.service.auth import Role
    from gate.store import Standing

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemTold"}}}


def problem(description: str) -> dict[str, Any]:
    """Return how the OpenAPI document describes an answer that is a problem."""
    return {"description": description, "content": PROBLEM}


Answers = dict[str | int | HTTPStatus, type[BaseModel] | dict[Any, Any] | None]
ALWAYS: Answers = {
    "400": {"description": "No request at all.", "content": {"text/html": {"schema": {"type": "string"}}}},
    "401": problem("No token, or none that is valid."),
    "403": problem("The token lacks the role, or is not for that repository."),
    "414": {"description": "An address that is too long.", "content": {"text/html": {"schema": {"type": "string"}}}},
    "422": problem("What was sent cannot be done; `errors` names each fault."),
    "429": problem("Too many requests; `Retry-After` says when to come again."),
    "503": problem("The run log cannot be used at the moment."),
}
NO_RUN: Answers = {"404": problem("There is no such run, or it is not one of yours.")}

FRESH = {"Content-Type": "application/json", "Cache-Control": "no-store"}
"""Headers of an answer that is good for now."""
_NOWHERE = {("run_id",), ("form",)}

api = APIBlueprint("v1", __name__, url_prefix="/v1", abp_security=[{"token": []}, {"session": []}],
                   abp_responses=ALWAYS)  # fmt: skip


@api.before_request
def _sent_as_json() -> None:
    principal()  # Before anything is read or checked: who is nobody learns nothing.
    if request.method != "POST":
        return
    if request.mimetype != "application/json":
        raise Problem(415, "the body must be JSON", hint="send Content-Type: application/json")
    # A body of unknown length is read up to the limit, and no further.
    if len(request.get_data()) >= services().settings.limits.body:
        raise Problem(413, "the body is larger than this service takes", kind="too-large")
    try:
        sent = request.get_json(silent=True)
    except RecursionError:
        sent = None
    if not isinstance(sent, dict):
        raise Problem(422, "the body is no JSON object", kind="request", hint="/v1/openapi.json describes it")


def told(value: object, status: int = 200, **headers: str) -> Response:
    """Return an answer in canonical JSON."""
    return Response(dumps(value), status, {**FRESH, **headers})


def standing(run_id: str, role: Role) -> Standing:
    """Return how a run stands, if the caller may do that to it.

    Raises:
        NoSuchRun: there is none of that id.
        Problem: it is somebody else's, which looks the same, or the role is missing.
    """
    found = services().store.standing(run_id)
    admit(role, run_id, found.line.labels)
    return found


def invalid(error: ValidationError) -> Response:
    """Say what is wrong with a request, field by field."""
    asked = request.view_args or {}
    if "run_id" in asked and {each["loc"][:1] for each in error.errors()} <= _NOWHERE:
        message = f"there is no run {str(asked['run_id'])[:80]!r}"
        return answer(Problem(404, message, kind="no-such-run", hint="gate runs lists them"))
    errors = [
        {"field": ".".join(map(str, each["loc"])), "message": each["msg"].removeprefix("Value error, ")}
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return answer(Problem(422, "the request cannot be read", kind="request", errors=errors,
                          hint="/v1/openapi.json describes it"))  # fmt: skip
