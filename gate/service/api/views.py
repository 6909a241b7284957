"""All views of the API, put into the application."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from flask_openapi3.models.schema import Schema

from gate.service.api.blueprint import api
from gate.service.api.told import FlaggerTold, LogTold, StartedTold

if TYPE_CHECKING:
    from flask_openapi3.openapi import OpenAPI

VIEWS = ("starting", "reading", "overriding", "streaming", "files", "policies", "flagger", "document")
ELSEWHERE = ("gate.service.azure.gate_task",)


def install(app: OpenAPI) -> None:
    """Add its views."""
    for name in VIEWS:
        import_module(f"gate.service.api.{name}")
    for name in ELSEWHERE:
        import_module(name)
    for model in (FlaggerTold, LogTold, StartedTold):  # Views that describe their answers themselves name them only.
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        for name, inner in {**schema.pop("$defs", {}), model.__name__: schema}.items():
            api.components_schemas[name] = Schema(**inner)
    app.register_api(api)
