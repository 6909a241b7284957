"""Domain objects to canonical JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from gate.errors import EvidenceFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
    Writer = Callable[[Any], Plain]

_BUG = "this is a bug in the gate or in a plug-in; please report it"
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def clean(text: str) -> str:
    """Return ``text`` with lone surrogates, which UTF-8 cannot hold, replaced by U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def rfc3339(time: datetime) -> str:
    """Write a time in UTC as RFC 3339 with ``Z``; microseconds only where they are not zero.

    Raises:
        EvidenceFault: the time has no zone.
    """
    if time.tzinfo is None:
        message = f"the time {time} has no time zone"
        raise EvidenceFault(message, hint=_BUG)
    utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    return utc.isoformat().removesuffix("+00:00") + "Z"


def to_plain(value: object) -> Plain:
    """Turn domain objects into JSON's own types: dataclasses, enums, times (RFC 3339), durations (seconds).

    Raises:
        EvidenceFault: something in it has no place in JSON, e.g. a NaN.
    """
    kind: Any = type(value)
    return _writer(kind)(value)


def encode(plain: Plain) -> bytes:
    """Write what is plain already, as ``to_plain`` returns it, as canonical JSON.

    Raises:
        EvidenceFault: a number is NaN or infinite, or a text holds a lone surrogate.
    """
    try:
        return _ENCODER.encode(plain).encode()
    except ValueError as error:
        message = f"this cannot be written as JSON: {error}"
        raise EvidenceFault(message, hint=_BUG) from error


def dumps(value: object) -> bytes:
    """Write any domain object as canonical JSON.

    Raises:
        EvidenceFault: something in it has no place in JSON, e.g. a NaN.
    """
    return encode(to_plain(value))


def digest(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hexadecimal."""
    return sha256(data).hexdigest()


@cache
def _writer(kind: type) -> Writer:
    for parent, writer in _WRITERS.items():
        if issubclass(kind, parent):
            return writer
    if not is_dataclass(kind):
        message = f"a {kind.__name__} cannot be written as JSON"
        raise EvidenceFault(message, hint=_BUG)
    names = tuple(field.name for field in fields(kind))
    return lambda value: {name: to_plain(getattr(value, name)) for name in names}


def _write_float(value: float) -> Plain:
    if not math.isfinite(value):
        message = f"{value} is not a number that JSON can hold"
        raise EvidenceFault(message, hint="a scorer or a rule produced it; please report it with the policy")
    return float(value)


def _write_duration(value: timedelta) -> Plain:
    seconds = value.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _write_list(value: Iterable[object]) -> Plain:
    return [to_plain(item) for item in value]


def _write_set(value: Iterable[object]) -> Plain:
    # A set has no order of its own, so it takes the order of its members' bytes.
    return sorted((to_plain(item) for item in value), key=encode)


def _write_mapping(value: Mapping[object, object]) -> Plain:
    plain: dict[str, Plain] = {}
    for key, item in value.items():
        if not isinstance(key, str) or (name := clean(str.__str__(key))) in plain:
            message = f"the key {key!r} cannot be written as JSON: it is not text or not the only one of its name"
            raise EvidenceFault(message, hint=_BUG)
        plain[name] = to_plain(item)
    return plain


# The first that fits writes: bool is an int, and many an enum is a str.
_WRITERS: dict[type, Writer] = {
    type(None): lambda value: value,
    bool: lambda value: value,
    # str.__str__ rather than str(): an enum that is a str would otherwise name its member.
    str: lambda value: clean(str.__str__(value)),
    int: int,
    float: _write_float,
    Enum: lambda value: to_plain(value.value),
    datetime: rfc3339,
    timedelta: _write_duration,
    Mapping: _write_mapping,
    list: _write_list,
    tuple: _write_list,
    set: _write_set,
    frozenset: _write_set,
}
