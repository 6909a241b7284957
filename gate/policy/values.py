"""Single values as users write them: durations such as ``1h30m``, references such as ``${NAME}``."""

from __future__ import annotations

import re
from datetime import timedelta

from gate.policy.secrets import REFERENCE

DURATION = r"^(?=.)([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
"""As a regular expression that JSON Schema and Python read alike."""

NO_DURATION = "must be a duration such as 5m"
NO_UNIT = "must be a duration with its unit: say 90s or 5m"


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
