"""Baselines and looks, worked out before they are written: nobody waits for what takes long of it."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gate.canonical import dumps
from gate.model import NOTHING
from gate.store.append import add_event, head_of
from gate.store.chain import observations_digest
from gate.store.database import faults
from gate.store.glance import glanced
from gate.store.observations import rows_of
from gate.store.opened import Opened
from gate.store.staging import bring, stage
from gate.store.tables import observations, texts
from gate.store.texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from gate.model import Dropped, Look, Scored
    from gate.store.append import Head
    from gate.store.staging import Rows

    Make = Callable[[Head], "Entry"]
    """Makes an entry ready to follow a head."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A baseline or a look."""

    after: int
    """So many events the run had: its rows are hashed with their place in the log."""
    kind: str
    data: str
    """Canonical JSON."""
    rows: Rows
    also: Mapping[str, object]
    """Columns of the run's row that change with it."""


class Adding:
    """A transaction in which an entry may be written."""

    def __init__(self, connection: Connection, run_id: str, make: Make, entry: Entry) -> None:
        """Take the entry, whose rows are staged, and what makes it anew."""
        self.connection = connection
        self._run_id = run_id
        self._make = make
        self._entry = entry

    def append(self, now: datetime, head: Head) -> None:
        """Write it; ``head`` is from this transaction."""
        entry = self._entry
        if entry.after != head["events"]:  # Somebody had a word to say meanwhile.
            entry = self._make(head)
            stage(self.connection, entry.rows)
        add_event(self.connection, self._run_id, entry.kind, entry.data, now, head, also=entry.also)
        bring(self.connection, entry.rows)


class Entries(Opened):
    """The part of the run log that writes them."""

    @contextmanager
    def _adding(self, run_id: str, make: Make) -> Iterator[Adding]:
        """Make an entry, then begin the transaction to write it in.

        Raises:
            StoreFault: there is no such run.
        """
        with faults(self._url), self._reader.begin() as connection:
            head = head_of(connection, run_id, holding=False)
        entry = make(head)
        with self._bringing(entry.rows) as connection:
            yield Adding(connection, run_id, make, entry)


def baseline_entry(
    run_id: str, kept: Sequence[Scored], dropped: Sequence[Dropped], data: Mapping[str, Any], head: Head
) -> Entry:
    """Make what was said before the deploy, as look 0; ``data`` is its coverage and notes."""
    return _entry(run_id, (kept, dropped), "baseline", {"number": 0, **data}, head)


def look_entry(run_id: str, look: Look, head: Head) -> Entry:
    """Make a look and every mention it saw."""
    data = {name: getattr(look, name) for name in ("number", "at", "next_at", "notes", "verdict")}
    also = {"latest": dumps(look.verdict).decode(), "glance": dumps(glanced(head["glance"], look)).decode()}
    return _entry(run_id, (look.kept, look.dropped), "look", data, head, also=also)


def _entry(
    run_id: str,
    mentions: tuple[Sequence[Scored], Sequence[Dropped]],
    kind: str,
    data: dict[str, Any],
    head: Head,
    *,
    also: Mapping[str, object] = NOTHING,
) -> Entry:
    kept, dropped = mentions
    seq = head["events"] + 1
    rows = rows_of(run_id, seq, data["number"], kept, dropped)
    data["kept"], data["dropped"] = len(kept), Counter(each.reason.value for each in dropped)
    data["observations"] = {"count": len(rows), "digest": observations_digest(row[-1] for row in rows)}
    all_rows = {observations: rows, texts: texts_of(run_id, seq, kept)}
    return Entry(head["events"], kind, dumps(data).decode(), all_rows, also)
