"""Values users type on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


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
            return _duration(text.removesuffix("ago").strip(), lambda why: self.fail(why, param, ctx))
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-03-10T14:00:00Z, `now` or `10m ago`", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} does not say its time zone; write {text}Z if it is UTC, or {text}+01:00", param, ctx)
        return moment.astimezone(UTC)


def _duration(text: str, fail: Callable[[str], Any]) -> timedelta | None:
    from gate.policy import parse_duration

    try:
        return parse_duration(text)
    except ValueError as fault:
        fail(str(fault))
    return None


MOMENT = Moment()
