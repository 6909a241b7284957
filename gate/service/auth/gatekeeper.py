"""Looks at every request before it is answered: who asks, how often, and from which page."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from flask import current_app, g, redirect, request, url_for

from gate.service.auth.audit import too_many, unauthorized
from gate.service.auth.credentials import Credentials
from gate.service.auth.guards import is_public
from gate.service.auth.headers import STATIC, harden
from gate.service.auth.limiter import Limiter
from gate.service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask, Response
    from werkzeug.wrappers import Response as AnyResponse

    from gate.ports import Clock
    from gate.service.settings import Settings
    from gate.store import Store

OPEN = frozenset({"/healthz", "/readyz"})
API = "/v1/"
MINUTE = timedelta(minutes=1)
BAD_TOKENS = 100
"""A minute and address, then they are not even looked at."""


class Gatekeeper:
    """Lets in whom it knows; everything is closed that is not open on purpose."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, environ: Mapping[str, str]) -> None:  # noqa: ARG002
        """Take what it needs to tell."""
        self._settings = settings
        self._https = settings.public_url.startswith("https://")
        self._credentials = Credentials(store, clock, None)
        self._requests = Limiter(store, clock, "requests", settings.limits.requests_per_minute, MINUTE)
        self._bad_tokens = Limiter(store, clock, "bad tokens", BAD_TOKENS, MINUTE)

    def install(self, app: Flask) -> None:
        """Look at every request of the application, and at every answer."""
        app.before_request(self._before)
        app.after_request(lambda response: harden(response, https=self._https or request.is_secure))

    def _before(self) -> AnyResponse | None:
        g.principal = g.session = None
        if self._open():
            return None
        if header := request.headers.get("Authorization", ""):
            self._by_header(header)
        else:
            return self._anonymous()
        if refusal := self._requests.take(g.principal.name):
            detail = f"more than {self._settings.limits.requests_per_minute:,} requests a minute"
            raise too_many(detail, refusal.seconds, first=refusal.first)
        return None

    def _open(self) -> bool:
        if request.path in OPEN or request.path.startswith(STATIC):
            return True
        if request.path == "/metrics" and self._settings.metrics.open:
            return True
        return is_public(current_app.view_functions.get(request.endpoint or ""))

    def _by_header(self, header: str) -> None:
        try:
            g.principal = self._credentials.principal(header)
        except Problem:
            # Counted after the look, so that a right token is let in whatever others at its address get wrong.
            if refusal := self._bad_tokens.take(network_of(request.remote_addr)):
                detail = "too many wrong tokens from this address"
                raise too_many(detail, refusal.seconds, first=refusal.first) from None
            raise

    def _anonymous(self) -> Response | AnyResponse:
        asks_for_page = request.method in {"GET", "HEAD"} and not request.path.startswith(API)
        if asks_for_page and "auth.login" in current_app.view_functions and _is_browser():
            return redirect(url_for("auth.login", next=request.full_path.rstrip("?")), 303)
        detail = "a token is needed"
        raise unauthorized(detail)


def network_of(address: str | None) -> str:
    """Return what is counted as one address: of IPv6 the /64 network, as anybody has all addresses of one."""
    try:
        known = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(known, IPv6Address) and not known.ipv4_mapped:
        return str(ip_network((known, 64), strict=False))
    return str(known)


def _is_browser() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
