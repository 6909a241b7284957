"""A dataclass of options ← what users wrote: every value checked, every fault noted.

pydantic checks the single values and describes them for the JSON Schema; which keys there are, and
the words of each fault, are ours.
"""

from __future__ import annotations

import dataclasses
import re
import types
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BeforeValidator, ConfigDict, TypeAdapter, ValidationError, WithJsonSchema

from gate.policy.faults import did_you_mean, shown
from gate.policy.secrets import REFERENCE
from gate.policy.values import (
    DURATION,
    NO_DURATION,
    NO_MOMENT,
    NO_UNIT,
    Refused,
    no_reference,
    parse_duration,
    parse_moment,
    secret_reference,
)
from gate.ports import Secret

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic_core import ErrorDetails

    from gate.policy.faults import Faults
    from gate.policy.reading import Place

Options = TypeVar("Options")


def read_options(
    cls: type[Options], values: object, place: Place, faults: Faults, *, also: Collection[str] = ()
) -> Options | None:
    """Build a dataclass from a mapping; None, and faults noted, if anything in it is wrong.

    ``also`` names keys of the mapping that somebody else reads.
    """
    if not isinstance(values, dict):
        no_mapping(values, place, faults)
        return None
    before = len(faults)
    hints = field_types(cls)
    given: dict[str, object] = {}
    failed: set[str] = set()
    for key, value in values.items():
        if key in hints:
            so_far = len(faults)
            given[key] = read_value(hints[key], value, (*place, key), faults)
            if len(faults) > so_far:
                failed.add(key)
        elif key not in also:
            faults.unknown_key((*place, key), sorted({*hints, *also}))
    required = {field.name for field in dataclasses.fields(cls) if _required(field)}  # type: ignore[arg-type]
    for key in (key for key in hints if key in required and key not in values):
        faults.add((*place, key), "missing", _MISSING.get((cls.__name__, key), ""))
        failed.add(key)
    if failed & required:
        return None
    built = _built(cls, given, place, faults, failed)
    return built if len(faults) == before else None


def _built(
    cls: type[Options], given: dict[str, object], place: Place, faults: Faults, failed: set[str]
) -> Options | None:
    """Build it, with defaults in place of what failed, so that faults between the other fields are found as well."""
    try:
        return cls(**{key: value for key, value in given.items() if key not in failed})
    except ValueError as error:
        names = set(field_types(cls))
        for message in map(str, error.args):
            # By convention a message about one field starts with its name.
            first, _, rest = message.partition(" ")
            field = first.removesuffix(":")
            known = field in names and rest
            if failed.isdisjoint(re.findall(r"\w+", message)):
                faults.add((*place, field) if known else place, rest if known else message, getattr(error, "hint", ""))
        return None


def read_value(annotation: Any, value: object, place: Place, faults: Faults) -> Any:  # noqa: ANN401 - any annotation's value
    """Check one value against its annotation; notes faults and returns None if it does not fit."""
    inner = nested_options(annotation)
    if inner is not None and value is not None:
        return read_options(inner, value, place, faults)
    try:
        return adapter(annotation).validate_python(value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _note(detail, value, place, faults)
        return None


def _note(detail: ErrorDetails, value: object, place: Place, faults: Faults) -> None:
    # The last parts of pydantic's location may name alternatives of a union, which no user wrote.
    for key in detail["loc"]:
        if not (isinstance(value, tuple) and isinstance(key, int)) and not (isinstance(value, dict) and key in value):
            break
        value, place = value[key], (*place, key)  # type: ignore[index]
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, Refused):
        faults.add(place, str(error), error.hint)
    elif value is None:
        comment = faults.document.comments.get(place, "")
        message = "has no value: YAML takes what follows the # as a comment" if comment else "has no value"
        faults.add(place, message, f'quote it: "{comment}"' if comment.isprintable() and comment else "")
    elif detail["type"] == "literal_error":
        _no_choice(detail, value, place, faults)
    else:
        message, hint = _WORDS.get(detail["type"], (detail["msg"], ""))
        faults.add(place, message, _better_hint(detail["type"], value) or hint)


def _no_choice(detail: ErrorDetails, value: object, place: Place, faults: Faults) -> None:
    choices = [choice.strip("'") for choice in detail["ctx"]["expected"].replace(" or ", ", ").split(", ")]
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    said = f", not {shown(value)}" if isinstance(value, (str, int, float)) else ""
    faults.add(place, f"must be {'one of ' if len(choices) > 1 else ''}{', '.join(choices)}{said}", hint)


def _better_hint(kind: str, value: object) -> str:
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return f'quote it: "{str(value).lower()}"'
    if kind == "tuple_type" and isinstance(value, str):
        return f"write [{value}]" if value.replace(" ", "").isalnum() else "put it in [ ]"
    if kind == "bool_type" and isinstance(value, str) and value.lower() in {"yes", "on", "no", "off"}:
        return f"write {str(value.lower() in {'yes', 'on'}).lower()}"
    return ""


def no_mapping(value: object, place: Place, faults: Faults) -> None:
    """Note that keys and values were expected here."""
    faults.add(
        place, "has no value" if value is None else "must be a mapping of keys and values", "write {key: value, …}"
    )


_WORDS = {
    "string_type": ("must be text", ""),
    "int_type": ("must be a whole number", ""),
    "float_type": ("must be a number", ""),
    "finite_number": ("must be a finite number", ""),
    "bool_type": ("must be true or false", ""),
    "tuple_type": ("must be a list", ""),
    "dict_type": ("must be a mapping of keys and values", "write {key: value, …}"),
}
_ON_KEY = "hold keeps the release back (fail-closed), promote lets it through (fail-open)"
_MISSING: dict[tuple[str, str], str] = {
    ("On", "inconclusive"): _ON_KEY,
    ("On", "error"): _ON_KEY,
}


def field_types(cls: type) -> dict[str, Any]:
    """Return name and annotation of each option."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls) if field.init}


@cache
def adapter(annotation: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - any annotation
    """Return the checker of one annotation."""
    return TypeAdapter(_strict(annotation), config=ConfigDict(strict=True, allow_inf_nan=False))


def nested_options(annotation: Any) -> type | None:  # noqa: ANN401 - any annotation
    """Return the dataclass in ``Inner`` or ``Inner | None``; None if there is none."""
    for candidate in (annotation, *get_args(annotation)):
        if dataclasses.is_dataclass(candidate) and isinstance(candidate, type):
            return candidate
    return None


def _strict(annotation: Any) -> Any:  # noqa: ANN401 - one return a kind of annotation
    if annotation is timedelta:
        return Annotated[timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": DURATION})]
    if annotation is datetime:
        schema = {"type": "string", "format": "date-time"}
        return Annotated[datetime, BeforeValidator(_moment), WithJsonSchema(schema)]
    if annotation is Secret:
        schema = {"type": "string", "pattern": REFERENCE}
        return Annotated[str, AfterValidator(secret_reference), WithJsonSchema(schema)]
    if annotation is str:
        return Annotated[str, AfterValidator(no_reference)]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        values = tuple(member.value for member in annotation)
        # From Python 3.12 on pydantic cannot call an Enum itself.
        members = {member.value: member for member in annotation}
        return Annotated[Literal[values], AfterValidator(members.__getitem__)]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        return Union[tuple(map(_strict, arguments))]  # noqa: UP007 - built at run time
    if origin in {tuple, dict}:
        return origin[tuple(argument if argument is ... else _strict(argument) for argument in arguments)]
    return annotation


def _duration(value: object) -> object:
    if isinstance(value, (timedelta, type(None))):
        return value
    if not isinstance(value, str):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        raise Refused(NO_UNIT if number else NO_DURATION)
    return parse_duration(value)


def _moment(value: object) -> object:
    if isinstance(value, (datetime, type(None))):
        return value
    if not isinstance(value, str):
        raise Refused(NO_MOMENT)
    return parse_moment(value)


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.init and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
