"""Time limits that hold against a server that trickles: for a whole poll, and for one connection."""

from __future__ import annotations

import socket
from contextlib import suppress
from functools import partial
from threading import Timer
from typing import TYPE_CHECKING, Self

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from gate.errors import SourceDown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from urllib3 import HTTPResponse

    from gate.ports import Clock

NEXT_LOOK = "the next look goes on from here"


class DeadlinePassed(SourceDown):
    """The time given to a poll is used up."""


class Deadline:
    """The moment by which a whole poll must be back, however many requests it makes."""

    def __init__(self, clock: Clock, timeout: timedelta) -> None:
        """Start counting now."""
        self._clock = clock
        self._at = clock.now() + timeout

    def seconds_left(self) -> float:
        """Seconds until the deadline.

        Raises:
            DeadlinePassed: there are none.
        """
        left = (self._at - self._clock.now()).total_seconds()
        if left <= 0:
            message = "the time for this poll is used up"
            raise DeadlinePassed(message, hint=NEXT_LOOK)
        return left


class CutOff:
    """Cuts a connection when its time is up: a socket's own timeout starts anew with every byte."""

    def __init__(self, seconds: float, cut: Callable[[], object]) -> None:
        """Call ``cut`` from another thread after that time, unless the block is left before."""
        self.fired = False
        self._cut = cut
        self._timer = Timer(seconds, self._fire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Start counting."""
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop counting."""
        self._timer.cancel()

    def _fire(self) -> None:
        self.fired = True
        with suppress(OSError, ValueError, RuntimeError):
            self._cut()


class HeadersInTime(HTTPConnection):
    """A connection whose status line and headers must be there within the read timeout, all of them."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own does
        """Return the response, its body unread.

        Raises:
            TimeoutError: the headers were not complete in time.
        """
        seconds = self.timeout if isinstance(self.timeout, int | float) else socket.getdefaulttimeout() or 10.0
        # Not the TLS socket's own shutdown: it would take the session away from under the reader.
        cut = CutOff(seconds, partial(socket.socket.shutdown, self.sock, socket.SHUT_RDWR))
        response: HTTPResponse | None = None
        try:
            with cut:
                response = super().getresponse()
        except Exception:
            if not cut.fired:
                raise
        if response is None or cut.fired:
            # Headers that end with the connection look whole: only the clock knows that they are not.
            if response:
                response.close()
            raise TimeoutError
        return response


class TLSHeadersInTime(HeadersInTime, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = HeadersInTime


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = TLSHeadersInTime


POOLS = {"http": _Pool, "https": _TLSPool}
"""Connection pools by scheme, for a urllib3 pool manager."""
