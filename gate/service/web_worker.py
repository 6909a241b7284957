"""A process of the web server that slow callers cannot hold up.

gunicorn's threads read a request as slowly as it comes: as many connections as there are threads, each sending a byte
now and then, and nobody else is answered (slow-loris). Here a connection gets a thread once its header is there as a
whole, and has so many seconds for the rest.
"""

from __future__ import annotations

import logging
import socket
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers import gthread

from gate.service.stopping import STOPPING

HEADER_SECONDS = 5.0
"""For the header of a request."""
READ_SECONDS = 30.0
"""For a request as a whole; then nothing more is read from that connection, while the answer may still be sent."""
DRAIN_SECONDS = 1.0
"""For the rest of a request that was answered without reading it."""
LARGEST_HEADER = 65_536
LOOK_AGAIN = 0.2
ALIVE_EVERY = 1.0
"""Seconds; who is silent for 30 is killed and replaced."""

_LOG = logging.getLogger("gate.service.web")


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """gunicorn's threads, with patience that ends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's own
        """Hold no connection yet."""
        super().__init__(*args, **kwargs)
        self._slow: dict[Any, float] = {}
        self._reading: dict[Any, float] = {}
        self._look_again = 0.0
        self._say_alive_at = 0.0

    def handle_exit(self, sig: Any, frame: Any) -> None:  # noqa: ANN401
        """End event streams, too, when told to stop."""
        STOPPING.set()
        super().handle_exit(sig, frame)

    def notify(self) -> None:
        """Say to gunicorn that the process is alive, once a second: it would do so several times a request."""
        now = time.monotonic()
        if now >= self._say_alive_at:
            self._say_alive_at = now + ALIVE_EVERY
            super().notify()

    def enqueue_req(self, conn: Any) -> None:  # noqa: ANN401
        """Give a connection a thread once its header is there."""
        match _header(conn):
            case True:
                self._slow.pop(conn, None)
                self._reading[conn] = time.monotonic() + READ_SECONDS
                super().enqueue_req(conn)
            case False:
                # Readable all the time, so that waiting for it in the poller would not wait.
                self._slow.setdefault(conn, time.monotonic() + HEADER_SECONDS)
            case None:
                conn.sock.setblocking(False)  # noqa: FBT003 - a socket's own
                conn.timeout = time.monotonic() + self.cfg.keepalive
                self.pending_conns.append(conn)
                self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def finish_request(self, conn: Any, fs: Any) -> None:  # noqa: ANN401
        """Forget when its reading was to end."""
        self._reading.pop(conn, None)
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Look after slow connections; gunicorn calls it at least once a second."""
        super().murder_pending()
        now = time.monotonic()
        if now < self._look_again:
            return
        self._look_again = now + LOOK_AGAIN
        for conn, until in list(self._slow.items()):
            if now >= until or not self.alive:
                del self._slow[conn]
                self.nr_conns -= 1
                _LOG.warning("a connection was closed that did not send its request", extra=_about(conn))
                conn.close()
            else:
                self.enqueue_req(conn)
        for conn, until in list(self._reading.items()):
            if now >= until:
                del self._reading[conn]
                _stop_reading(conn)

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:  # noqa: ANN401
        """Say whether the connection can be used again; what was not read is waited for a moment only."""
        return bool(keepalive) and bool(conn.parser.finish_body(deadline=time.monotonic() + DRAIN_SECONDS))


def _header(conn: Any) -> bool | None:  # noqa: ANN401
    """Whether a whole header is there; None if nothing is."""
    if conn.is_http2 or (conn.parser is not None and conn.parser.unreader.buf.getvalue()):
        return True
    try:
        data = conn.sock.recv(LARGEST_HEADER, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return True  # The thread finds out what it is.
    return not data or b"\r\n\r\n" in data or len(data) == LARGEST_HEADER


def _stop_reading(conn: Any) -> None:  # noqa: ANN401
    try:
        conn.sock.shutdown(socket.SHUT_RD)
    except OSError:
        return  # Gone already.


def _about(conn: Any) -> dict[str, str]:  # noqa: ANN401
    return {"address": str(conn.client[0] if isinstance(conn.client, tuple) and conn.client else "")}
