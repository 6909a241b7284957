"""Time limits that hold against a server that trickles: for a whole poll, and for one connection."""

from __future__ import annotations

import socket
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError

from gate.errors import Cancelled, SourceDown
from gate.http.stopping import CutOff, go_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from urllib3 import HTTPResponse

    from gate.ports import Clock

NEXT_LOOK = "the next look goes on from here"
QUERY = "\0query"
"""Name, impossible in HTTP, under which a secret part of the query travels beside the headers as far as the wire."""


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


class Connecting:
    """Connects in a thread of its own: the resolver knows no time limit, and each address of a host has one anew."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        """Take what connects."""
        self._connect = connect
        self._over = Event()
        self._lock = Lock()
        self._left = False
        self._made: socket.socket | None = None
        self._error: Exception | None = None

    def within(self, seconds: float) -> socket.socket | None:
        """Return the socket; None if it did not stand in time.

        Raises:
            Cancelled: the process was told to stop.
        """
        Thread(target=self._run, daemon=True).start()
        try:
            with CutOff(seconds, self._over.set):
                self._over.wait()
            go_on()
            with self._lock:
                self._left = True
                made, error = self._made, self._error
        except BaseException:
            self._leave()
            raise
        if error:
            raise error
        return made

    def _run(self) -> None:
        try:
            made = self._connect()
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            self._error = error
        else:
            with self._lock:
                if self._left:
                    made.close()
                else:
                    self._made = made
        finally:
            self._over.set()

    def _leave(self) -> None:
        with self._lock:
            self._left = True
            if self._made:
                self._made.close()


class InTime(HTTPConnection):
    """A connection that must stand, and whose status line and headers must be there, within its timeouts."""

    def _new_conn(self) -> socket.socket:
        made = Connecting(self._reached).within(self._seconds())
        if made is None:
            message = "no connection in time"
            raise ConnectTimeoutError(self, message)
        return made

    def _reached(self) -> socket.socket:
        return super()._new_conn()

    def connect(self) -> None:
        """Connect; over TLS, shake hands as well.

        Raises:
            TimeoutError: it took too long.
            Cancelled: the process was told to stop.
        """
        cut = CutOff(self._seconds(), self._shut)
        try:
            with cut:
                super().connect()
        except Exception as error:
            if not cut.fired or isinstance(error, Cancelled):
                raise
            go_on()
            raise TimeoutError from None

    def request(  # type: ignore[override]  # as urllib3's own does
        self, method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None, **options: object
    ) -> None:
        """Send a request, with what must not be logged put into the query only here."""
        sent = dict(headers or {})
        if secret := sent.pop(QUERY, ""):
            url += ("&" if "?" in url else "?") + secret
        super().request(method, url, body=body, headers=sent, **options)  # type: ignore[arg-type]  # handed through

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own does
        """Return the response, its body unread.

        Raises:
            TimeoutError: the headers were not complete in time.
            Cancelled: the process was told to stop.
        """
        cut = CutOff(self._seconds(), self._shut)
        response: HTTPResponse | None = None
        try:
            with cut:
                response = super().getresponse()
        except Exception as error:
            if not cut.fired or isinstance(error, Cancelled):
                raise
        if response is None or cut.fired:
            # Headers that end with the connection look whole: only the clock knows that they are not.
            if response:
                response.close()
            go_on()
            raise TimeoutError
        return response

    def _seconds(self) -> float:
        return self.timeout if isinstance(self.timeout, int | float) else socket.getdefaulttimeout() or 10.0

    def _shut(self) -> None:
        # Not the TLS socket's own shutdown: it would take the session away from under the reader.
        if self.sock is not None:
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class TLSInTime(InTime, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = InTime


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = TLSInTime


POOLS = {"http": _Pool, "https": _TLSPool}
"""Connection pools by scheme, for a urllib3 pool manager."""
