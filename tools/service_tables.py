"""Tables about the service, made from its code: what the API answers, and what ``service.yml`` may say."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask_openapi3.openapi import OpenAPI
from pydantic_core import PydanticUndefined

from gate.policy.values import format_duration
from gate.service.api import views
from gate.service.api.document import document
from gate.service.api.told import ProblemTold
from gate.service.sections import Section
from gate.service.settings import VARIABLES, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo


def endpoints() -> str:
    """Table of what may be asked of the API."""
    app = OpenAPI("gate.service", doc_ui=False, validation_error_model=ProblemTold)
    views.install(app)
    rows = [
        f"| `{method.upper()} {path}` | {operation['summary']} | {', '.join(_own(operation))} |"
        for path, operations in sorted(document(app)["paths"].items())
        for method, operation in operations.items()
    ]
    return "\n".join(["| Request | what | answers |", "|---|---|---|", *rows])


def settings() -> str:
    """Table of every setting."""
    variables = {place: name for name, place in VARIABLES.items()}
    rows = [
        f"| `{'.'.join(place)}` | {_default(field)} | {_said(field, variables.get(place, ''))} |"
        for place, field in _fields(Settings)
    ]
    return "\n".join(["| Setting | default | what |", "|---|---|---|", *rows])


def _own(operation: dict[str, Any]) -> list[str]:
    """Return the answers that not every request may get."""
    return [code for code in operation["responses"] if code not in {"400", "401", "403", "414", "422", "429", "503"}]


def _fields(section: type[Section], place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in section.model_fields.items():
        inner = [each for each in (field.annotation, *getattr(field.annotation, "__args__", ())) if _is_section(each)]
        if inner:
            listed = getattr(field.annotation, "__origin__", None) is tuple
            yield from _fields(inner[0], (*place, f"{name}[]" if listed else name))
        else:
            yield (*place, name), field


def _is_section(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Section)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True) if not field.is_required() else PydanticUndefined
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`" if value else "–"
    return (
        "–" if value is None or value in ("", {}) else f"`{str(value).lower() if isinstance(value, bool) else value}`"
    )


def _said(field: FieldInfo, variable: str) -> str:
    text = " ".join((field.description or "").split()).replace("|", "\\|").replace("``", "`")
    return f"{text} `${variable}` stands over it." if variable else text
