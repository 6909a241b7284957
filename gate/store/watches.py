"""Standing watches in the run log: who listens when, what was heard, and the mood by the hour."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from gate.canonical import encode, loads, rfc3339
from gate.model import Cost, Dropped, DropReason, Period, Scored
from gate.store.opened import Opened, upserting
from gate.store.rows import storable
from gate.store.standing_tables import heard, moods, watch_sources, watches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

_EVEN = 0.5
"""The even chance, above which a mention counts as negative; as in every tally."""

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class WatchedSource:
    """How far one source of a standing watch was heard."""

    name: str
    since: datetime
    reached: datetime | None
    """Everything written since ``since`` and before this was heard; None as long as nothing was."""
    cursor: str | None
    complete: bool
    """Whether the latest poll brought all that it asked for."""
    reason: str
    """Why not."""
    cost: Cost
    """All polls so far."""


@dataclass(frozen=True, slots=True)
class StandingWatch:
    """A policy that is listened to between releases."""

    key: str
    """Of all that decides what is heard and how it is read."""
    name: str
    """Of the policy: its file, without ``.yml``."""
    path: str
    every: timedelta
    since: datetime
    next_at: datetime
    sources: tuple[WatchedSource, ...] = ()


class Watches(Opened):
    """Standing watches."""

    def watches(self) -> list[StandingWatch]:
        """Return every standing watch by name, and how far its sources were heard."""
        sources: defaultdict[str, list[WatchedSource]] = defaultdict(list)
        for row in self._rows(select(watch_sources).order_by(watch_sources.c.source)):
            sources[row["watch"]].append(_source_of(row))
        return [
            _watch_of(row, tuple(sources[row["key"]]))
            for row in self._rows(select(watches).order_by(watches.c.name, watches.c.key))
        ]

    def watch(self, key: str) -> StandingWatch | None:
        """Return one of them; None if nobody has listened yet."""
        return next((each for each in self.watches() if each.key == key), None)

    def claim(self, watch: StandingWatch) -> bool:
        """Take the next poll of a watch, if it is due and nobody else has; made where there is none."""
        now = self._clock.now()
        due, later = rfc3339(now), rfc3339(now + watch.every)
        row = {"key": watch.key, "name": watch.name, "path": watch.path, "every": int(watch.every.total_seconds()),
               "since": rfc3339(watch.since), "next_at": due}  # fmt: skip
        with self._writing() as connection:
            connection.execute(upserting(connection, watches).values(row).on_conflict_do_nothing())
            mine = (watches.c.key == watch.key) & (watches.c.next_at <= due)
            said = {"next_at": later, "name": watch.name, "path": watch.path, "every": row["every"]}
            return connection.execute(update(watches).where(mine).values(said)).rowcount == 1

    def record_heard(
        self,
        watch: StandingWatch,
        kept: Sequence[Scored],
        dropped: Sequence[Dropped],
        sources: Sequence[WatchedSource],
        keep: timedelta,
    ) -> None:
        """Record what one poll brought, and how far its sources were heard; forget what is older than ``keep``."""
        now = self._clock.now()
        with self._writing() as connection:
            fresh = _insert(connection, watch.key, kept, dropped, now)
            _count(connection, watch.name, fresh)
            for each in sources:
                row = _row_of_source(watch.key, each)
                made = upserting(connection, watch_sources).values(row)
                keys = ["watch", "source"]
                connection.execute(made.on_conflict_do_update(index_elements=keys, set_=row))
            old = (heard.c.watch == watch.key) & (heard.c.created_at < rfc3339(now - keep))
            connection.execute(delete(heard).where(old))

    def heard(
        self, key: str, source: str, since: datetime, until: datetime
    ) -> tuple[tuple[Scored, ...], tuple[Dropped, ...]]:
        """Return what counts and what does not of all heard at a source in that period, oldest first."""
        mine = heard.c.watch == key, heard.c.source == source
        # As text, parts of a second stand before the whole one: so a second more is asked for, and times are compared.
        first, last = rfc3339(since - SECOND), rfc3339(until + SECOND)
        found = self._rows(select(heard).where(*mine, heard.c.created_at >= first, heard.c.created_at < last))
        timed = [(datetime.fromisoformat(row["created_at"]), row["mention"], place) for place, row in enumerate(found)]
        rows = [found[place] for at, _, place in sorted(timed) if since <= at < until]
        kept = tuple(_scored_of(row) for row in rows if row["dropped"] is None)
        return kept, tuple(_dropped_of(row) for row in rows if row["dropped"] is not None)

    def retire(self, before: datetime) -> None:
        """Forget watches for which nobody has listened since that time. The mood by the hour stays."""
        old = select(watches.c.key).where(watches.c.next_at < rfc3339(before))
        if not self._rows(old.limit(1)):
            return  # As nearly always: then nobody need wait for a write.
        with self._writing() as connection:
            for column in (heard.c.watch, watch_sources.c.watch, watches.c.key):
                connection.execute(delete(column.table).where(column.in_(old)))


def _insert(
    connection: Connection, key: str, kept: Sequence[Scored], dropped: Sequence[Dropped], now: datetime
) -> list[Scored]:
    """Write what is new, and return what of it counts."""
    every: tuple[Scored | Dropped, ...] = (*dropped, *kept)
    rows = {
        (each.source, each.id): {"watch": key, "seen_at": rfc3339(each.seen_at or now), **_row_of(each)}
        for each in every
        if each.created_at and not (isinstance(each, Dropped) and each.reason is DropReason.DUPLICATE)
    }
    known = set()
    ids = sorted({mention for _, mention in rows})
    for start in range(0, len(ids), 500):
        some = heard.c.mention.in_([storable(each) for each in ids[start : start + 500]])
        query = select(heard.c.source, heard.c.mention).where(heard.c.watch == key, some)
        known |= {(row.source, row.mention) for row in connection.execute(query)}
    fresh = {place: row for place, row in rows.items() if tuple(map(storable, place)) not in known}
    if fresh:
        connection.execute(insert(heard), list(fresh.values()))
    return [each for each in kept if (each.source, each.id) in fresh]


def _count(connection: Connection, name: str, fresh: Sequence[Scored]) -> None:
    hours: defaultdict[datetime, list[Scored]] = defaultdict(list)
    for each in fresh:
        if not each.control:
            hours[each.created_at.replace(minute=0, second=0, microsecond=0)].append(each)
    for hour, some in hours.items():
        added = {
            "mentions": len(some),
            "negative": sum(each.negative > _EVEN for each in some),
            "score": sum(each.score for each in some),
        }
        made = upserting(connection, moods).values(name=name, hour=rfc3339(hour), **added)
        sums = {column: moods.c[column] + value for column, value in added.items()}
        connection.execute(made.on_conflict_do_update(index_elements=["name", "hour"], set_=sums))


def _row_of(each: Scored | Dropped) -> dict[str, Any]:
    row: dict[str, Any] = {
        "source": storable(each.source),
        "mention": storable(each.id),
        "created_at": rfc3339(each.created_at),  # type: ignore[arg-type]  # only those that have one
        "author": storable(each.author),
        "text_hash": each.text_hash,
        "phrases": encode(list(each.phrases)).decode(),
        "control": False,
        "negative": None,
        "score": None,
        "conversation": "",
        "lang": "",
        "scorer": "",
        "dropped": None,
        "detail": "",
        "text": None,
    }
    if isinstance(each, Dropped):
        return row | {"dropped": each.reason.value, "detail": storable(each.detail)}
    counted = {"control": each.control, "negative": each.negative, "score": each.score}
    said = {"conversation": each.conversation, "lang": each.lang, "scorer": each.scorer}
    text = storable(each.text) if each.text is not None else None
    return row | counted | {name: storable(value) for name, value in said.items()} | {"text": text}


def _scored_of(row: Mapping[str, Any]) -> Scored:
    names = ("negative", "score", "conversation", "lang", "scorer", "text", "control")
    return Scored(**_shared(row), **{name: row[name] for name in names})


def _dropped_of(row: Mapping[str, Any]) -> Dropped:
    return Dropped(**_shared(row), reason=DropReason(row["dropped"]), detail=row["detail"])


def _shared(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["mention"],
        "source": row["source"],
        "created_at": datetime.fromisoformat(row["created_at"]),
        "period": Period.BASELINE,
        "author": row["author"],
        "text_hash": row["text_hash"],
        "phrases": tuple(loads(row["phrases"].encode(), "heard.phrases")),
        "seen_at": datetime.fromisoformat(row["seen_at"]),
    }


def _row_of_source(key: str, each: WatchedSource) -> dict[str, Any]:
    return {
        "watch": key,
        "source": each.name,
        "cursor": each.cursor,
        "since": rfc3339(each.since),
        "reached": rfc3339(each.reached) if each.reached else None,
        "complete": each.complete,
        "reason": storable(each.reason),
        "requests": each.cost.requests,
        "reads": each.cost.reads,
        "usd": each.cost.usd,
    }


def _source_of(row: Mapping[str, Any]) -> WatchedSource:
    return WatchedSource(
        name=row["source"],
        since=datetime.fromisoformat(row["since"]),
        reached=datetime.fromisoformat(row["reached"]) if row["reached"] else None,
        cursor=row["cursor"],
        complete=row["complete"],
        reason=row["reason"],
        cost=Cost(row["requests"], row["reads"], row["usd"]),
    )


def _watch_of(row: Mapping[str, Any], sources: tuple[WatchedSource, ...]) -> StandingWatch:
    times = {name: datetime.fromisoformat(row[name]) for name in ("since", "next_at")}
    return StandingWatch(**{**row, **times, "every": timedelta(seconds=row["every"])}, sources=sources)
