"""Where the last poll of a period stopped, and the arithmetic of post ids.

X answers newest first. A walk through its pages that is cut (by a cap, the budget, the deadline
or a fault) has read the newest posts and not the older ones: that gap is kept here as a pair of
ids and walked before anything newer is asked for, so there is never more than one.

X refuses ids and times in one request, and its page tokens may expire; ids do neither.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from gate.errors import SourceRefused

EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
"""Id 0. A post id is a snowflake: milliseconds since then, above 22 bits of machine and sequence."""
_LOW_BITS = 22
_VERSION = 1


def id_at(moment: datetime) -> int:
    """Return the smallest id a post written at that moment can have."""
    return max((moment - EPOCH) // timedelta(milliseconds=1), 0) << _LOW_BITS


def written_at(post_id: int) -> datetime:
    """Return when the post with that id was written, to the millisecond."""
    return EPOCH + timedelta(milliseconds=post_id >> _LOW_BITS)


@dataclass(frozen=True, slots=True)
class Gap:
    """Posts not read yet: ids above ``after`` and below ``before``."""

    after: int
    before: int
    newest: int
    """Highest id read on this walk; polling goes on from there once the gap is closed."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """State of one period's polling, between polls."""

    since_id: int | None = None
    """Highest id of a finished walk."""
    gap: Gap | None = None
    seen_to: datetime | None = None
    """Up to here everything was read, but for the gap."""
    reads: int = 0
    """Posts the run had bought by then, of whatever period."""
    usd: float = 0.0
    lost: str = ""
    """Why some posts can no longer be had; empty when none are lost."""

    def dump(self) -> str:
        """Return it as one line."""
        fields = asdict(self) | {"v": _VERSION, "seen_to": self.seen_to.isoformat() if self.seen_to else None}
        return json.dumps(fields, separators=(",", ":"), sort_keys=True)

    @classmethod
    def load(cls, text: str | None) -> Cursor:
        """Return what was dumped; a new one for None.

        Raises:
            SourceRefused: it is not ours, or of another version.
        """
        if text is None:
            return cls()
        try:
            fields = json.loads(text)
            version, gap, seen_to = fields.pop("v"), fields.pop("gap"), fields.pop("seen_to")
            cursor = replace(
                cls(**fields),
                gap=Gap(**gap) if gap else None,
                seen_to=datetime.fromisoformat(seen_to) if seen_to else None,
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            version, cursor = None, cls()
        if version != _VERSION:
            message = "the stored place in X's posts cannot be read"
            raise SourceRefused(message, hint="it was written by another version; start a new run")
        return cursor
