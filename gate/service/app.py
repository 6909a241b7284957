"""The application: the API, the page and the health checks, behind one door."""

from __future__ import annotations

import os
from contextlib import ExitStack
from importlib import import_module, util
from typing import TYPE_CHECKING

from flask_openapi3 import Info, OpenAPI  # type: ignore[attr-defined]
from werkzeug.middleware.proxy_fix import ProxyFix

from gate import __version__
from gate.clock import SystemClock
from gate.service import metrics, problems, requests_seen, tracing
from gate.service.api import views
from gate.service.api.blueprint import invalid
from gate.service.api.document import SCHEMES
from gate.service.api.streaming import STREAMS, Streams
from gate.service.api.told import ProblemTold
from gate.service.auth import Gatekeeper
from gate.service.azure import endpoint
from gate.service.github import webhook
from gate.service.health import health
from gate.service.paths import one_slash
from gate.service.services import Services
from gate.service.settings import of_environment
from gate.service.web import streams_of
from gate.wiring_service import open_service

if TYPE_CHECKING:
    from flask import Flask


def create_app(services: Services) -> Flask:
    """Build the application on what it works with."""
    app = OpenAPI(
        "gate.service",
        info=Info(title="Sentiment Gate", version=__version__),
        security_schemes=SCHEMES,
        validation_error_model=ProblemTold,
        validation_error_callback=invalid,
        doc_ui=False,
        static_folder=None,
    )
    tracing.install(app)  # First, so that a request that is refused is traced, too.
    services.attach(app.extensions)
    app.extensions[STREAMS] = Streams(streams_of(services.settings))
    app.config["MAX_CONTENT_LENGTH"] = services.settings.limits.body
    if services.settings.proxies:
        hops = services.settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.wsgi_app = one_slash(app.wsgi_app)  # type: ignore[assignment, method-assign]
    problems.install(app)
    requests_seen.install(app)
    Gatekeeper(services.store, services.settings, services.clock, services.environ).install(app)
    app.register_blueprint(health)
    metrics.install(app)
    views.install(app)
    webhook.install(app, services)
    endpoint.install(app, services)
    if util.find_spec("gate.service.page"):
        import_module("gate.service.page").install(app)
    return app


def application() -> Flask:
    """Build it from ``service.yml`` and the environment: what the web server serves."""
    environ = os.environ
    settings = of_environment(environ)
    clock = SystemClock()
    # Open as long as the process lives.
    opened = ExitStack().enter_context(open_service(settings.store_url(environ), clock, environ))
    return create_app(Services(opened.store, opened.runs, clock, settings, environ))
