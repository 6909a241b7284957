"""Each request has a name, and a line in the logs: who asked for what, and how it was answered."""

from __future__ import annotations

import logging
import re
import secrets
from typing import TYPE_CHECKING

from flask import g, request

from gate.service.services import services

if TYPE_CHECKING:
    from flask import Flask, Response

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
QUIET = ("/healthz", "/readyz", "/metrics", "/static/")
"""Asked for by machines all the time."""

_LOG = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Name every request and log it."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.began = services().clock.now()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    if request.path.startswith(QUIET) and response.status_code < 400:  # noqa: PLR2004 - faults are never quiet
        return response
    # The path alone: a query may hold anything.
    about = {
        "request": g.get("request_id", ""),
        "method": request.method,
        "path": request.path[:200],
        "status": response.status_code,
        "by": getattr(g.get("principal"), "name", ""),
        "seconds": round((services().clock.now() - g.began).total_seconds(), 4) if "began" in g else None,
    }
    if run_id := (request.view_args or {}).get("run_id"):
        about["run"] = str(run_id)[:40]
    _LOG.info("answered", extra={name: value for name, value in about.items() if value not in ("", None)})
    return response
