"""Replies without an end: lines that a server sends as they come, within the same limits as other replies.

The silence allowed between two pieces is the adapter's ``limits.read``; ``Lines.close`` ends the waiting for one at
once, from any thread.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from gate.errors import SourceDown
from gate.http.adapter import Adapter
from gate.http.stopping import go_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OK = 200
LONGEST_LINE = 1024 * 1024


class StreamAdapter(Adapter):
    """Carries requests whose reply is read as it comes; an error's is read whole."""

    def send(self, request: requests.PreparedRequest, *_: object, **options: Any) -> requests.Response:  # noqa: ANN401
        """Send one request and return once the headers are there.

        Raises:
            SourceDown: as for ``Adapter``.
            SourceRefused: as for ``Adapter``.
            Cancelled: the process was told to stop.
        """
        go_on()
        options |= {"stream": True, "timeout": (self._limits.connect, self._limits.read)}
        try:
            response = HTTPAdapter.send(self, self._addressed(request), **options)
            return response if response.status_code == OK else self._whole(request, response)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise self._failure(error, short_of_time=False) from None

    def lines(self, response: requests.Response) -> Lines:
        """Return the lines of a reply, secrets taken out."""
        return Lines(response, self._redacted, lambda error: self._failure(error, short_of_time=False))


class Lines:
    """The lines of a reply, as they come; an empty one is a sign of life."""

    def __init__(
        self,
        response: requests.Response,
        clean: Callable[[bytes], bytes],
        failure: Callable[[Exception], Exception],
    ) -> None:
        """Take a reply whose body nobody has read."""
        self._response = response
        self._clean = clean
        self._failure = failure
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        """Wait for the next line; end when the server or ``close`` ends it.

        Raises:
            SourceDown: the connection broke, was silent for too long, or sent a line without an end.
        """
        rest = b""
        try:
            for piece in self._response.iter_content(None):
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    yield self._clean(line.strip())
                if len(rest) > LONGEST_LINE:
                    message = f"a line is longer than {LONGEST_LINE:,} bytes"
                    raise SourceDown(message)
        except (requests.RequestException, HTTPError, OSError, AttributeError, ValueError) as error:
            # Closed from another thread, the body fails in whatever way it happens to be in.
            if not self._closed:
                raise self._failure(error) from None

    def close(self) -> None:
        """End it; who waits for a line goes on at once."""
        self._closed = True
        with suppress(OSError, ValueError, RuntimeError):
            self._response.raw.shutdown()

    def release(self) -> None:
        """Let go of the connection, once nobody reads any more."""
        with suppress(OSError, ValueError, RuntimeError):
            self._response.close()
