"""Traces by OpenTelemetry, where its package for Flask is installed; nothing of it is needed otherwise."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

QUIET = "healthz,readyz,metrics"

_LOG = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Trace each request; where the traces go is said by OpenTelemetry's own variables, ``OTEL_…``."""
    try:
        instrumentation = import_module("opentelemetry.instrumentation.flask")
    except ModuleNotFoundError:
        return
    instrumentation.FlaskInstrumentor().instrument_app(app, excluded_urls=QUIET)
    _LOG.info("requests are traced by OpenTelemetry")
