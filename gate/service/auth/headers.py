"""What every answer tells browsers they may do with it: as little as will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from flask import Response

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing written into a page by others can run, load, send or frame anything."""

ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""A view that must be laxer sets the header itself."""

_ALWAYS = tuple((name, name.lower(), value) for name, value in ALWAYS.items())

STRICT_TRANSPORT = "max-age=31536000"
STATIC = "/static/"


def harden(response: Response, *, https: bool) -> Response:
    """Add what the view has not set itself."""
    headers = response.headers
    own = {name.lower() for name, _ in headers}
    for name, lowered, value in _ALWAYS:
        if lowered not in own:
            headers.add(name, value)
    if https:
        headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
    if not request.path.startswith(STATIC):
        # What one person may see must not come out of a cache for another.
        response.headers.setdefault("Cache-Control", "no-store")
        response.vary.update(("Authorization", "Cookie"))
    return response
