"""Where the last poll of a period stopped."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from gate.errors import SourceRefused

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """State of one period's polling, between polls."""

    since: datetime | None = None
    """Everything written before this was delivered, and none of it is still to come."""
    seen: frozenset[str] = frozenset()
    """Short hashes of the rows that the next poll will meet again."""
    sound: bool = False
    """Whether any row could be read so far."""

    def dump(self) -> str:
        """Return it as one line."""
        since = self.since.isoformat() if self.since else None
        fields = {"v": _VERSION, "since": since, "seen": sorted(self.seen), "sound": self.sound}
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def load(cls, text: str | None) -> Cursor:
        """Return what was dumped; a new one for None.

        Raises:
            SourceRefused: it is not ours, or of another version.
        """
        if text is None:
            return cls()
        try:
            found = json.loads(text)
            if found["v"] == _VERSION:
                since = datetime.fromisoformat(found["since"]) if found["since"] else None
                return cls(since, frozenset(found["seen"]), found["sound"])
        except (AttributeError, KeyError, TypeError, ValueError):
            pass
        message = "the stored place in the table cannot be read"
        raise SourceRefused(message, hint="it was written by another version; start a new run")


def short(text: str) -> str:
    """Return a short hash."""
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()
