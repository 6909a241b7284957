"""Reads the times people's files carry: RFC 3339, its common variants, and epoch seconds or milliseconds."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import tzinfo

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_DATE_LENGTH = len("2026-03-10")
# Seconds up to here are the year 5138; the same number read as milliseconds is 1973. No file mixes the two.
_LARGEST_SECONDS = 1e11
_LARGEST_MILLISECONDS = 1e14


def zone(name: str) -> tzinfo:
    """Return the time zone a user named: an IANA name, ``UTC``, or an offset such as ``+02:00``.

    Raises:
        ValueError: no such zone, or the machine has no time zone data.
    """
    if name.upper() in {"UTC", "Z"}:
        return UTC
    if offset := _OFFSET.fullmatch(name):
        sign, hours, minutes = offset.groups()
        return timezone((1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes)))
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # a folder's name, a path, and an unknown name fail in different ways
        message = f"no time zone {name!r} is known here; write a name like Europe/Berlin, or an offset like +02:00"
        raise ValueError(message) from None


class TimeReader:
    """Turns what stands in a file into UTC, and counts the times that carried no zone."""

    def __init__(self, assumed: tzinfo | None) -> None:
        """Take the zone of times that name none; None refuses such times."""
        self._assumed = assumed
        self.zoneless = 0

    def read(self, value: object) -> datetime:
        """Return the time in UTC.

        Raises:
            ValueError: not a time, a date alone, or no zone where none is assumed; the message is for people.
        """
        try:
            stamp = _parse(value)
            return stamp if stamp.tzinfo is UTC else self._utc(stamp)
        except OverflowError:
            message = "a time outside the years 1 to 9999"
            raise ValueError(message) from None

    def _utc(self, stamp: datetime) -> datetime:
        if stamp.tzinfo is None:
            if self._assumed is None:
                message = (
                    "the time carries no time zone; write one behind it, e.g. Z, or set `timezone:` of this source"
                )
                raise ValueError(message)
            self.zoneless += 1
            stamp = stamp.replace(tzinfo=self._assumed)
        return stamp.astimezone(UTC)


def _parse(value: object) -> datetime:
    if isinstance(value, str):
        # The fast path: anything that starts like 2026-. A bare number must not be taken for a compact date.
        if value[4:5] == "-" and len(value) > _DATE_LENGTH:
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
        return _variant(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _epoch(value)
    if isinstance(value, datetime):  # databases know what a time is
        return value
    message = f"a time is text or a number, not {type(value).__name__}"
    raise ValueError(message)


def _variant(value: str) -> datetime:
    text = value.strip().upper()
    try:
        return _epoch(float(text))
    except ValueError:
        pass
    for suffix in (" UTC", " GMT"):
        text = text.removesuffix(suffix) + ("Z" if text.endswith(suffix) else "")
    # RFC 3339 allows second 60; a leap second is over before anybody could post in it.
    text = re.sub(r"(:\d{2}):60\b", r"\1:59", text)
    # Spreadsheets write a space before the offset.
    text = re.sub(r" (?=[+-]\d{2}:?\d{2}$)", "", text)
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        message = "not a time; RFC 3339 is wanted, e.g. 2026-03-10T14:00:00Z"
        raise ValueError(message) from None
    if len(text) <= _DATE_LENGTH:
        message = "a date without a time of day"
        raise ValueError(message)
    return stamp


def _epoch(number: float) -> datetime:
    if not math.isfinite(number) or abs(number) >= _LARGEST_MILLISECONDS:
        message = "a number that is no time in epoch seconds or milliseconds"
        raise ValueError(message)
    seconds = number if abs(number) < _LARGEST_SECONDS else number / 1000
    return datetime.fromtimestamp(seconds, UTC)
