"""Lists of runs: one query a page, however many runs there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from gate.canonical import from_plain, loads
from gate.errors import NoSuchRun, UsageFault
from gate.model import NOTHING, Decision, Outcome, Verdict
from gate.store.glance import glance_of
from gate.store.opened import Cell, Opened
from gate.store.rows import State, storable
from gate.store.tables import labels, runs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gate.store.glance import Glance

MOST = 200
_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_LAST_ID = "991231-235960"
_COLUMNS = [runs.c[name] for name in ("id", "created_at", "finished_at", "state", "release", "deployed_at",
            "window_to", "dry_run", "labels", "outcome", "decision", "code", "reason", "glance")]  # fmt: skip
_ALSO = (runs.c.policy_digest, runs.c.events, runs.c.head, runs.c.latest)
# Put together once: it is asked for all the time.
_STANDING = select(*_COLUMNS, *_ALSO).where(runs.c.id == bindparam("run_id"))
_HEAD = select(runs.c.head).where(runs.c.id == bindparam("run_id"))


@dataclass(frozen=True, slots=True)
class Line:
    """One run in a list: without its policy, with how it stands."""

    id: str
    created_at: datetime
    finished_at: datetime | None
    state: State
    release: str
    deployed_at: datetime
    window_to: datetime
    dry_run: bool
    labels: Mapping[str, str]
    outcome: Outcome | None
    decision: Decision | None
    code: str
    reason: str
    glance: Glance | None
    """None before the first look, and for runs from before there was one."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some runs, newest first, and how to get the next ones."""

    lines: tuple[Line, ...]
    cursor: str | None
    """For the next page; None on the last one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one run stands: all that is answered about it without reading its events."""

    line: Line
    policy_digest: str
    events: int
    head: str
    latest: bytes | None
    """The latest verdict, canonical JSON; None before the first look."""


class Listing(Opened):
    """Runs found by what they are of."""

    def page(  # noqa: C901, PLR0913 - all by name, and each its own condition
        self,
        limit: int = 50,
        *,
        state: State | None = None,
        outcome: str | None = None,
        release: str | None = None,
        labels: Mapping[str, str] = NOTHING,
        repositories: Collection[str] | None = None,
        matching: str = "",
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        cursor: str | None = None,
    ) -> Page:
        """Return the newest runs that match all that is given.

        Args:
            limit: of runs on the page, 1 … 200.
            state: where they are in their life.
            outcome: as ended.
            release: exactly.
            labels: all of them exactly.
            repositories: labelled with one of these; None for any, and for none.
            matching: in the release or a label, or the beginning of the id, capitals or not.
            created_from: at this time or later, to the second.
            created_to: before this time, to the second.
            cursor: from the page before.

        Raises:
            UsageFault: the cursor is none of ours, or the limit out of bounds.
        """
        if not 1 <= limit <= MOST:
            message = f"limit must be 1 … {MOST}, not {limit}"
            raise UsageFault(message, hint="ask for the next page with its cursor")
        # Ids begin with the second the run began in, so their order is by time and needs no other index.
        query = select(*_COLUMNS).order_by(runs.c.id.desc()).limit(limit + 1)
        for column, value in ((runs.c.state, state), (runs.c.outcome, outcome), (runs.c.release, release)):
            if value is not None:
                query = query.where(column == storable(str(value)))
        for name, value in labels.items():
            query = query.where(runs.c.id.in_(_labelled(name, value)))
        if repositories is not None:
            query = query.where(runs.c.id.in_(_labelled("repository", *repositories)))
        if matching:
            query = query.where(_mentions(storable(matching)))
        if created_from:
            query = query.where(runs.c.id >= _first_id(created_from))
        if created_to:
            query = query.where(runs.c.id < _first_id(created_to))
        if cursor is not None:
            if not cursor.isascii() or len(cursor) > MOST:
                message = "the cursor is none of ours"
                raise UsageFault(message, hint="begin again without one")
            query = query.where(runs.c.id < storable(cursor))
        rows = self._rows(query)
        more = len(rows) > limit
        return Page(tuple(map(_line_of, rows[:limit])), rows[limit - 1]["id"] if more else None)

    def standing(self, run_id: str) -> Standing:
        """Return how a run stands, at the cost of one row.

        Raises:
            NoSuchRun: there is none of that id.
        """
        for row in self._rows(_STANDING, run_id=storable(run_id)):
            rest = {column.name: row.pop(column.name) for column in _ALSO}
            latest = rest.pop("latest")
            return Standing(_line_of(row), **rest, latest=latest.encode() if latest is not None else None)
        message = f"there is no run {run_id!r}"
        raise NoSuchRun(message, hint="gate runs lists them")

    def head(self, run_id: str) -> str:
        """Return the last hash of a run's log: as long as it is the same, nothing about the run has changed.

        Raises:
            NoSuchRun: there is none of that id.
        """
        if (head := self._head(run_id)) is not None:
            return str(head)
        message = f"there is no run {run_id!r}"
        raise NoSuchRun(message, hint="gate runs lists them")

    @cached_property
    def _head(self) -> Cell:
        return Cell(self, _HEAD)

    def verdict(self, run_id: str) -> Verdict | None:
        """Return the latest verdict of a run, WAITING while it is under way; None before the first look.

        Raises:
            NoSuchRun: there is none of that id.
        """
        for row in self._rows(select(runs.c.latest).where(runs.c.id == run_id)):
            if row["latest"] is None:
                return None
            return from_plain(Verdict, loads(row["latest"].encode(), "runs.latest"), "runs.latest")
        message = f"there is no run {run_id!r}"
        raise NoSuchRun(message, hint="gate runs lists them")


def _first_id(moment: datetime) -> str:
    """Return what stands before every id of a run that began then or later, in any time zone and any year."""
    # Ids are made in UTC, and have two digits for the year.
    utc = moment.astimezone(UTC)
    return "" if utc.year < _FIRST_YEAR else _LAST_ID if utc.year > _LAST_YEAR else f"{utc:%y%m%d-%H%M%S}"


def _labelled(name: str, *values: str) -> Any:  # noqa: ANN401 - SQLAlchemy's expressions
    known = [storable(each) for each in values]
    return select(labels.c.run_id).where((labels.c.name == storable(name)) & labels.c.value.in_(known))


def _mentions(words: str) -> Any:  # noqa: ANN401 - SQLAlchemy's expressions
    some = select(labels.c.run_id).where(labels.c.value.icontains(words, autoescape=True))
    named = runs.c.release.icontains(words, autoescape=True) | runs.c.id.in_(some)
    return named | runs.c.id.startswith(words, autoescape=True)


def _line_of(row: Mapping[str, Any]) -> Line:
    times = {name: datetime.fromisoformat(row[name]) for name in ("created_at", "deployed_at", "window_to")}
    read = {
        "finished_at": datetime.fromisoformat(row["finished_at"]) if row["finished_at"] else None,
        "state": State(row["state"]),
        "labels": loads(row["labels"].encode(), "runs.labels"),
        "outcome": Outcome(row["outcome"]) if row["outcome"] else None,
        "decision": Decision(row["decision"]) if row["decision"] else None,
        "code": row["code"] or "",
        "reason": row["reason"] or "",
        "glance": glance_of(row["glance"]) if row["glance"] else None,
    }
    return Line(**{**row, **times, **read})
