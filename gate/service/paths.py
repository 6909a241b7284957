"""Addresses as programs put them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def one_slash(application: WSGIApplication) -> WSGIApplication:
    """Let ``//v1/…`` be ``/v1/…``.

    Who writes the service's address with a slash at its end makes others ask so. A redirect would not do: not all send
    a POST, its headers and its token again.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("//"):
            environ["PATH_INFO"] = "/" + path.lstrip("/")
        return application(environ, start_response)

    return answer
