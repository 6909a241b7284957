"""How a database keeps times, so that a query can compare with them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

TIMESTAMP = "timestamp"
UNITS = {"seconds": 1, "milliseconds": 1000}
_ALIKE = len("2026-03-10T14:00:00")
"""How far two ways of writing a time must agree to be compared as text: fractions and zone come behind."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Stamps:
    """Writes moments as the database does."""

    kind: str
    """``timestamp``, ``seconds``, ``milliseconds``, or a format for ``strftime``."""
    zone: tzinfo | None
    """Of times that carry none; None where they carry one."""

    @property
    def native(self) -> bool:
        """Whether the database has a type for them."""
        return self.kind == TIMESTAMP

    def written(self, moment: datetime, *, rounded_up: bool) -> datetime | int | str:
        """Return the moment as a query compares it: never so that something in the period is left out.

        A second more on both sides where the database cannot compare exactly; the rows are looked at again here.
        """
        if self.native:
            return moment.astimezone(self.zone).replace(tzinfo=None) if self.zone else moment
        if unit := UNITS.get(self.kind):
            return (math.ceil if rounded_up else math.floor)(moment.timestamp() * unit)
        # 14:00:00.5Z stands before 14:00:00Z in text.
        wider = moment + _SECOND if rounded_up else moment - _SECOND
        return wider.astimezone(self.zone or UTC).strftime(self.kind)

    def misfit(self, found: object, moment: datetime) -> str:
        """Return how a time in the table is written, where the query cannot compare it with ours; else nothing."""
        if self.native or self.kind in UNITS or not isinstance(found, str):
            return ""
        ours = moment.astimezone(self.zone or UTC).strftime(self.kind)
        return "" if _shape(found) == _shape(ours) else re.sub(r"\d", "0", found[: _ALIKE + 8])


def check_times(kind: str) -> None:
    """Refuse what is no way to write a time.

    Raises:
        ValueError: the message is for people.
    """
    if kind == TIMESTAMP or kind in UNITS:
        return
    if not all(part in kind for part in ("%Y", "%m", "%d", "%H", "%M")) or not kind.startswith("%Y"):
        message = (
            f"times: {kind!r} must be timestamp, seconds, milliseconds, or for times kept as text their format from "
            "year to minute, e.g. '%Y-%m-%d %H:%M:%S'"
        )
        raise ValueError(message)


def _shape(text: str) -> str:
    return re.sub(r"\d", "0", text)[:_ALIKE]
