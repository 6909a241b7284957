"""``/healthz`` and ``/readyz``: for load balancers and supervisors, and for nobody else's curiosity."""

from __future__ import annotations

import logging

from flask import Blueprint, Response

from gate.errors import StoreFault
from gate.service.services import services

health = Blueprint("health", __name__)

_LOG = logging.getLogger(__name__)


@health.get("/healthz")
def alive() -> Response:
    """Say that the process answers."""
    return Response("ok\n", 200, {"Content-Type": "text/plain", "Cache-Control": "no-store"})


@health.get("/readyz")
def ready() -> Response:
    """Say whether the run log can be read, without which nothing can be answered."""
    try:
        services().store.workers()
    except StoreFault as fault:
        _LOG.warning("not ready: %s", fault.message)
        return Response("the run log cannot be read\n", 503, {"Content-Type": "text/plain", "Retry-After": "5"})
    return Response("ok\n", 200, {"Content-Type": "text/plain", "Cache-Control": "no-store"})
