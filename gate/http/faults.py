"""Faults that say enough of themselves for a program to act on: is another try worth it, and when?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.errors import SourceDown

if TYPE_CHECKING:
    from datetime import datetime


class ConnectionFault(SourceDown):
    """No connection, or it broke: the same request may succeed at once."""


class ServerFault(SourceDown):
    """The server says that it is not well; ``until`` is when it wants to be asked again, where it says so."""

    def __init__(self, message: str, *, hint: str = "", until: datetime | None = None) -> None:
        """Take the message, the next step, and the time."""
        super().__init__(message, hint=hint)
        self.until = until


class RateLimited(ServerFault):
    """A rate limit is reached; ``until`` is when it ends, where the server says so."""


class CircuitOpen(SourceDown):
    """Not asked at all: the host failed too often just now."""
