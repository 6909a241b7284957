"""Canonical JSON back to domain objects, guessing nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from gate.canonical.writing import rfc3339
from gate.errors import EvidenceFault

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Reader = Callable[[object], Any]

Kind = TypeVar("Kind", bound="DataclassInstance")


def loads(data: bytes, where: str) -> Any:  # noqa: ANN401
    """Read JSON as strictly as it was written: UTF-8, no NaN, no key twice.

    Args:
        data: one JSON value.
        where: file and line, for the message.

    Raises:
        EvidenceFault: it is not such JSON.
    """
    try:
        return json.loads(data.decode(), parse_constant=_no_constant, object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as error:
        raise _odd(where, f"not JSON: {error}") from None


def from_plain(kind: type[Kind], plain: object, where: str) -> Kind:
    """Build a dataclass of ``gate.model`` from JSON's types, guessing nothing.

    Every field must be there (one whose default is None may be left out), have exactly its
    type, and no other field may be.

    Args:
        kind: the dataclass, e.g. ``Scored``.
        plain: what ``loads`` returned.
        where: file and line, for the message.

    Raises:
        EvidenceFault: with ``where`` and the field.
    """
    try:
        built: Kind = _dataclass_reader(kind)(plain)
    except ValueError as error:
        raise _odd(where, str(error)) from None
    return built


def _odd(where: str, what: str) -> EvidenceFault:
    return EvidenceFault(
        f"{where}: {what}", hint="the file is damaged, was edited, or was written by a newer version of the gate"
    )


def _no_constant(name: str) -> None:
    message = f"{name} is not allowed"
    raise ValueError(message)


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key stands twice in one object"
        raise ValueError(message)
    return found


def _reader(kind: Any) -> Reader:  # noqa: ANN401
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return _union_reader(kind)
    if origin is tuple:
        return _tuple_reader(_reader(arguments[0]))
    if origin is Mapping:
        return _mapping_reader(_reader(arguments[1]))
    if kind is datetime:
        return _read_time
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_reader(kind)
    return _scalar_reader(kind)


def _scalar_reader(kind: type) -> Reader:
    # JSON has one kind of number: what was handed over as a whole number may stand where a float does.
    allowed = (float, int) if kind is float else (kind,)

    def read(plain: object) -> object:
        if type(plain) not in allowed or (isinstance(plain, float) and not math.isfinite(plain)):
            message = f"expected {kind.__name__}, found {_quote(plain)}"
            raise ValueError(message)
        return plain

    return read


def _union_reader(kind: Any) -> Reader:  # noqa: ANN401
    readers = [_reader(member) for member in get_args(kind) if member is not type(None)]
    nullable = type(None) in get_args(kind)

    def read(plain: object) -> object:
        if plain is None and nullable:
            return None
        for reader in readers[:-1]:
            try:
                return reader(plain)
            except ValueError:
                continue
        return readers[-1](plain)

    return read


def _tuple_reader(item: Reader) -> Reader:
    def read(plain: object) -> tuple[object, ...]:
        if not isinstance(plain, list):
            message = f"expected a list, found {_quote(plain)}"
            raise ValueError(message)  # noqa: TRY004 - one kind of error, turned into EvidenceFault above
        return tuple(item(member) for member in plain)

    return read


def _mapping_reader(item: Reader) -> Reader:
    def read(plain: object) -> dict[str, object]:
        if not isinstance(plain, dict):
            message = f"expected an object, found {_quote(plain)}"
            raise ValueError(message)  # noqa: TRY004
        return {key: item(value) for key, value in plain.items()}

    return read


@cache
def _dataclass_reader(kind: type[DataclassInstance]) -> Reader:
    # The model imports these names for type checkers only.
    hints = get_type_hints(kind, localns={"Mapping": Mapping, "datetime": datetime, "timedelta": timedelta})
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    required = {field.name for field in fields(kind) if field.default is not None or field.default is MISSING}

    def read(plain: object) -> object:
        if not isinstance(plain, dict):
            message = f"expected an object, found {_quote(plain)}"
            raise ValueError(message)  # noqa: TRY004
        if missing := sorted(required - plain.keys()):
            message = f"{missing[0]}: missing"
            raise ValueError(message)
        values = {}
        for name, value in plain.items():
            if name not in readers:
                message = f"unknown field {_quote(name)}"
                raise ValueError(message)
            try:
                values[name] = readers[name](value)
            except ValueError as error:
                message = f"{name}: {error}"
                raise ValueError(message) from None
        return kind(**values)

    return read


def _read_time(plain: object) -> datetime:
    if isinstance(plain, str) and plain.endswith("Z"):
        time = datetime.fromisoformat(plain)
        # fromisoformat reads many spellings; only the one we write is ours.
        if rfc3339(time) == plain:
            return time
    message = f"expected a time like 2026-01-31T12:00:00Z, found {_quote(plain)}"
    raise ValueError(message)


def _quote(plain: object) -> str:
    # ascii() keeps control characters of hostile values off the terminal.
    text = ascii(plain)
    return text if len(text) <= 40 else f"{text[:40]}…"  # noqa: PLR2004
