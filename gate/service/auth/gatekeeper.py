"""Looks at every request before it is answered: who asks, how often, and from which page."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from flask import current_app, g, redirect, request, url_for

from gate.policy import resolve_secret
from gate.service.auth.addresses import network_of
from gate.service.auth.audit import see, too_many, unauthorized
from gate.service.auth.cookies import Cookies
from gate.service.auth.credentials import Credentials
from gate.service.auth.github import GitHubTrust
from gate.service.auth.guards import is_public
from gate.service.auth.headers import STATIC, harden
from gate.service.auth.issuers import Issuer
from gate.service.auth.limiter import Limiter
from gate.service.auth.pages import Pages
from gate.service.auth.provider import Provider
from gate.service.auth.sessions import Sessions
from gate.service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from werkzeug.wrappers import Response as AnyResponse

    from gate.ports import Clock
    from gate.service.settings import Settings
    from gate.store import Store

OPEN = frozenset({"/healthz", "/readyz"})
API = "/v1/"
MINUTE = timedelta(minutes=1)
LOGINS, LOGIN_PERIOD = 10, timedelta(minutes=15)
"""Failed ones an address, then the form is closed to it."""
BAD_TOKENS = 100
"""Requests without a valid one, a minute and address; more are neither explained nor logged."""
UNKNOWN = 401


class Gatekeeper:
    """Lets in whom it knows; everything is closed that is not open on purpose."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, environ: Mapping[str, str]) -> None:
        """Take what it needs to tell.

        Raises:
            SourceRefused: the secret of the login's provider is not set.
            UsageFault: a login or workflows' tokens are wanted, and the service does not know its own address.
        """
        url, limit = settings.public_url, settings.limits.requests_per_minute
        self._settings = settings
        self._https = url.startswith("https://")
        jar = Cookies(url)
        self._requests = Limiter(store, clock, "requests", limit, MINUTE)
        self._bad_tokens = Limiter(store, clock, "bad tokens", BAD_TOKENS, MINUTE)
        self._credentials = Credentials(store, clock, _github(settings, clock))
        self._sessions = Sessions(store, clock, jar, url, settings.retention.sessions)
        attempts = Limiter(store, clock, "logins", LOGINS, LOGIN_PERIOD)
        provider = _provider(settings, store, clock, environ)
        self._pages = Pages(self._credentials, self._sessions, jar, attempts, provider, url)

    def install(self, app: Flask) -> None:
        """Look at every request of the application, and at every answer."""
        app.before_request(self._before)
        app.after_request(see)
        app.after_request(lambda response: harden(response, https=self._https or request.is_secure))
        self._pages.install(app)

    def _before(self) -> AnyResponse | None:
        g.principal = g.session = g.denial_logged = None
        if self._open():
            return None
        if (answer := self._recognise()) is not None:
            return answer
        if refusal := self._requests.take(g.principal.counted):
            detail = f"more than {self._settings.limits.requests_per_minute:,} requests a minute"
            raise too_many(detail, refusal.seconds, first=refusal.first)
        return None

    def _open(self) -> bool:
        if request.path in OPEN or request.path.startswith(STATIC):
            return True
        if request.path == "/metrics" and self._settings.metrics.open:
            return True
        return is_public(current_app.view_functions.get(request.endpoint or ""))

    def _recognise(self) -> AnyResponse | None:
        """See who asks; return an answer to those who must log in first."""
        g.denial_logged = self._bad_tokens.used_up(network_of(request.remote_addr))  # Enough was said of that address.
        try:
            if header := request.headers.get("Authorization", ""):
                g.principal = self._credentials.principal(header)
                g.lasting = partial(self._credentials.lasts, header)
            elif self._sessions.recognise() is None:
                return self._anonymous()
            else:
                g.lasting = partial(self._sessions.lasts, g.session)
        except Problem as problem:
            if problem.status == UNKNOWN:
                # Counted after the look, so that a right token is let in whatever others at its address get wrong.
                self._count()
            raise
        g.denial_logged = False
        return None

    def _count(self) -> None:
        if refusal := self._bad_tokens.take(network_of(request.remote_addr)):
            detail = "too many requests without a valid token from this address"
            raise too_many(detail, refusal.seconds, first=refusal.first) from None

    def _anonymous(self) -> AnyResponse:
        asks_for_page = request.method in {"GET", "HEAD"} and not request.path.startswith(API)
        if asks_for_page and _is_browser():
            return redirect(url_for("auth.login", next=request.full_path.rstrip("?")), 303)
        detail = "a token is needed"
        raise unauthorized(detail)


def _is_browser() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _github(settings: Settings, clock: Clock) -> GitHubTrust | None:
    github = settings.github
    if not github.repositories:
        return None
    return GitHubTrust(github, settings.audience(), Issuer(github.issuer, clock), clock)


def _provider(settings: Settings, store: Store, clock: Clock, environ: Mapping[str, str]) -> Provider | None:
    login = settings.login
    if login is None:
        return None
    secret = resolve_secret(login.client_secret, environ)
    return Provider(login, secret, settings.public_url, Issuer(login.issuer, clock), store, clock)
