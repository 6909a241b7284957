"""Where the last poll of a period stopped, as one opaque line.

A walk that is cut (by a cap, the deadline or a fault) leaves one stretch unread. It is kept here and walked before
anything newer is asked for, so there is never more than one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import SourceRefused
from gate.polling.page import Stretch

if TYPE_CHECKING:
    from gate.model import Mention

VERSION = 1
MOST_SEEN = 2000
"""Ids remembered; what is delivered twice beyond that is dropped as a duplicate later."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Posts that a walk did not come to."""

    stretch: Stretch
    place: str | None
    """The page where it stopped, where the source goes on by page."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """State of one period's polling, between polls."""

    done_to: datetime | None = None
    """Everything before this was read, but for the gap; None before the first walk."""
    gap: Gap | None = None
    lost: str = ""
    """Why some posts can no longer be had; empty when none are lost."""
    seen: dict[str, datetime] = field(default_factory=dict)
    """What may be delivered once more, by a short hash of its id, and when it was written."""

    def knows(self, mention: Mention) -> bool:
        """Say whether it was delivered before."""
        return short(mention.id) in self.seen

    def pruned(self, overlap: timedelta) -> Cursor:
        """Forget what will not be asked for again."""
        edges = [self.done_to - overlap] if self.done_to else []
        around = self.gap.stretch if self.gap else None
        kept = {
            key: at
            for key, at in self.seen.items()
            if any(at >= edge for edge in edges) or (around and around.since <= at < around.until)
        }
        newest = sorted(kept.items(), key=lambda pair: (pair[1], pair[0]))[-MOST_SEEN:]
        return replace(self, seen=dict(newest))

    def dump(self) -> str:
        """Return it as one line."""
        gap = self.gap and [
            _microseconds(self.gap.stretch.since),
            _microseconds(self.gap.stretch.until),
            self.gap.place,
        ]
        fields: dict[str, Any] = {
            "v": VERSION,
            "done_to": self.done_to and _microseconds(self.done_to),
            "gap": gap,
            "lost": self.lost,
            "seen": {key: _microseconds(at) for key, at in self.seen.items()},
        }
        return json.dumps(fields, separators=(",", ":"), sort_keys=True)

    @classmethod
    def load(cls, text: str | None, who: str) -> Cursor:
        """Return what was dumped; a new one for None.

        Raises:
            SourceRefused: it is not ours, or of another version.
        """
        if text is None:
            return cls()
        try:
            fields = json.loads(text)
            if fields["v"] == VERSION:
                gap, done_to = fields["gap"], fields["done_to"]
                return cls(
                    done_to=None if done_to is None else _moment(done_to),
                    gap=Gap(Stretch(_moment(gap[0]), _moment(gap[1])), gap[2]) if gap else None,
                    lost=fields["lost"],
                    seen={key: _moment(at) for key, at in fields["seen"].items()},
                )
        except (AttributeError, IndexError, KeyError, OverflowError, OSError, TypeError, ValueError):
            pass
        message = f"the stored place in the posts of {who} cannot be read"
        raise SourceRefused(message, hint="it was written by another version; start a new run")


def short(mention_id: str) -> str:
    """Return a hash of an id that is short, and says nothing of it: 48 bits, so that chance collisions are nothing."""
    return hashlib.blake2b(mention_id.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _microseconds(at: datetime) -> int:
    # Whole microseconds: a float of seconds would move the edge of a period.
    return (at - _EPOCH) // timedelta(microseconds=1)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
