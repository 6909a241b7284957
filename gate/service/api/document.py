"""``/v1/openapi.json``: what the API is, made from its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import Response, current_app

from gate.service.api.blueprint import api, told
from gate.service.auth import Role, require
from gate.service.auth.cookies import SESSION

if TYPE_CHECKING:
    from flask_openapi3.models.security_scheme import SecurityScheme
    from flask_openapi3.openapi import OpenAPI

SCHEMES: dict[str, SecurityScheme | dict[str, Any]] = {
    "token": {"type": "http", "scheme": "bearer", "description": "`gate token create`, or GitHub's OIDC token."},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION, "description": "Of the page."},
}


@api.get("/openapi.json", doc_ui=False)
@require(Role.READ)
def get_document() -> Response:
    """Give the document."""
    return told(document(cast("OpenAPI", current_app)))


def document(app: OpenAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an application."""
    made: dict[str, Any] = app.api_doc
    return made
