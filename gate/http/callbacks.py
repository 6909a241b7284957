"""Sends messages to addresses that came from somebody else, without becoming their way into the network it stands in.

The connection goes to an address that was checked (``gate.http.reaching``). No redirect is followed, no proxy is used, of
the answer only the status counts, and everything has a time limit.
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from gate.errors import SourceDown, SourceRefused
from gate.http.deadline import Connecting
from gate.http.destinations import aim
from gate.http.reaching import reach
from gate.http.stopping import CutOff, go_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.http.destinations import Destination
    from gate.http.reaching import Resolve

ATTEMPT = timedelta(seconds=10)
"""One attempt, from the first question about its name to the status."""
MOST_READ = 64 * 1024
"""Bytes of the answer that are taken off the line before it is hung up; nobody reads them."""
PATIENT = frozenset({408, 421, 425, 429})
"""Refusals that are none: not now."""


class Sender:
    """Sends messages, each once; see ``gate.runs.delivering.Deliver``."""

    def __init__(self, resolve: Resolve = socket.getaddrinfo, trust: ssl.SSLContext | None = None) -> None:
        """Take what looks names up, and which certificates to trust; without, those that sources trust."""
        self._resolve = resolve
        self._given = trust

    def __call__(
        self, url: str, body: bytes, headers: Mapping[str, str], allowed: Sequence[str], within: timedelta = ATTEMPT
    ) -> None:
        """Send it, and return when the receiver said 2xx.

        Raises:
            SourceRefused: it may not be sent there, or the receiver said no for good.
            SourceDown: the receiver did not say that it has it.
            UsageFault: one of the allowed hosts cannot be read.
            Cancelled: the process was told to stop.
        """
        target = aim(url, allowed)
        status = self._exchange(target, body, headers, min(within, ATTEMPT).total_seconds())
        if not 200 <= status < 300:  # noqa: PLR2004
            _refused(target, status)

    def _exchange(self, target: Destination, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
        trust = self._trust if target.scheme == "https" else None
        connection = _Connection(target, seconds, self._resolve, trust)
        cut = CutOff(seconds, connection.cut)
        try:
            with cut:
                connection.request("POST", target.path, body, {"user-agent": "sentiment-gate", **headers})
                response = connection.getresponse()
                if not cut.fired:  # Headers that end with the connection look whole.
                    with suppress(OSError, HTTPException):
                        response.read(MOST_READ)
                    return response.status
        except (OSError, HTTPException, UnicodeError) as error:  # A name with a part that is empty, or too long.
            if not cut.fired:
                message = f"{target.host}: {_why(error)}"
                raise SourceDown(message, hint="it is tried again") from None
        finally:
            connection.close()
        go_on()
        message = f"{target.host}: no answer in time"
        raise SourceDown(message, hint="it is tried again")

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        if self._given:
            return self._given
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
        folder = Path(bundle).is_dir()
        return ssl.create_default_context(cafile=None if folder else bundle, capath=bundle if folder else None)


deliver = Sender()


class _Connection(HTTPConnection):
    """A connection to an address that was checked."""

    def __init__(self, target: Destination, seconds: float, resolve: Resolve, trust: ssl.SSLContext | None) -> None:
        host = f"[{target.host}]" if ":" in target.host else target.host
        super().__init__(host, target.port, timeout=seconds)
        self._target = target
        self._seconds = seconds
        self._resolve = resolve
        self._trusted = trust
        # What Host: leaves out for the scheme's own port.
        self.default_port = 443 if trust else 80

    def connect(self) -> None:
        """Connect; over TLS, shake hands as well."""
        made = Connecting(self._reach).within(self._seconds)
        if made is None:
            raise TimeoutError
        self.sock = made
        if self._trusted:
            # Not in one step with the handshake: it could not be cut off meanwhile.
            secured = self._trusted.wrap_socket(made, server_hostname=self._target.host, do_handshake_on_connect=False)
            self.sock = secured
            secured.do_handshake()

    def cut(self) -> None:
        """Hang up, from any thread."""
        if self.sock is not None:
            # Not the TLS socket's own shutdown: it would take the session away from under the reader.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _reach(self) -> socket.socket:
        target = self._target
        hint = f"if it is meant, allow it with its network: {target.host}=NETWORK"
        return reach(target.host, target.port, self._seconds, admits=target.admits, hint=hint, resolve=self._resolve)


def _refused(target: Destination, status: int) -> None:
    message = f"{target.host}: the receiver answered {status}"
    if 300 <= status < 400:  # noqa: PLR2004
        message += ", a redirect: not followed"
        raise SourceRefused(message, hint="name the address it leads to")
    if 400 <= status < 500 and status not in PATIENT:  # noqa: PLR2004
        raise SourceRefused(message, hint="mend the receiver; how the run ended is in its log")
    raise SourceDown(message, hint="it is tried again")


def _why(error: Exception) -> str:
    # Our own words: what the other side sent does not belong into log and run log.
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (ssl.SSLCertVerificationError, "its TLS certificate is not trusted, or another host's"),
        (ssl.SSLError, "no TLS connection"),
        (socket.gaierror, "its name is not known"),
        (UnicodeError, "its name is not known"),
        (TimeoutError, "no answer in time"),
        (ConnectionRefusedError, "nobody listens there"),
        (HTTPException, "the answer is not proper HTTP"),
    )
    return next((what for kind, what in kinds if isinstance(error, kind)), "no connection, or it broke")
