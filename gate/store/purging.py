"""Forgetting who wrote what, in a log from which nothing can be taken away unseen.

A forgotten mention leaves its scores, its times and the hash of its text: what the verdict was made of. Its row keeps the
hash it was recorded with, so that the look it belongs to still verifies; what the row says now is pinned by an
event of its own, ``purged``, at the end of the run's chain.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, select, true, update

from gate.canonical import rfc3339
from gate.store.append import append_event, head_of
from gate.store.chain import observations_digest, tombstone
from gate.store.opened import Opened, fetch
from gate.store.standing_tables import heard
from gate.store.tables import events, observations
from gate.store.texts import forget_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement

    Row = dict[str, Any]

FORGOTTEN = {"mention": "", "author": "", "conversation": ""}
"""What becomes of the fields that lead to a person."""
BETWEEN = "between releases"
"""Stands for the run of what standing watches heard."""
AT_ONCE = 500
"""Values in one query: SQLite takes 999 at least."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which mentions to forget: those that fit any of what is given, of any source unless one is named."""

    ids: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()
    """Keyed hashes, as they are stored."""
    before: datetime | None = None
    """Recorded before this time."""
    source: str = ""


class Purging(Opened):
    """The part of the run log that forgets."""

    def known_ids(self, source: str) -> list[str]:
        """Return the ids of a source's mentions that were not forgotten yet, each once."""
        wanted = (observations.c.source == source) & observations.c.purged.is_(None) & (observations.c.mention != "")
        query = select(observations.c.mention).where(wanted, observations.c.created_at.is_not(None)).distinct()
        standing = select(heard.c.mention).where(heard.c.source == source)
        return sorted({row["mention"] for each in (query, standing) for row in self._rows(each)})

    def sources(self) -> list[str]:
        """Return the names of the sources of which mentions are kept."""
        queries = select(observations.c.source).distinct(), select(heard.c.source).distinct()
        return sorted({row["source"] for query in queries for row in self._rows(query)})

    def choose(self, chosen: Chosen) -> dict[str, int]:
        """Return how many mentions would be forgotten, by run."""
        found = {run_id: len(rows) for run_id, rows in self._chosen(chosen).items()}
        kept = sum(len(self._rows(select(heard.c.mention).where(each))) for each in _kept_between(chosen))
        return {**found, **({BETWEEN: kept} if kept else {})}

    def forget(self, chosen: Chosen, why: str) -> Iterator[tuple[str, int]]:
        """Forget them, a run at a time, each in one transaction; yield the run and how many.

        Args:
            chosen: which.
            why: one clause for the log; nothing that leads to a person.

        Raises:
            StoreFault: the database fails.
        """
        for run_id, keys in self._chosen(chosen).items():
            yield run_id, self._forget(run_id, keys, why)
        # Nothing was decided by these yet, so nothing of them need stay.
        with self._writing() as connection:
            gone = sum(connection.execute(delete(heard).where(each)).rowcount for each in _kept_between(chosen))
        if gone:
            yield BETWEEN, gone

    def _chosen(self, chosen: Chosen) -> dict[str, list[tuple[int, int]]]:
        found: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
        columns = (observations.c.run_id, observations.c.seq, observations.c.position)
        for condition in _conditions(chosen):
            query = select(*columns).where(condition, observations.c.purged.is_(None))
            # The rows of a broken file are no posts.
            query = query.where(observations.c.created_at.is_not(None))
            if chosen.source:
                query = query.where(observations.c.source == chosen.source)
            for row in self._rows(query):
                found[row["run_id"]].add((row["seq"], row["position"]))
        return {run_id: sorted(keys) for run_id, keys in sorted(found.items())}

    def _forget(self, run_id: str, keys: list[tuple[int, int]], why: str) -> int:
        with self._writing() as connection:
            seq = head_of(connection, run_id)["events"] + 1
            hashes = []
            for key in keys:
                mine = _is(run_id, *key)
                for row in fetch(connection, select(observations).where(mine, observations.c.purged.is_(None))):
                    after = {**row, **FORGOTTEN, "purged": seq}
                    hashes.append(tombstone(after))
                    connection.execute(update(observations).where(mine).values(**FORGOTTEN, purged=seq))
                forget_text(connection, run_id, *key)
            if hashes:
                data = {"why": why, "mentions": len(hashes), "digest": observations_digest(hashes)}
                append_event(connection, run_id, "purged", data, self._clock.now())
        return len(hashes)


def _conditions(chosen: Chosen) -> Iterator[ColumnElement[bool]]:
    for column, values in ((observations.c.mention, chosen.ids), (observations.c.author, chosen.authors)):
        for some in _batches(values - {""}):
            yield column.in_(some)
    if chosen.before:
        old = select(events.c.run_id, events.c.seq).where(events.c.at < rfc3339(chosen.before)).subquery()
        there = and_(old.c.run_id == observations.c.run_id, old.c.seq == observations.c.seq)
        yield select(old.c.seq).where(there).exists()


def _kept_between(chosen: Chosen) -> Iterator[ColumnElement[bool]]:
    source = heard.c.source == chosen.source if chosen.source else true()
    for column, values in ((heard.c.mention, chosen.ids), (heard.c.author, chosen.authors)):
        for some in _batches(values - {""}):
            yield and_(column.in_(some), source)
    if chosen.before:
        yield and_(heard.c.seen_at < rfc3339(chosen.before), source)


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]


def _is(run_id: str, seq: int, position: int) -> ColumnElement[bool]:
    return and_(observations.c.run_id == run_id, observations.c.seq == seq, observations.c.position == position)
