"""Sessions of the page, and logins on their way to a provider and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from gate.canonical import rfc3339
from gate.store.access_tables import logins, sessions, tokens
from gate.store.database import faults
from gate.store.opened import Opened, fetch
from gate.store.rows import storable
from gate.store.token_text import hash_of
from gate.store.tokens import read, token_in, written

if TYPE_CHECKING:
    from gate.store.tokens import Token

LAST_SEEN = timedelta(minutes=1)
"""To that it is known when a session was last used: finer would write a row a request."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has logged in."""

    name: str
    roles: tuple[str, ...]
    repositories: tuple[str, ...] | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    token: Token | None = None
    """They logged in with; the session is worth what it is worth."""

    def valid(self, now: datetime, idle: timedelta) -> bool:
        """Whether it holds: neither over, nor left alone for too long, nor its token revoked."""
        alive = now < self.expires_at and now - self.seen_at < idle
        return alive and not (self.token and self.token.fault(now))


@dataclass(frozen=True, slots=True)
class Login:
    """A login that was sent to a provider."""

    browser: str
    """Hash of the cookie of the browser that was sent there."""
    nonce: str
    verifier: str
    """Of PKCE (RFC 7636)."""
    next: str
    expires_at: datetime


class Sessions(Opened):
    """Who has logged in. Secrets are given as they are and kept as hashes."""

    def open_session(self, secret: str, session: Session) -> None:
        """Begin a session; those that are over are forgotten."""
        row = {
            "hash": hash_of(secret),
            "token_id": session.token.id if session.token else None,
            "name": storable(session.name),
            "roles": " ".join(session.roles),
            "repositories": written(session.repositories),
            "created_at": rfc3339(session.created_at),
            "seen_at": rfc3339(session.seen_at),
            "expires_at": rfc3339(session.expires_at),
        }
        with self._writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_at < rfc3339(self._clock.now())))
            connection.execute(insert(sessions).values(row))

    def session_of(self, secret: str) -> Session | None:
        """Return the session, over or not; None if there is none."""
        with faults(self._url), self._engine.begin() as connection:
            rows = fetch(connection, select(sessions).where(sessions.c.hash == hash_of(secret)))
            mine = rows[0]["token_id"] if rows else None
            opened_by = fetch(connection, select(tokens).where(tokens.c.id == mine)) if mine else []
        if not rows:
            return None
        row = rows[0]
        return Session(
            name=row["name"],
            roles=tuple(row["roles"].split()),
            repositories=read(row["repositories"]),
            created_at=datetime.fromisoformat(row["created_at"]),
            seen_at=datetime.fromisoformat(row["seen_at"]),
            expires_at=datetime.fromisoformat(row["expires_at"]),
            token=token_in(opened_by[0]) if opened_by else None,
        )

    def session_seen(self, secret: str, session: Session) -> None:
        """Record that it was used now, if that is news."""
        now = self._clock.now()
        if now - session.seen_at < LAST_SEEN:
            return
        with self._writing() as connection:
            mine = sessions.c.hash == hash_of(secret)
            connection.execute(update(sessions).where(mine).values(seen_at=rfc3339(now)))

    def close_session(self, secret: str) -> None:
        """End it."""
        with self._writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.hash == hash_of(secret)))

    def begin_login(self, state: str, login: Login) -> None:
        """Remember a login that is sent to a provider; those that never came back are forgotten."""
        row = {
            "hash": hash_of(state),
            "browser": login.browser,
            "nonce": login.nonce,
            "verifier": login.verifier,
            "next": storable(login.next),
            "expires_at": rfc3339(login.expires_at),
        }
        with self._writing() as connection:
            connection.execute(delete(logins).where(logins.c.expires_at < rfc3339(self._clock.now())))
            connection.execute(insert(logins).values(row))

    def take_login(self, state: str) -> Login | None:
        """Return the login that comes back with this state, once; None if there is none, or it took too long."""
        with self._writing() as connection:
            mine = logins.c.hash == hash_of(state)
            found = fetch(connection, select(logins).where(mine))
            # Of two that come at the same time only one removes the row.
            if not found or connection.execute(delete(logins).where(mine)).rowcount != 1:
                return None
        row = found[0]
        ends = datetime.fromisoformat(row["expires_at"])
        if ends <= self._clock.now():
            return None
        return Login(row["browser"], row["nonce"], row["verifier"], row["next"], ends)
