"""``/login`` and ``/logout``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, redirect, render_template, request, url_for

from gate.service.auth import cookies, csrf
from gate.service.auth.addresses import network_of
from gate.service.auth.audit import about, refused, too_many
from gate.service.auth.guards import public
from gate.service.auth.provider import CALLBACK, TIME_TO_LOG_IN, LoginFailed
from gate.service.problems import Problem

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from gate.service.auth.cookies import Cookies
    from gate.service.auth.credentials import Credentials
    from gate.service.auth.limiter import Limiter
    from gate.service.auth.provider import Provider
    from gate.service.auth.sessions import Sessions

HOME = "/"
LONGEST_NEXT = 500
FAILED = "The login did not succeed. Please try again, or ask whoever runs this service."

_LOG = logging.getLogger(__name__)


class Pages:
    """Logs people in and out."""

    def __init__(
        self,
        credentials: Credentials,
        sessions: Sessions,
        jar: Cookies,
        attempts: Limiter,
        provider: Provider | None,
        public_url: str,
    ) -> None:
        """Take what knows tokens, keeps sessions and counts attempts; and the provider, where there is one."""
        self._credentials = credentials
        self._sessions = sessions
        self._jar = jar
        self._attempts = attempts
        self._provider = provider
        self._public_url = public_url

    def install(self, app: Flask) -> None:
        """Add the pages to the application."""
        pages = Blueprint("auth", __name__, template_folder="templates")
        pages.add_url_rule("/login", "login", self.form, methods=["GET"])
        pages.add_url_rule("/login", "enter", self.enter, methods=["POST"])
        pages.add_url_rule("/logout", "logout", self.leave, methods=["POST"])
        if self._provider:
            pages.add_url_rule("/login/provider", "provider", self.depart, methods=["GET"])
            pages.add_url_rule(CALLBACK, "callback", self.arrive, methods=["GET"])
        app.register_blueprint(pages)
        app.context_processor(lambda: {"csrf_token": csrf.token_for(g.session) if g.get("session") else ""})

    @public
    def form(self) -> str:
        """Show the form."""
        return self._page("")

    @public
    def enter(self) -> AnyResponse:
        """Log in by a token.

        Raises:
            Problem: another page sends the form (403), or there were too many attempts (429).
        """
        # No session yet, so no token to check: or another site could log people in to an account of its own.
        if where := csrf.foreign(request, self._public_url):
            detail = "the login does not come from this service's own page"
            raise refused(403, detail, kind="csrf", why=f"{detail} but from {where}")
        address = self._count()
        try:
            token = self._credentials.token(request.form.get("token", "").strip())
        except Problem as problem:
            page = self._page("This token is not valid: it is mistyped, revoked or expired.")
            return Response(page, problem.status, problem.headers)
        self._attempts.give_back(address)
        response = redirect(request.script_root + safe_next(request.form.get("next", "")), 303)
        self._sessions.open(response, token.name, token=token)
        _LOG.info("%s has logged in by a token", token.name, extra=about("login", by=token.name))
        return response

    def leave(self) -> AnyResponse:
        """Log out."""
        response = redirect(url_for("auth.login"), 303)
        self._sessions.close(response)
        _LOG.info("%s has logged out", g.principal.name, extra=about("logout"))
        return response

    @public
    def depart(self) -> AnyResponse:
        """Send the browser to the provider."""
        self._count()
        try:
            url, browser = self._known_provider().start(safe_next(request.args.get("next", "")))
        except LoginFailed as why:
            return self._failed(why)
        response = redirect(url, 303)
        self._jar.write(response, cookies.LOGIN, browser, TIME_TO_LOG_IN)
        return response

    @public
    def arrive(self) -> AnyResponse:
        """Log in by what the browser brings back from the provider."""
        try:
            browser = self._jar.read(cookies.LOGIN)
            person, following = self._known_provider().finish(request.args.to_dict(), browser)
        except LoginFailed as why:
            return self._failed(why)
        self._attempts.give_back(_network())
        response = redirect(request.script_root + safe_next(following), 303)
        self._jar.clear(response, cookies.LOGIN)
        self._sessions.open(response, person.name, person.roles)
        _LOG.info("%s has logged in by the provider", person.name, extra=about("login", by=person.name))
        return response

    def _known_provider(self) -> Provider:
        if self._provider is None:
            raise Problem(404)
        return self._provider

    def _failed(self, why: LoginFailed) -> Response:
        refused(403, FAILED, kind="login", why=f"login failed: {why}")
        response = Response(self._page(FAILED), 403)
        self._jar.clear(response, cookies.LOGIN)
        return response

    def _count(self) -> str:
        address = _network()
        if refusal := self._attempts.take(address):
            detail = "too many failed logins from this address"
            raise too_many(detail, refusal.seconds, first=refusal.first)
        return address

    def _page(self, fault: str) -> str:
        layout = current_app.jinja_env.select_template(["base.html", "bare.html"])
        following = safe_next(request.values.get("next", ""))
        return render_template(
            "login.html", layout=layout, fault=fault, following=following, provider=self._provider is not None
        )


def safe_next(wanted: str) -> str:
    """Return where to go after the login: a path of this service, never another site."""
    # Browsers read a backslash as a slash, and drop tabs and line breaks before they look.
    if len(wanted) > LONGEST_NEXT or not wanted.startswith("/") or "\\" in wanted or not wanted.isprintable():
        return HOME
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc or wanted.startswith("//") else wanted


def _network() -> str:
    return network_of(request.remote_addr)
