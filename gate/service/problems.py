"""What is answered when something is wrong: one shape for all of it, RFC 9457, and a page for people."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, g, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from gate.canonical import dumps
from gate.errors import (
    EvidenceFault,
    GateError,
    KeyReused,
    NoSuchRun,
    PolicyFault,
    RunElsewhere,
    RunOver,
    StoreFault,
    UsageFault,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Flask

TYPE = "urn:sentiment-gate:problem:"
API = "/v1/"
_PAGE = "gate.problem_page"

_LOG = logging.getLogger(__name__)

PageOfProblem = Callable[["Problem"], str]
"""Renders a problem for people, as HTML."""


class Problem(Exception):
    """Ends a request."""

    def __init__(  # noqa: PLR0913 - the members of RFC 9457, all but the first by name
        self,
        status: int,
        detail: str = "",
        *,
        kind: str = "",
        title: str = "",
        hint: str = "",
        errors: Sequence[Mapping[str, object]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say what is wrong.

        Args:
            status: of HTTP.
            detail: one sentence for people.
            kind: machine-readable, e.g. ``run-over``; becomes ``type``.
            title: the same for every problem of the kind; the status's own words if empty.
            hint: the next step.
            errors: each thing that is wrong, with ``field``, ``message`` and ``hint``.
            headers: of the answer, e.g. ``Retry-After``.
        """
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.title = title or HTTPStatus(status).phrase
        self.hint = hint
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def to_plain(self) -> dict[str, Any]:
        """Return the members of the answer."""
        members = {
            "type": f"{TYPE}{self.kind}" if self.kind else "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
            "errors": [dict(each) for each in self.errors],
            "request": getattr(g, "request_id", ""),
        }
        return {name: value for name, value in members.items() if value not in ("", [])}


def install(app: Flask) -> None:
    """Answer every error of the application in this shape."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(GateError, lambda fault: answer(problem_of(fault)))
    app.register_error_handler(HTTPException, _of_werkzeug)
    app.register_error_handler(Exception, _of_bug)


def show_page(app: Flask, render: PageOfProblem) -> None:
    """Show people problems so, outside of the API."""
    app.extensions[_PAGE] = render


def answer(problem: Problem) -> Response:
    """Return the answer: JSON for programs, a page for people."""
    if _for_people():
        render: PageOfProblem = current_app.extensions.get(_PAGE, _plain_page)
        return Response(
            render(problem), problem.status, {**problem.headers, "Content-Type": "text/html; charset=utf-8"}
        )
    body = dumps(problem.to_plain())
    return Response(body, problem.status, {**problem.headers, "Content-Type": "application/problem+json"})


def problem_of(fault: GateError) -> Problem:
    """Return how a fault of the domain is told over HTTP."""
    match fault:
        case KeyReused():
            return Problem(409, fault.message, kind="key-reused", hint=fault.hint)
        case RunOver() | RunElsewhere():
            kind = "run-over" if isinstance(fault, RunOver) else "run-elsewhere"
            return Problem(409, fault.message, kind=kind, hint=fault.hint)
        case NoSuchRun():
            return Problem(404, fault.message, kind="no-such-run", hint=fault.hint)
        case PolicyFault():
            errors = [
                {"field": each.field, "line": each.line, "message": each.message, "hint": each.hint}
                for each in fault.faults
            ]
            count = f"{len(errors)} faults" if len(errors) != 1 else "a fault"
            return Problem(422, f"the policy has {count}", kind="policy", hint=fault.hint, errors=errors)
        case UsageFault():
            return Problem(422, fault.message, kind="usage", hint=fault.hint)
        case StoreFault():
            _LOG.error("%s", fault.message)
            return Problem(503, "the run log cannot be used at the moment", kind="store", hint="try again in a while",
                           headers={"Retry-After": "5"})  # fmt: skip
        case EvidenceFault():
            return Problem(500, fault.message, kind="evidence", hint=fault.hint)
    _LOG.error("%s", fault.message)
    return Problem(500, "the gate itself broke", kind="bug", hint="the logs of the service say more")


def _of_werkzeug(error: HTTPException) -> Response:
    if error.response is not None and error.code is None:
        return Response(error.response.response, error.response.status_code, error.response.headers)  # type: ignore[attr-defined]
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After", "Location"}}
    return answer(Problem(status, error.description or "", headers=headers))


def _of_bug(error: Exception) -> Response:
    _LOG.error("a request broke", exc_info=error)
    return answer(Problem(500, "the gate itself broke", kind="bug", hint="the logs of the service say more"))


def _for_people() -> bool:
    if request.path.startswith(API):
        return False
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _plain_page(problem: Problem) -> str:
    title, detail, hint = escape(problem.title), escape(problem.detail), escape(problem.hint)
    return f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1><p>{detail}</p><p>{hint}</p></html>\n"
