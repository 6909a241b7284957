"""JSON Lines: one JSON object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from pydantic_core import from_json

from gate.sources.file.lines import BYTE_ORDER_MARK, TOO_LONG, Record, read_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def json_lines(handle: BinaryIO, position: int, line: int, *, growing: bool) -> Iterator[Record]:
    """Yield the records from ``position`` on; of a growing file only those that end with a newline."""
    for number, (end, raw, too_long) in enumerate(read_lines(handle, position, growing=growing), start=line):
        fields: dict[str, object] = {}
        fault = ""
        if too_long:
            fault = TOO_LONG
        elif not raw.isspace():
            try:
                fields = parse(raw if end > len(raw) else raw.removeprefix(BYTE_ORDER_MARK))
            except ValueError as error:
                fault = str(error)
        yield Record(end, number, number + 1, raw, fields, fault)


def parse(raw: bytes) -> dict[str, object]:
    """Read one line.

    Raises:
        ValueError: not one JSON object in UTF-8, or ambiguous; the message is for people.
    """
    quick = _quickly(raw)
    return parse_strictly(raw) if quick is None else quick


def parse_strictly(raw: bytes) -> dict[str, object]:
    """Read one line by the standard library's parser, which can be told what not to accept.

    Raises:
        ValueError: as `parse`.
    """
    try:
        value = _decode(raw.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(_fault(error)) from None
    if not isinstance(value, dict):
        message = f"JSON, but a {_NAMES.get(type(value), 'null')} where an object is wanted"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for a line that is none
    if not value:
        message = "an empty JSON object"
        raise ValueError(message)
    # JSON can spell half a surrogate pair; no encoder accepts it later on, so it is replaced here.
    if b"\\ud" in raw or b"\\uD" in raw:
        return {str(_whole_characters(key)): _whole_characters(item) for key, item in value.items()}
    return value


def _quickly(raw: bytes) -> dict[str, object] | None:
    """Read a plain line, which almost all are; None where it takes a closer look.

    This parser is four times faster, and keeps the last of two equal keys without a word. Every key ends with a quote
    and a colon, spaces aside, so where these stand no more often than there are keys, none stood twice.
    """
    if len(raw) > _PLAIN:
        return None
    try:
        value = from_json(raw, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        return None
    if type(value) is not dict or not value:
        return None
    stated = raw.translate(None, b" \t\r\n").count(b'":')
    return value if stated == len(value) or stated == _keys(value) else None


def _keys(fields: dict[str, object]) -> int:
    nested = [_keys(each) for each in fields.values() if type(each) is dict]
    return len(fields) + sum(nested)


class _Refused(ValueError):
    """Valid for the parser, not for us."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "one key stands in it twice"
        raise _Refused(message)
    return found


def _not_json(constant: str) -> NoReturn:
    message = f"not JSON: {constant} is not a JSON number"
    raise _Refused(message)


_decode: Callable[[str], object] = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_not_json).decode
_PLAIN = 4000
"""Bytes; the two parsers differ in what they make of numbers with thousands of digits."""
_NAMES: dict[type, str] = {list: "list", str: "string", int: "number", float: "number", bool: "true or false"}


def _whole_characters(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(item) for key, item in value.items()}
    return value


def _fault(error: Exception) -> str:
    if isinstance(error, _Refused):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        return "bytes that are not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at column {error.colno}"
    if isinstance(error, RecursionError):
        return "JSON nested too deeply"
    return "a number with too many digits"
