"""Whether a request that changes something, and comes with a cookie, was made by our own page.

Two independent checks: browsers say which page sends a form (``Origin``, ``Sec-Fetch-Site``), and the page writes a token
into it that other pages cannot read. It follows from the session's secret, so it ends with the session and is not stored.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from flask import Request

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Must change nothing (RFC 9110, section 9.2.1)."""


def token_for(session: str) -> str:
    """Return the token of a session."""
    return hmac.digest(session.encode(), b"csrf", hashlib.sha256).hex()


def has_token(request: Request, session: str) -> bool:
    """Whether the request carries the session's token, in a header or in a form."""
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    return hmac.compare_digest(given.encode(), token_for(session).encode())


def foreign(request: Request, public_url: str) -> str:
    """Say which other page sends the request; empty if it is ours, or no browser is at work.

    Browsers send ``Origin`` with every request of another page that may change something, so one without it
    is not another page's.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in {"same-origin", "none"}:
        return f"a page of another site ({site})"
    origin = request.headers.get("Origin")
    if origin is None or origin == origin_of(public_url or request.host_url):
        return ""
    return f"a page of {origin[:100]}"


def origin_of(url: str) -> str:
    """Return scheme, host and port as browsers write them: in lower case, without the scheme's own port."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in {None, usual} else "")
