"""Single values as users write them, such as ``1h30m`` or ``${NAME}``, and as JSON can hold them."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from gate.policy.secrets import REFERENCE

DURATION = r"^(?=.)([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
"""As a regular expression that JSON Schema and Python read alike."""

NO_DURATION = "must be a duration such as 5m"
NO_UNIT = "must be a duration with its unit: say 90s or 5m"
NO_MOMENT = "must be a time such as 2026-03-03T14:00:00Z"
NO_ZONE = "must be a time with its zone, such as 2026-03-03T14:00:00Z"


class Refused(ValueError):
    """A value is wrong, and this is the next step."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Take what is wrong, as it reads after the field's name, and the hint."""
        super().__init__(message)
        self.hint = hint


_UNITS = ("weeks", "days", "hours", "minutes", "seconds")
_LONGEST_DIGITS = 8
"""Nobody means more, and timedelta overflows soon after."""


def parse_duration(text: str) -> timedelta:
    """Read ``5m`` or ``1h30m`` (w, d, h, m, s, largest first).

    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)

    Raises:
        ValueError: it is none; a bare number is refused, as nobody can tell its unit.
    """
    written = text.strip()
    if re.fullmatch(r"[-+]?[0-9.]+", written):
        raise Refused(NO_UNIT)
    found = re.fullmatch(DURATION, written)
    if not found:
        raise Refused(NO_DURATION, hint="units, largest first: w, d, h, m, s")
    parts = [part[:-1] if part else "0" for part in found.groups()]
    if max(map(len, parts)) > _LONGEST_DIGITS:
        message = "is longer than anybody can wait"
        raise Refused(message)
    return timedelta(**{unit: int(part) for unit, part in zip(_UNITS, parts, strict=True)})


def format_duration(duration: timedelta) -> str:
    """Write a duration as ``parse_duration`` reads it; days are the largest unit.

    >>> format_duration(timedelta(days=7)), format_duration(timedelta(minutes=90)), format_duration(timedelta(0))
    ('7d', '1h30m', '0s')
    """
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((duration.days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def parse_moment(text: str) -> datetime:
    """Read a time with its zone, and return it in UTC.

    >>> parse_moment("2026-03-03T15:00:00+01:00")
    datetime.datetime(2026, 3, 3, 14, 0, tzinfo=datetime.timezone.utc)

    Raises:
        ValueError: it is none, or leaves open which zone is meant.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(NO_MOMENT) from None
    raise Refused(NO_ZONE, hint=f"write {text.strip()}Z for UTC" if "T" in text else "")


def secret_reference(value: str) -> str:
    """Let ``${NAME}`` through and nothing else.

    Raises:
        ValueError: it is something else, probably the secret itself; the message never holds it.
    """
    if not re.fullmatch(REFERENCE, value):
        message = "must be a reference, ${NAME}; a secret in the file is refused"
        raise Refused(message, hint="put the secret into the environment and its name here")
    return value


def no_reference(value: str) -> str:
    """Let any text through that asks for nothing from the environment.

    Raises:
        ValueError: it holds ``${``.
    """
    if "${" in value:
        message = "only secrets are read from the environment"
        raise Refused(message, hint="write the value itself")
    return value


def plain(value: Any) -> Any:  # noqa: ANN401 - any value an option can have
    """Return a value of an option as JSON can hold it."""
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return plain_fields(value) if dataclasses.is_dataclass(value) else value


def plain_fields(options: Any) -> dict[str, Any]:  # noqa: ANN401 - any plug's options
    """Return the options of a plug or rule as JSON can hold them."""
    return {each.name: plain(getattr(options, each.name)) for each in dataclasses.fields(options) if each.init}
