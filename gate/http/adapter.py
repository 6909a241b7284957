"""Carries a session's requests to one origin, within limits, with credentials added on the wire."""

from __future__ import annotations

import io
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from gate.errors import SourceDown, SourceRefused
from gate.http.deadline import NEXT_LOOK, POOLS, QUERY, Deadline, DeadlinePassed
from gate.http.failures import failure
from gate.http.reaching import public_pools
from gate.http.replies import REDACTED, disguises, redact
from gate.http.stopping import CutOff, go_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.errors import SourceFault
    from gate.http.reaching import Resolve


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take."""

    connect: float = 5.0
    """Seconds until the connection stands."""
    read: float = 10.0
    """Seconds until the headers are there, and between two pieces of the body."""
    body: int = 8 * 1024 * 1024
    """Bytes of body after decompression."""


class Adapter(HTTPAdapter):
    """Carries a session's requests to one origin, within limits and a deadline."""

    def __init__(  # noqa: PLR0913 - all but the first by name
        self,
        base_url: str,
        *,
        alias: str = "",
        headers: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        limits: Limits | None = None,
        public_only: bool = False,
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        """Prepare for one origin.

        Args:
            base_url: scheme, host, and perhaps a path in front of every path.
            alias: an origin some client library has built in; its requests go to ``base_url``.
            headers: added on the wire only, e.g. ``Authorization``.
            secrets: strings to take out of every reply and error.
            limits: other than the usual ones.
            public_only: whether private addresses are refused, whatever the origin's name means when it is connected to;
                where a proxy of the environment stands in between, it is the one who connects.
            resolve: what looks names up then.
        """
        self._pools = public_pools(resolve) if public_only else POOLS
        super().__init__()
        self.base_url = base_url.rstrip("/")
        self._origin = _origin(self.base_url)
        self.deadline: Deadline | None = None
        self._alias = alias
        self._headers = dict(headers or {})
        self._query: dict[str, str] = {}
        self._secrets = disguises(secrets)
        self._limits = limits or Limits()

    def authorize(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        """Add credentials to every request to come, on the wire only; one of the same name is replaced."""
        self._headers |= headers or {}
        self._query |= query or {}
        self._secrets += disguises(secrets)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  # handed through
        """Use connections whose headers must arrive in time."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  # handed through
        """Use the same connections through a proxy."""
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *_: object, **options: Any) -> requests.Response:  # noqa: ANN401
        """Send one request and read its whole body.

        Raises:
            SourceDown: no proper answer; the message says what went wrong.
            DeadlinePassed: no time left.
            SourceRefused: it leads to another origin, or the set-up makes any answer impossible.
            Cancelled: the process was told to stop.
        """
        go_on()
        outgoing = self._addressed(request)
        left = self.deadline.seconds_left() if self.deadline else self._limits.read
        options |= {"stream": True, "timeout": (min(self._limits.connect, left), min(self._limits.read, left))}
        try:
            return self._whole(request, super().send(outgoing, **options))
        except (requests.RequestException, HTTPError, OSError) as error:
            # Not chained: the cause holds the request, and with it credentials.
            raise self._failure(error, short_of_time=bool(self.deadline) and left <= self._limits.read) from None

    def _whole(self, request: requests.PreparedRequest, response: requests.Response) -> requests.Response:
        body = self._body(response)
        # A new response: the one requests built holds the request with its credentials.
        answer = requests.Response()
        answer.status_code, answer.reason, answer.url = response.status_code, response.reason, response.url
        answer.encoding, answer.request = response.encoding, request
        answer.headers.update({name: redact(value, self._secrets) for name, value in response.headers.items()})
        answer.raw = io.BytesIO(self._redacted(body))
        return answer

    @property
    def _host(self) -> str:
        return urlsplit(self.base_url).netloc

    def _addressed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        outgoing = request.copy()
        url = urlsplit(request.url or "")
        base = urlsplit(self.base_url)
        if f"{url.scheme}://{url.netloc}" == self._alias:
            outgoing.url = urlunsplit((base.scheme, base.netloc, base.path + url.path, url.query, ""))
        elif (url.scheme, url.netloc) != self._origin:
            message = f"{self._host}: it redirects to another address ({url.scheme}://{url.hostname}): not followed"
            raise SourceRefused(message, hint="if that is its new address, write it as base_url")
        outgoing.headers.update(self._headers)
        if self._query:
            # Every library writes the query to its log; a header is not.
            outgoing.headers[QUERY] = urlencode(self._query)
        return outgoing

    def _body(self, response: requests.Response) -> bytes:
        cut = CutOff(self.deadline.seconds_left() if self.deadline else 60.0, response.raw.shutdown)
        body = bytearray()
        try:
            with cut:
                for chunk in response.iter_content(64 * 1024):
                    body += chunk
                    if len(body) > self._limits.body:
                        message = f"{self._host}: the answer is larger than {self._limits.body:,} bytes"
                        raise SourceDown(message, hint="ask for less at once, or check base_url")
                    if self.deadline:
                        self.deadline.seconds_left()
        except (requests.RequestException, HTTPError, OSError):
            if not cut.fired:
                raise
        finally:
            # A half-read connection cannot be used again; one that was read is in the pool already.
            response.close()
        if cut.fired:
            go_on()
            message = f"{self._host}: the answer came too slowly for the time of this poll"
            raise DeadlinePassed(message, hint=NEXT_LOOK)
        return bytes(body)

    def _redacted(self, body: bytes) -> bytes:
        for secret in filter(None, self._secrets):
            body = body.replace(secret.encode(), REDACTED.encode())
        return body

    def _failure(self, error: Exception, *, short_of_time: bool) -> SourceFault:
        return failure(self._host, error, redact(str(error), self._secrets), short_of_time=short_of_time)


def _origin(address: str) -> tuple[str, str]:
    """Return scheme and host as requests writes them: in lower case, and in ASCII where the host has other letters."""
    with suppress(requests.RequestException, ValueError):  # the request itself will say what is wrong with it
        address = requests.Request("GET", address).prepare().url or address
    url = urlsplit(address)
    return url.scheme.lower(), url.netloc.lower()


def guard(session: requests.Session, adapter: Adapter) -> requests.Session:
    """Make a session, ours or a client library's, use ``adapter`` for everything."""
    session.trust_env = False
    session.proxies = dict(get_environ_proxies(adapter.base_url))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.max_redirects = 3
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def session(adapter: Adapter) -> requests.Session:
    """Return a fresh session that uses ``adapter`` for everything."""
    return guard(requests.Session(), adapter)
