"""``/metrics`` for Prometheus: what the web server did, and how the runs stand."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gate.service.auth import Role, principal
from gate.service.problems import Problem
from gate.service.services import services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from prometheus_client import Metric

    from gate.service.services import Services

LATE = timedelta(seconds=30)
"""A look that is overdue so long has nobody who makes it."""
FORMAT = "text/plain; version=0.0.4; charset=utf-8"

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
"""Counted by name; whatever else a caller makes up is one series, or anybody could fill the memory with new ones."""

OWN = CollectorRegistry()
REQUESTS = Counter("gate_http_requests", "Requests answered.", ["method", "route", "status"], registry=OWN)
SECONDS = Histogram(
    "gate_http_request_seconds",
    "How long the answer took, streams left out.",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0),
    registry=OWN,
)

metrics = Blueprint("metrics", __name__)


def install(app: Flask) -> None:
    """Count every request, and answer ``/metrics``."""
    app.register_blueprint(metrics)
    app.after_request(_count)


@metrics.get("/metrics")
def scrape() -> Response:
    """Answer those who may read runs, or everybody where the operator says so."""
    parts = services()
    if not parts.settings.metrics.open:
        asking = principal()
        # Numbers of all runs: not for those who may see some of them only.
        if Role.READ not in asking.roles or asking.repositories is not None:
            raise Problem(403, "metrics need the role read for all repositories", kind="forbidden")
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry = OWN
    runs = CollectorRegistry()
    runs.register(RunsCollector(parts))
    return Response(generate_latest(registry) + generate_latest(runs), 200, {"Content-Type": FORMAT})


class RunsCollector(Collector):
    """How the runs stand, read from the run log."""

    def __init__(self, parts: Services) -> None:
        """Take where to read it."""
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """Yield each number."""
        now = self._parts.clock.now()
        counts = self._parts.store.counts(now - LATE)
        states = GaugeMetricFamily("gate_runs", "Runs by state.", labels=["state"])
        for state, number in counts.states.items():
            states.add_metric([state], number)
        yield states
        verdicts = GaugeMetricFamily("gate_verdicts", "Runs with an outcome.", labels=["outcome", "decision"])
        for (outcome, decision), number in counts.verdicts.items():
            verdicts.add_metric([outcome, decision], number)
        yield verdicts
        deliveries = GaugeMetricFamily("gate_callbacks", "Messages to callers by state.", labels=["state"])
        for state, number in counts.deliveries.items():
            deliveries.add_metric([state], number)
        yield deliveries
        yield GaugeMetricFamily("gate_looks_overdue", "Runs whose look is due for 30 s and more.", counts.overdue)
        seen = GaugeMetricFamily("gate_worker_silent_seconds", "Since a worker was heard of.", labels=["worker"])
        for name, at in self._parts.store.workers().items():
            seen.add_metric([name], max(0.0, (now - at).total_seconds()))
        yield seen


def _count(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(method, route, str(response.status_code)).inc()
    if began := g.get("began"):
        g.seconds = (services().clock.now() - began).total_seconds()
        if not response.is_streamed:
            SECONDS.labels(route).observe(max(0.0, g.seconds))
    return response
