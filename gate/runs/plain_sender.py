"""A plain sender of callbacks: allowed hosts only, no redirects, one attempt."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gate.errors import SourceDown, SourceRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT = 10.0
"""Seconds."""


def deliver(url: str, body: bytes, headers: Mapping[str, str], allowed: Sequence[str]) -> None:
    """Send it once; see ``gate.runs.delivering.Deliver``.

    Raises:
        SourceRefused: the host is not one of the allowed ones.
        SourceDown: it did not say that it has it.
    """
    parts = urlsplit(url)
    if parts.netloc not in allowed or parts.scheme not in {"http", "https"}:
        message = "callbacks may not be sent there"
        raise SourceRefused(message, hint="have the host added to the allowed ones")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT)
    try:
        connection.request("POST", parts._replace(scheme="", netloc="").geturl() or "/", body, dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        message = f"the receiver did not answer: {type(error).__name__}"
        raise SourceDown(message) from error
    finally:
        connection.close()
    if not 200 <= status < 300:  # noqa: PLR2004
        message = f"the receiver answered {status}"
        raise SourceDown(message)
