"""Sessions of the page: kept in the store, so that they end when somebody says so."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import g, request

from gate.errors import StoreFault
from gate.service.auth import cookies, csrf
from gate.service.auth.audit import refused
from gate.service.auth.credentials import repositories_of
from gate.service.auth.principals import Principal, roles_of
from gate.store import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.wrappers import Response

    from gate.ports import Clock
    from gate.service.auth.cookies import Cookies
    from gate.store import Store, Token

IDLE = timedelta(hours=2)
"""Left alone for so long, a session is over."""


class Sessions:
    """Opens, recognises and closes them."""

    def __init__(self, store: Store, clock: Clock, jar: Cookies, public_url: str, length: timedelta) -> None:
        """Take where they are kept, and for how long at most."""
        self._store = store
        self._clock = clock
        self._jar = jar
        self._public_url = public_url
        self._length = length

    def recognise(self) -> Principal | None:
        """Return who has logged in with the browser that asks; None if nobody has, or the session is over.

        Raises:
            Problem: the request would change something, and was not made by our page (403).
        """
        secret = self._jar.read(cookies.SESSION)
        session = self._store.session_of(secret) if secret else None
        if session is None or not session.valid(self._clock.now(), IDLE):
            return None
        roles, repositories = session.roles, session.repositories
        if session.token:
            roles, repositories = session.token.roles, session.token.repositories
        who = Principal(session.name, roles_of(roles), repositories_of(repositories), "session")
        g.principal, g.session = who, secret
        self._check_page(secret)
        with suppress(StoreFault):  # A database that is busy for a while must not keep anybody out.
            self._store.session_seen(secret, session)
        return who

    def lasts(self, secret: str) -> bool:
        """Whether a session that was open is open still.

        Raises:
            StoreFault: the database fails.
        """
        session = self._store.session_of(secret)
        return session is not None and session.valid(self._clock.now(), IDLE)

    def open(self, response: Response, name: str, roles: Iterable[str] = (), token: Token | None = None) -> None:
        """Log somebody in: always with a new secret, whatever the browser brought, and without what it had before.

        Args:
            response: gets the cookie.
            name: of whoever logs in.
            roles: of theirs; with a token, its own count.
            token: they log in with.
        """
        self._forget()
        now, secret = self._clock.now(), secrets.token_urlsafe(32)
        ends = now + self._length
        self._store.open_session(secret, Session(name, tuple(sorted(roles)), None, now, now, ends, token))
        self._jar.write(response, cookies.SESSION, secret, self._length)

    def close(self, response: Response) -> None:
        """Log out."""
        self._forget()
        self._jar.clear(response, cookies.SESSION)

    def _forget(self) -> None:
        if secret := self._jar.read(cookies.SESSION):
            self._store.close_session(secret)

    def _check_page(self, secret: str) -> None:
        if request.method in csrf.SAFE_METHODS:
            return
        detail, hint = "the request does not come from this service's own page", "reload the page and try again"
        if where := csrf.foreign(request, self._public_url):
            raise refused(403, detail, kind="csrf", hint=hint, why=f"{detail} but from {where}")
        if not csrf.has_token(request, secret):
            raise refused(403, detail, kind="csrf", hint=hint, why=f"{detail}: its CSRF token is missing or wrong")
