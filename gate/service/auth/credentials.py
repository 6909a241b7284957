"""What comes in the ``Authorization`` header, and whose it is."""

from __future__ import annotations

from base64 import b64decode
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from gate.errors import StoreFault
from gate.service.auth.audit import unauthorized
from gate.service.auth.principals import Principal, roles_of
from gate.store.token_text import PREFIX, hash_of, well_formed

if TYPE_CHECKING:
    from datetime import datetime

    from gate.ports import Clock
    from gate.store import Store, Token

LONGEST = 16 * 1024
"""Characters of a header: GitHub's tokens have about 2,000."""
REMEMBERED = timedelta(seconds=1)
"""So long a token is taken for what it was: one that is revoked is refused after that at the latest."""
MOST_KNOWN = 1_000
_JWT_DOTS = 2


def presented(header: str) -> str | None:
    """Return the token in the header; None if it is of no kind we know.

    ``Bearer``; ``Basic`` with the token as password, as a generic service connection of Azure Pipelines sends it; or the
    token alone, as Azure's token scheme does.
    """
    scheme, _, rest = header.strip().partition(" ")
    match scheme.lower():
        case "bearer" | "token":
            return rest.strip()
        case "basic":
            try:
                user, _, password = b64decode(rest.strip(), validate=True).decode().partition(":")
            except ValueError:
                return None
            return password or user
    return None if rest else scheme


class Trust(Protocol):
    """Knows tokens that somebody else signs."""

    def principal(self, token: str) -> Principal:
        """Return whose it is.

        Raises:
            Problem: nobody's (401), or of somebody who is not let in (403).
        """


class Credentials:
    """Tells whose a token is."""

    def __init__(self, store: Store, clock: Clock, github: Trust | None) -> None:
        """Take where tokens are remembered, and who is trusted beside them."""
        self._store = store
        self._clock = clock
        self._github = github
        self._known: dict[str, tuple[Token, datetime]] = {}

    def principal(self, header: str) -> Principal:
        """Return whose the header is.

        Raises:
            Problem: nobody's (401).
        """
        token = presented(header) if len(header) <= LONGEST else None
        if token is None:
            detail = "the Authorization header is not one this service knows"
            raise unauthorized(detail)
        if token.count(".") == _JWT_DOTS and not token.startswith(PREFIX):
            if self._github is None:
                detail = "this service trusts no workflow's token: none is configured"
                raise unauthorized(detail)
            return self._github.principal(token)
        found = self.token(token)
        return Principal(found.name, roles_of(found.roles), repositories_of(found.repositories), "token")

    def lasts(self, header: str) -> bool:
        """Whether a header that was right is right still; a workflow's token lives minutes, and nobody can revoke it.

        Raises:
            StoreFault: the database fails.
        """
        token = presented(header) or ""
        if token.count(".") == _JWT_DOTS and not token.startswith(PREFIX):
            return True
        found = self._store.token_of(token)
        return found is not None and not found.fault(self._clock.now())

    def token(self, secret: str) -> Token:
        """Return what is known of a valid token of ours, and note that it was used.

        Raises:
            Problem: it is none, was revoked or has expired (401).
        """
        # The same words for whatever is wrong: they help nobody but whoever tries tokens. The log says more.
        detail = "the token is not valid"
        if not well_formed(secret):
            raise unauthorized(detail, why="the token is malformed")
        found = self._found(secret)
        if found is None:
            raise unauthorized(detail, why="there is no such token")
        if fault := found.fault(self._clock.now()):
            raise unauthorized(detail, why=f"the token {found.name!r} {fault}")
        return found

    def _found(self, secret: str) -> Token | None:
        """Return what is known of a token, as of now or of a moment ago, and note that a valid one was used."""
        key, now = hash_of(secret), self._clock.now()
        known, until = self._known.get(key, (None, now))
        if known and now < until:
            return known
        found = self._store.token_of(secret)
        if found and not found.fault(now):
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = found, now + REMEMBERED
            with suppress(StoreFault):  # A database that is busy for a while must not keep anybody out.
                self._store.token_used(found)
        return found


def repositories_of(names: tuple[str, ...] | None) -> frozenset[str] | None:
    """Return them as a set; None for all."""
    return None if names is None else frozenset(names)
