"""``/v1/openapi.json``: what the API is, made from its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import Response, current_app, request

from gate.canonical import digest, dumps
from gate.service.api.blueprint import api
from gate.service.auth import Role, require
from gate.service.auth.cookies import SESSION

if TYPE_CHECKING:
    from flask_openapi3.models.security_scheme import SecurityScheme
    from flask_openapi3.openapi import OpenAPI

SCHEMES: dict[str, SecurityScheme | dict[str, Any]] = {
    "token": {"type": "http", "scheme": "bearer", "description": "`gate token create`, or GitHub's OIDC token."},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION, "description": "Of the page."},
}
WRITTEN = "gate.document"
"""In ``app.extensions``: the document as it is sent, and the tag that tells it from another version's."""


@api.get("/openapi.json", doc_ui=False)
@require(Role.READ)
def get_document() -> Response:
    """Give the document; 304 to those who have it already."""
    body, tag = _written(cast("OpenAPI", current_app))
    # Kept by whoever may have it, and asked for again with its tag.
    response = Response(body, 200, {"Content-Type": "application/json", "Cache-Control": "private, no-cache"})
    response.set_etag(tag)
    response.make_conditional(request)
    return response


def document(app: OpenAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an application."""
    made: dict[str, Any] = app.api_doc
    return made


def _written(app: OpenAPI) -> tuple[bytes, str]:
    if WRITTEN not in app.extensions:
        body = dumps(document(app))  # Takes half a second, and is the same as long as the process lives.
        app.extensions[WRITTEN] = body, digest(body)
    written: tuple[bytes, str] = app.extensions[WRITTEN]
    return written
