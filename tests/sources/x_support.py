"""A source for X on a look-alike or a scripted server, with a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.errors import SourceRefused
from gate.model import Fetch, Request
from gate.ports import SourceContext
from gate.sources.x import Options, Source
from tests.servers.x_api import TOKEN
from tests.support import ManualClock

if TYPE_CHECKING:
    from tests.servers.http_server import Server

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
LIVE = NOW - timedelta(seconds=30)
"""X hands out posts up to here."""


BEGIN = NOW - timedelta(minutes=30)


def minutes(number: float) -> timedelta:
    """Shorten what the tests say often."""
    return timedelta(minutes=number)


def source_at(server: Server | str, clock: ManualClock | None = None, **options: Any) -> Source:  # noqa: ANN401
    """Build a source that asks the server, for posts with "acme24" unless told otherwise."""
    url = server if isinstance(server, str) else server.url
    chosen = {"query": "acme24", "probe": False, "base_url": url, **options}
    secret = chosen.pop("secret", _secret)
    context = SourceContext("x", "#acme24", Path(), "", secret, clock or ManualClock(NOW))
    return Source(Options(**chosen), context)


def ask(
    source: Source,
    cursor: str | None = None,
    *,
    since: datetime = BEGIN,
    until: datetime = NOW,
    timeout: timedelta = timedelta(seconds=5),
) -> Fetch:
    """Poll once."""
    return source.fetch(Request(since, until, cursor, timeout))


def _secret(reference: str) -> str:
    if reference == "${X_BEARER_TOKEN}":
        return TOKEN
    message = f"{reference} is not set"
    raise SourceRefused(message, hint="set it in the environment")
