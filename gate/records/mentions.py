"""Turns one record into a mention, or says why it is none.

Why a record is none is stored with the run, and what somebody wrote may not be: so no message here repeats a value.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gate.model import Mention
from gate.records.times import TimeReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

_LARGEST_COUNT = 2**63 - 1  # what databases hold


class MentionReader:
    """Reads records of one source, in order."""

    def __init__(self, source: str, assumed: tzinfo | None, *, make_ids: bool) -> None:
        """Take what stands in for missing things.

        Args:
            source: Name of the source, for records that state none.
            assumed: Zone of times without one.
            make_ids: Whether a record may lack an id (CSV exports often do); it then gets a hash of what it holds.
        """
        self._source = source
        self._make_ids = make_ids
        self._seen: dict[str, int] = {}
        self.times = TimeReader(assumed)
        readers: dict[str, Callable[[str, object], object]] = {
            "id": _text,
            "created_at": self._time,
            "text": _only_text,
            "source": _text,
            "stream": _text,
            "author": _text,
            "lang": _language,
            "url": _text,
            "version": _text,
            "rating": _number,
            "likes": _count,
            "reposts": _count,
            "conversation": _text,
            "author_created_at": self._time,
            "author_followers": _count,
            "labels": _labels,
        }
        self._read = {name: (name, reader) for name, reader in readers.items()}

    def read(self, fields: dict[str, object]) -> Mention:
        """Return the mention; ``truth`` and unknown fields are not looked at.

        Raises:
            ValueError: a field is missing or of the wrong kind; the message is for people.
        """
        found: dict[str, Any] = {}
        readers, as_it_is = self._read, _AS_IT_IS.get
        for stated, value in fields.items():
            if type(value) is str and (name := as_it_is(stated)):
                found[name] = value
            elif value is not None and (known := readers.get(stated)):
                name, read = known
                found[name] = read(name, value)
        if "text" not in found or "created_at" not in found:
            raise _missing("created_at" if "text" in found else "text")
        if not found.get("source"):
            found["source"] = self._source
        if not found.get("id"):
            found["id"] = self._made_id(found.get("author", ""), found["created_at"], found["text"])
        return Mention(**found)

    def _made_id(self, author: str, created_at: datetime, text: str) -> str:
        if not self._make_ids:
            raise _missing(field="id")
        what = f"{author}\x1f{created_at.isoformat()}\x1f{text}"
        digest = hashlib.blake2b(what.encode(errors="replace"), digest_size=8).hexdigest()
        # The same words twice in one second are two mentions: the filters decide what to make of them.
        occurrence = self._seen[digest] = self._seen.get(digest, 0) + 1
        return digest if occurrence == 1 else f"{digest}-{occurrence}"

    def _time(self, field: str, value: object) -> datetime:
        try:
            return self.times.read(value)
        except ValueError as error:
            message = f"{field}: {error}"
            raise ValueError(message) from None


def _missing(field: str) -> ValueError:
    return ValueError(f"no field {field!r}, or nothing in it")


def _wrong(field: str, value: object, wanted: str) -> ValueError:
    kind = _KINDS.get(type(value), "an object")
    return ValueError(f"{field} is {kind}, {wanted} is wanted")


_KINDS: dict[type, str] = {bool: "true or false", int: "a number", float: "a number", list: "a list", str: "text"}


def _only_text(field: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise _wrong(field, value, "text")


def _text(field: str, value: object) -> str:
    if isinstance(value, str):
        return value
    # Ids are often numbers. A fraction would mean that a tool has already rounded the id.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _wrong(field, value, "text or a whole number")


def _language(field: str, value: object) -> str:
    return _primary(value if type(value) is str else _text(field, value))


@lru_cache(maxsize=256)
def _primary(tag: str) -> str:
    primary = tag.replace("_", "-").split("-", 1)[0].lower()
    # BCP 47 spells "undetermined" as a language of its own; for us it is unknown.
    return "" if primary == "und" else primary


def _number(field: str, value: object) -> float:
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise _wrong(field, value, "a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        message = f"{field} is not a number"
        raise ValueError(message)
    return number


def _count(field: str, value: object) -> int:
    if type(value) is not int:
        number = _number(field, value)
        if not number.is_integer():
            message = f"{field} is not a whole number"
            raise ValueError(message)
        value = int(number)
    if abs(value) > _LARGEST_COUNT:
        message = f"{field} is too large a number"
        raise ValueError(message)
    return value


def _labels(field: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _wrong(field, value, "an object")
    return {key: _label(f"one of the {field}", item) for key, item in value.items() if item is not None}


_AS_IT_IS = {name: name for name in ("id", "text", "source", "stream", "author", "url", "version", "conversation")}
"""Fields whose text is taken for what it is: to our own spelling of the name, as that of an argument is found by identity."""


def _label(field: str, item: object) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, float):
        return repr(item)
    return _text(field, item)
