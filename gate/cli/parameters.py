"""Values users type on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from gate.errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn


EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Before it many systems know no time, and nobody wrote online what they think of a release."""
LONGEST_AGO = timedelta(days=50 * 365)


class Moment(click.ParamType[datetime | timedelta]):
    """A point in time with its zone, ``now``, or how long ago: ``10m ago``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Return a datetime in UTC, or the timedelta by which it lies back."""
        if not isinstance(value, str):
            return value
        text = value.strip()
        if text == "now":
            return timedelta(0)
        if text.endswith("ago"):
            units = f"{value!r} is no time; write `10m ago`, `2h ago`, `1d ago`, `now` or 2026-03-10T14:00:00Z"
            ago = _duration(text.removesuffix("ago").strip(), lambda _why: self.fail(units, param, ctx))
            if ago > LONGEST_AGO:
                self.fail(f"{value!r} is longer ago than any release; write e.g. `10m ago`", param, ctx)
            return ago
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-03-10T14:00:00Z, `now`, `10m ago` or `2h ago`", param, ctx)
        if moment.tzinfo is None:
            whole = moment.isoformat()  # A date alone cannot take a zone.
            self.fail(
                f"{value!r} does not say its time zone; write {whole}Z if it is UTC, or {whole}+01:00", param, ctx
            )
        # Compared before it is converted: the first and the last day there are have no time in other zones.
        if moment < EARLIEST:
            self.fail(f"{value!r} is before 1970; write when the release went out", param, ctx)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            self.fail(f"{value!r} is later than a computer can say; write when the release went out", param, ctx)


def _duration(text: str, fail: Callable[[str], NoReturn]) -> timedelta:
    from gate.policy import parse_duration

    try:
        return parse_duration(text)
    except ValueError as fault:
        fail(str(fault))


MOMENT = Moment()


class Length(click.ParamType[timedelta]):
    """A length of time: ``30d``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Return a timedelta."""
        if not isinstance(value, str):
            return value
        return _duration(value.strip(), lambda why: self.fail(why, param, ctx))


DURATION = Length()


def label(text: str) -> tuple[str, str]:
    """Return name and value of ``NAME=VALUE``.

    Raises:
        UsageFault: it is no such thing.
    """
    name, sign, value = text.partition("=")
    if not (name and sign):
        message = f"the label {text!r} is no NAME=VALUE"
        raise UsageFault(message, hint="e.g. --label repository=acme/app")
    return name, value
