"""The API under ``/v1``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gate.service.api.blueprint import api, invalid
from gate.service.api.told import ProblemTold

if TYPE_CHECKING:
    from flask_openapi3.openapi import OpenAPI

__all__ = ["ProblemTold", "install", "invalid"]

VIEWS = ("starting", "reading", "overriding", "streaming", "files", "document")


def install(app: OpenAPI) -> None:
    """Add its views."""
    for name in VIEWS:
        import_module(f"gate.service.api.{name}")
    app.register_api(api)
