"""The two cookies: who has logged in, and who is about to. Each holds a random secret and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from datetime import timedelta

    from werkzeug.wrappers import Response

SESSION = "gate"
LOGIN = "gate-login"
LONGEST = 200


class Cookies:
    """Reads and writes them. ``__Host-`` keeps other hosts of the same domain from setting them (RFC 6265bis, 4.1.3.2)."""

    def __init__(self, public_url: str) -> None:
        """Take the address of the service: by https, cookies travel by https only."""
        self._https = public_url.startswith("https://")

    def read(self, name: str) -> str:
        """Return what the cookie of this request holds; empty if there is none."""
        value = request.cookies.get(self._full(name), "")
        return value if len(value) <= LONGEST else ""

    def write(self, response: Response, name: str, value: str, length: timedelta) -> None:
        """Set it; scripts cannot read it, and other sites' forms do not send it."""
        secure = self._secure()
        response.set_cookie(
            self._full(name), value, max_age=length, path="/", secure=secure, httponly=True, samesite="Lax"
        )

    def clear(self, response: Response, name: str) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self._full(name), path="/", secure=self._secure(), httponly=True, samesite="Lax")

    def _secure(self) -> bool:
        return self._https or request.is_secure

    def _full(self, name: str) -> str:
        return f"__Host-{name}" if self._secure() else name
