"""What users may write under ``type: sql``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from gate.ports import Secret
from gate.records import check_columns, zone
from gate.sources.sql.stamps import TIMESTAMP, check_times
from gate.sources.sql.statement import check_query

MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """What users write below ``type: sql``."""

    url: Secret | str
    """SQLAlchemy URL of the database, e.g. ``sqlite:///chats.db`` (from the policy's folder); one with a password
    stands in the environment, as ``${NAME}``."""
    query: str
    """One SELECT that returns ``id``, ``created_at``, ``text`` and any other field of a mention, for times from
    ``:since`` to before ``:until``. With ``ORDER BY created_at`` at its end long results are read in parts."""
    columns: dict[str, str] = field(default_factory=dict)
    """Our field and the name of the column that holds it, where the two differ."""
    times: str = TIMESTAMP
    """How the table keeps times: ``timestamp`` (a type of the database), ``seconds`` or ``milliseconds`` since 1970, or
    for text its format, e.g. ``"%Y-%m-%dT%H:%M:%SZ"``."""
    timezone: str | None = None
    """Of times that carry none, e.g. Europe/Berlin or +02:00; without it such rows are unreadable."""
    delay: timedelta = timedelta(seconds=30)
    """How long after a mention was written its row may appear; each poll looks back that far."""
    max_rows: int = 10_000
    """Mentions delivered by one poll; what is left is read by the next poll."""

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: the message is for people, and never holds the URL.
        """
        if problem := _url_problem(self.url):
            raise ValueError(problem)
        check_query(self.query)
        check_columns(self.columns)
        check_times(self.times)
        if self.timezone is not None:
            zone(self.timezone)
        if self.times == TIMESTAMP and self.url.startswith("sqlite"):
            message = (
                "times: SQLite has no type for times; write seconds, milliseconds, or the format of the text, "
                "e.g. '%Y-%m-%d %H:%M:%S'"
            )
            raise ValueError(message)
        if self.delay < timedelta(0):
            message = "delay must not be below 0"
            raise ValueError(message)
        if not 1 <= self.max_rows <= MOST_ROWS:
            message = f"max_rows must be 1 to {MOST_ROWS:,}"
            raise ValueError(message)


def _url_problem(url: str) -> str:
    if url.startswith("${"):
        return ""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return "url cannot be read; write e.g. sqlite:///chats.db or postgresql://reader@db/chats"
    if password or "password" in parts.query.casefold():
        return "url: a password in the file is refused; put the whole URL into the environment and its name here"
    return "" if parts.scheme and "://" in url else "url must be one of SQLAlchemy's, e.g. sqlite:///chats.db"
