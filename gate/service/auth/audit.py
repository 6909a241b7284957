"""Writes down who was refused what, and who overrode what. Never a token: names, addresses and paths only."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from flask import g, request

from gate.policy.secrets import hide_secrets
from gate.service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from gate.service.auth.principals import Principal

_LOG = logging.getLogger(__name__)
_LONGEST_PATH = 200
DENIALS = frozenset({401, 403, 429})

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sentiment-gate"'}


def refused(
    status: int,
    detail: str,
    *,
    kind: str,
    hint: str = "",
    why: str = "",
    headers: Mapping[str, str] | None = None,
) -> Problem:
    """Log a denial and return the problem to raise.

    Args:
        status: of HTTP.
        detail: for whoever asks.
        kind: of the problem.
        hint: the next step.
        why: for the log, where it is more than whoever asks should know.
        headers: of the answer.
    """
    _log(why or detail, status, kind)
    return Problem(status, detail, kind=kind, hint=hint, headers=headers)


def see(response: Response) -> Response:
    """Log a denial that some view made by itself."""
    if response.status_code in DENIALS:
        _log(f"answered {response.status_code}", response.status_code, "")
    return response


def unauthorized(detail: str, *, why: str = "") -> Problem:
    """Log that somebody is not known, and return the problem."""
    return refused(
        401, detail, kind="unauthorized", why=why, headers=CHALLENGE, hint="send a valid token: Authorization: Bearer …"
    )


def too_many(detail: str, seconds: int, *, first: bool) -> Problem:
    """Return the problem of somebody who asks too often; logged when that begins only, or the log would be flooded."""
    g.denial_logged = not first
    return refused(429, detail, kind="too-many-requests", headers={"Retry-After": str(max(1, seconds))})


def overridden(who: Principal, run_id: str, kind: str, why: str) -> None:
    """Log an override; the log of the run has it too, in its chain."""
    said = hide_secrets(" ".join(why.split()))
    _LOG.info("%s %s run %s: %s", who.name, kind, run_id, said, extra=about("override", kind=kind, run=run_id))


def _log(why: str, status: int, kind: str) -> None:
    """Log a denial, once a request."""
    if g.get("denial_logged"):
        return
    _LOG.warning("refused: %s", hide_secrets(why), extra=about("denied", status=status, kind=kind))
    g.denial_logged = True


def about(event: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a log line
    """Return what a log line says of the request beside its message."""
    who: Principal | None = g.get("principal")
    return {
        "event": event,
        "by": who.name if who else "",
        "via": who.via if who else "",
        "method": request.method,
        "path": hide_secrets(request.path)[:_LONGEST_PATH],
        "address": request.remote_addr or "",
        "request": g.get("request_id", ""),
        **fields,
    }
