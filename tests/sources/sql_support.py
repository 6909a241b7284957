"""A table of chats in SQLite and in PostgreSQL, and a source that asks it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from gate.errors import SourceRefused
from gate.model import Fetch, Request
from gate.policy import resolve_secret
from gate.ports import Secret, SourceContext
from gate.sources.sql import Options, Source
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gate.model import Mention

MINUTE = timedelta(minutes=1)
QUERY = (
    "SELECT id, sent_at AS created_at, body AS text, customer AS author FROM chats "
    "WHERE sent_at >= :since AND sent_at < :until ORDER BY sent_at"
)
TEXT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Table:
    """A table ``chats`` in a real database."""

    url: str
    """With the password, where it has one."""
    time_type: str
    times: str
    """The option of that name."""

    def create(self) -> None:
        """Make it."""
        self.run(f"CREATE TABLE chats (id bigint, sent_at {self.time_type}, body text, customer text)")

    def run(self, statement: str, rows: Sequence[dict[str, Any]] = ()) -> None:
        """Change the database, as whoever owns it does."""
        engine = create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(statement), list(rows) or None)

    def write(self, messages: Iterable[tuple[int, datetime, str]]) -> None:
        """Add messages: number, time, words."""
        values = "(:id, :sent_at, :body, 'customer-' || :id)".replace("|| :id", "|| CAST(:id AS text)")
        rows = [{"id": number, "sent_at": self.stored(at), "body": body} for number, at, body in messages]
        self.run(f"INSERT INTO chats VALUES {values}", rows)

    def stored(self, at: datetime) -> datetime | int | str:
        """Return a time as this table keeps it."""
        if self.times == "timestamp":
            return at
        if self.times in {"seconds", "milliseconds"}:
            return int(at.timestamp() * (1 if self.times == "seconds" else 1000))
        return at.astimezone(UTC).strftime(self.times)


def source_of(table: Table, clock: ManualClock | None = None, stream: str = "", **options: object) -> Source:
    """Build a source that asks the table; the URL stands in an environment of its own."""
    environ = {"CHATS_URL": table.url}
    values: dict[str, Any] = {"url": Secret("${CHATS_URL}"), "query": QUERY, "times": table.times, **options}
    context = SourceContext(
        name="sql",
        release="#acme24",
        folder=Path(),
        stream=stream,
        secret=lambda reference: resolve_secret(reference, environ),
        clock=clock or ManualClock(DEPLOY + timedelta(hours=1)),
    )
    return Source(Options(**values), context)


class HurriedClock(ManualClock):
    """A second passes whenever somebody looks at it."""

    def now(self) -> datetime:
        """Return a time that was never returned before."""
        self.time += timedelta(seconds=1)
        return self.time


def ask(
    source: Source,
    since: datetime = DEPLOY,
    until: datetime = DEPLOY + timedelta(hours=1),
    cursor: str | None = None,
    seconds: float = 30,
) -> Fetch:
    """Poll once."""
    return source.fetch(Request(since, until, cursor, timedelta(seconds=seconds)))


def texts(mentions: Iterable[Mention]) -> list[str]:
    """Return what was written."""
    return [mention.text for mention in mentions]


def refusal(source: Source) -> SourceRefused:
    """Return the refusal of the next poll."""
    try:
        ask(source)
    except SourceRefused as fault:
        return fault
    message = "not refused"
    raise AssertionError(message)
