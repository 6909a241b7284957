"""The network's stream, read in a thread of its own: nothing that is wanted is missed between two polls.

With ``websockets``: it has a client for threads, types, proxies and keepalive pings, no dependencies, and a server for
the tests; ``websocket-client`` has neither types nor a server.
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from requests.utils import get_environ_proxies

from gate import __version__
from gate.errors import SourceDown, SourceFault, SourceRefused
from gate.http.reaching import reach_public
from gate.http.stopping import CutOff, go_on
from gate.sources.bluesky.posts import COLLECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from websockets.sync.client import ClientConnection

    from gate.ports import Clock
    from gate.sources.bluesky.buffer import Buffer

REWIND = timedelta(seconds=5)
"""A connection begins this far before the last event: Jetstream does not promise that nothing is missed otherwise."""
BEHIND = timedelta(seconds=10)
"""An event older than this means that the stream is still played from the past."""
IDLE = 0.1
"""Seconds without an event after which everything that was sent is here."""
QUIET = 10
"""So many of them in a row, and there is nothing more from the past."""
QUEUE = 32
"""More events than the library holds back: with so many more, all that were here before are read."""
FIRST_REST, LONGEST_REST = 0.5, 30.0
CONNECT = 5.0
"""Seconds until the connection stands."""
LEAVE = 0.5
"""Seconds the thread has to end."""
MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(at: datetime) -> int:
    """Return a time as the stream counts it."""
    return (at - _EPOCH) // MICROSECOND


class Reader:
    """Reads on from a place until it is closed, and connects again whenever the connection breaks."""

    def __init__(self, address: str, buffer: Buffer, clock: Clock, *, public_only: bool = False) -> None:
        """Start reading where the buffer ends.

        Raises:
            SourceRefused: the package it needs is not installed.
        """
        self.fault: SourceFault | None = None
        """Why there is no connection at present."""
        self._address = address
        self._public_only = public_only
        self._buffer = buffer
        self._clock = clock
        self._changed = buffer.changed
        self._over = Event()
        self._level = False
        self._turns = 0
        self._connection: ClientConnection | None = None
        self._connect = _library()
        self._thread = Thread(target=self._run, name="jetstream", daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        """Whose stream it is."""
        return urlsplit(self._address).netloc

    def settle(self, seconds: float) -> str:
        """Wait until all that the stream has sent is read; return why it is not, empty if it is.

        Raises:
            Cancelled: the process was told to stop.
        """
        cut = CutOff(seconds, self._wake)
        with cut:
            there = self._await(lambda: self._level, cut) and self._drained(cut)
        go_on()
        if there:
            return ""
        if self.fault:
            return f"{self.fault.message}; the next look goes on from {self._buffer.reached:%H:%M:%S} UTC"
        if self._buffer.full:
            return "more was written than one poll can take; the next one goes on from there"
        if self._level:
            return f"{self.host} gave no sign of life in time"
        return f"the stream is still played from the past; it has come to {self._buffer.reached:%Y-%m-%d %H:%M:%S} UTC"

    def close(self) -> None:
        """Stop reading, at once."""
        self._over.set()
        self._wake()
        if (connection := self._connection) is not None:
            # Not by shaking hands: whoever does not answer would be waited for.
            with suppress(OSError):
                socket.socket.shutdown(connection.socket, socket.SHUT_RDWR)
        self._thread.join(LEAVE)

    def _await(self, there: Callable[[], bool], cut: CutOff) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: cut.fired or there() or bool(self.fault) or self._buffer.full)
            return there() and not self.fault and not self._buffer.full

    def _drained(self, cut: CutOff) -> bool:
        """Ask the server for a sign of life, and read all that it sent before that."""
        connection = self._connection
        if connection is None:
            return False
        try:
            answered = connection.ping()
        except Exception:  # noqa: BLE001 - whatever broke it, the thread that reads finds out
            return False
        while not answered.wait(IDLE):
            if cut.fired or self.fault or self._over.is_set():
                return False
        turn = self._turns
        return self._await(lambda: self._turns > turn, cut)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        rest = FIRST_REST
        while not self._over.is_set():
            before = self._buffer.at
            try:
                self._read()
            except SourceFault as fault:
                self._broke(fault)
            except Exception as error:  # noqa: BLE001 - a thread that dies silently would look like silence
                self._broke(self._named(error))
            if self._buffer.full:
                self._buffer.await_room(self._over)
                continue
            rest = FIRST_REST if self._buffer.at > before else min(2 * rest, LONGEST_REST)
            self._over.wait(rest)

    def _broke(self, fault: SourceFault) -> None:
        with self._changed:
            self._connection, self._level, self.fault = None, False, fault
            self._changed.notify_all()

    def _read(self) -> None:
        start = self._buffer.at - REWIND // MICROSECOND
        query = urlencode({"wantedCollections": COLLECTION, "cursor": start})
        how = _settings(self._address, public_only=self._public_only)
        with self._connect(f"{self._address}?{query}", **how) as connection:
            with self._changed:
                self._connection, self._level, self.fault = connection, False, None
            quiet = count = 0
            while not (self._over.is_set() or self._buffer.full):
                try:
                    text = connection.recv(timeout=IDLE)
                except TimeoutError:
                    quiet += 1
                    self._turn(level=quiet >= QUIET)
                    continue
                quiet, count = 0, count + 1
                at = self._buffer.take_in(text)
                live = at is not None and at >= microseconds(self._clock.now() - BEHIND)
                if count % QUEUE == 0 or (live and not self._level):
                    self._turn(level=live)
        with self._changed:
            self._connection, self._level = None, False

    def _turn(self, *, level: bool) -> None:
        with self._changed:
            self._turns += 1
            self._level = self._level or level
            self._changed.notify_all()

    def _named(self, error: Exception) -> SourceFault:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if isinstance(status, int) and status in {400, 401, 403, 404, 410}:
            message = f"{self.host} does not give the stream ({status})"
            return SourceRefused(message, hint="check jetstream: its path is usually /subscribe")
        said = f"status {status}" if status else type(error).__name__
        return SourceDown(f"no stream from {self.host} ({said})", hint="check the network; the next look tries again")


def _settings(address: str, *, public_only: bool) -> Mapping[str, Any]:
    # Certificates as for every other source.
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    settings: dict[str, Any] = {"open_timeout": CONNECT, "close_timeout": LEAVE,
                                "user_agent_header": f"sentiment-gate/{__version__}"}  # fmt: skip
    url = urlsplit(address)
    if url.scheme == "wss":
        settings["ssl"] = ssl.create_default_context(cafile=bundle)
    if public_only and not get_environ_proxies(address.replace("ws", "http", 1)):
        settings["sock"] = reach_public(url.hostname or "", url.port or (443 if url.scheme == "wss" else 80), CONNECT)
    return settings


def _library() -> Callable[..., ClientConnection]:
    try:
        from websockets.sync.client import connect
    except ImportError:
        message = "the stream needs the package websockets"
        raise SourceRefused(message, hint='pip install "sentiment-gate[bluesky]"') from None
    return connect
