"""Tokens that programs and people show to the service."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select, update

from gate.canonical import rfc3339
from gate.errors import UsageFault
from gate.store.access_tables import sessions, tokens
from gate.store.opened import Opened, upserting
from gate.store.rows import storable
from gate.store.token_text import hash_of, new_token

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_NAME = 100
LAST_USE = timedelta(minutes=1)
"""To that the last use is known: finer would write a row a request."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; never the token itself."""

    id: str
    name: str
    """No other token has or had it, so that logs are unambiguous."""
    roles: tuple[str, ...]
    repositories: tuple[str, ...] | None
    """Labels of the runs it is for; None for all."""
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    used_at: datetime | None

    def fault(self, now: datetime) -> str:
        """Say why it is not valid any more; empty if it is."""
        if self.revoked_at:
            return "was revoked"
        return "has expired" if self.expires_at and self.expires_at <= now else ""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be made."""

    name: str
    roles: Sequence[str]
    repositories: Sequence[str] | None = None
    expires_at: datetime | None = None
    by: str = ""
    """Who makes it, for the list."""

    def __post_init__(self) -> None:
        """Refuse what nobody could tell from other tokens in a log, or could not use.

        Raises:
            UsageFault: the name, the roles or the repositories are no good.
        """
        if not (self.name.isprintable() and 0 < len(self.name.strip()) == len(self.name) <= LONGEST_NAME):
            message = f"a token's name has 1 to {LONGEST_NAME} printable characters, and no space around them"
            raise UsageFault(message, hint="name it for who uses it, e.g. acme-app-pipeline")
        if not self.roles or (self.repositories is not None and not all(self.repositories)):
            message = "a token needs a role, and a repository's name must not be empty"
            raise UsageFault(message, hint="e.g. --role run --repository acme/app")


class Tokens(Opened):
    """The list of tokens."""

    def issue_token(self, new: NewToken) -> tuple[Token, str]:
        """Make a token; the second value is the secret, which cannot be had again.

        Raises:
            UsageFault: there is or was one of that name.
        """
        secret, row = self._made(new)
        with self._writing() as connection:
            if connection.execute(select(tokens.c.id).where(tokens.c.name == row["name"])).first():
                message = f"there is or was a token {new.name!r}"
                raise UsageFault(message, hint="take another name: in logs it must mean one token")
            connection.execute(insert(tokens).values(row))
        return token_in(row), secret

    def issue_first_token(self, new: NewToken) -> str | None:
        """Make a token if there never was one, and return its secret; None where there was."""
        secret, row = self._made(new)
        with self._writing() as connection:
            if connection.execute(select(func.count()).select_from(tokens)).scalar():
                return None
            # Another process may be doing the same; whoever comes second finds the name taken.
            made = connection.execute(upserting(connection, tokens).values(row).on_conflict_do_nothing()).rowcount
        return secret if made else None

    def token_of(self, secret: str) -> Token | None:
        """Return what is known of a token, valid or not; None if there never was such a token."""
        rows = self._rows(select(tokens).where(tokens.c.hash == hash_of(secret)))
        return token_in(rows[0]) if rows else None

    def token_used(self, token: Token) -> None:
        """Record that it was used now, if that is news."""
        now = self._clock.now()
        if token.used_at and now - token.used_at < LAST_USE:
            return
        with self._writing() as connection:
            connection.execute(update(tokens).where(tokens.c.id == token.id).values(used_at=rfc3339(now)))

    def tokens(self) -> list[Token]:
        """Return all there are and were, oldest first."""
        return [token_in(row) for row in self._rows(select(tokens).order_by(tokens.c.created_at, tokens.c.id))]

    def revoke_token(self, reference: str, by: str) -> Token:
        """End a token, and every session that was opened with it, at once.

        Args:
            reference: its id or its name.
            by: who says so.

        Raises:
            UsageFault: there is none.
        """
        with self._writing() as connection:
            meant = or_(tokens.c.id == reference, tokens.c.name == reference)
            row = connection.execute(select(tokens).where(meant).with_for_update()).first()
            if row is None:
                message = f"there is no token {reference!r}"
                raise UsageFault(message, hint="gate token list shows them")
            values = row._asdict()
            if not values["revoked_at"]:
                values |= {"revoked_at": rfc3339(self._clock.now()), "revoked_by": storable(by)}
                ended = {name: values[name] for name in ("revoked_at", "revoked_by")}
                connection.execute(update(tokens).where(tokens.c.id == values["id"]).values(ended))
            connection.execute(delete(sessions).where(sessions.c.token_id == values["id"]))
        return token_in(values)

    def _made(self, new: NewToken) -> tuple[str, dict[str, Any]]:
        secret = new_token()
        return secret, {
            "id": secrets.token_hex(4),
            "name": storable(new.name),
            "hash": hash_of(secret),
            "roles": " ".join(new.roles),
            "repositories": written(new.repositories),
            "created_at": rfc3339(self._clock.now()),
            "created_by": storable(new.by),
            "expires_at": rfc3339(new.expires_at) if new.expires_at else None,
            "revoked_at": None,
            "revoked_by": None,
            "used_at": None,
        }


def written(repositories: Sequence[str] | None) -> str | None:
    """Return how a list of repositories stands in a row."""
    return None if repositories is None else json.dumps([storable(each) for each in repositories])


def read(repositories: str | None) -> tuple[str, ...] | None:
    """Return the list of repositories in a row."""
    return None if repositories is None else tuple(json.loads(repositories))


def token_in(row: dict[str, Any]) -> Token:
    """Return the token of a row."""
    times = {name: _moment(row[name]) for name in ("expires_at", "revoked_at", "used_at")}
    return Token(
        id=row["id"],
        name=row["name"],
        roles=tuple(row["roles"].split()),
        repositories=read(row["repositories"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        created_by=row["created_by"],
        revoked_by=row["revoked_by"],
        **times,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
