"""What ``gate doctor`` says of a database, from one query over the last week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gate.model import Check, Cost, Rate
from gate.sources.sql.harvest import Wanted

if TYPE_CHECKING:
    from gate.errors import SourceFault
    from gate.ports import SourceContext
    from gate.sources.sql.harvest import Harvest
    from gate.sources.sql.source import Source

TIMEOUT = timedelta(seconds=15)
MOST = 10_000
WEEK = timedelta(days=7)
_EVER = datetime(1970, 1, 2, tzinfo=UTC)
_DAY = timedelta(days=1)
_SKEW = timedelta(minutes=5)


def refused(fault: SourceFault) -> list[Check]:
    """Say why the database gave no answer."""
    detail = f"{fault.message}: {fault.quote}" if fault.quote else fault.message
    return [Check("query", ok=False, detail=detail, fix=fault.hint)]


def report(source: Source, context: SourceContext) -> list[Check]:
    """Run the query and say what it brought.

    Raises:
        SourceFault: it brought nothing.
    """
    now = context.clock.now()
    # A day more: times read in the wrong zone lie in the future.
    found = source.harvest(Wanted(now - WEEK, now + _DAY, context.stream, frozenset(), MOST), TIMEOUT)
    checks = [_access(source), *_unreadable(found)]
    if found.newest is None:
        return checks if found.unreadable else [*checks, _silence(source, now, context)]
    mentions = found.mentions()
    count = f"more than {MOST:,}" if found.more or not found.finished else f"{len(mentions):,}"
    order = (
        "" if found.ordered else "; the rows are not in order of time, so polls that are cut start over: ORDER BY it"
    )
    detail = f"{count} mentions in the last seven days, the newest of {found.newest:%Y-%m-%d %H:%M} UTC{order}"
    whole = found.finished and not found.more
    rate = Rate(len(mentions) / (WEEK / timedelta(hours=1)) if whole else None, look=Cost(), free=True)
    checks.append(Check("query", ok=True, detail=detail, rate=rate))
    if found.newest > now + _SKEW:
        detail = f"the newest mention is of {found.newest:%Y-%m-%d %H:%M} UTC, which is in the future"
        checks.append(Check("times", ok=False, detail=detail, fix="set the `timezone` of the table's times"))
    return [*checks, *_misfit(found, source)]


def _access(source: Source) -> Check:
    database = source.open()
    if database.protected:
        return Check("access", ok=True, detail=f"{database.name} answers, and is opened for reading only")
    detail = f"{database.name} answers; {database.kind} is not told to refuse writing: use an account that may not"
    return Check("access", ok=True, detail=detail)


def _unreadable(found: Harvest) -> list[Check]:
    if not found.unreadable:
        return []
    first = found.unreadable[0]
    detail = f"rows that are no mentions: {len(found.unreadable):,}; {first.where}: {first.why}"
    return [Check("query", ok=False, detail=detail, fix="correct the query or the options of this source")]


def _silence(source: Source, now: datetime, context: SourceContext) -> Check:
    """Tell a quiet week from a query that never finds anything."""
    ever = source.harvest(Wanted(_EVER, now - WEEK, context.stream, frozenset(), MOST), TIMEOUT)
    if ever.newest is not None:
        detail = f"nothing in the last seven days; there are mentions up to {ever.newest:%Y-%m-%d %H:%M} UTC"
        return Check("query", ok=True, detail=detail)
    fix = "see that `times` says how the table keeps them, and that the query compares them with :since and :until"
    return Check("query", ok=False, detail="no mention at all, of whatever time", fix=fix)


def _misfit(found: Harvest, source: Source) -> list[Check]:
    if found.first_time is None or not (shape := source.stamps.misfit(*found.first_time)):
        return []
    detail = f"the table writes times as {shape}, and they are compared as text with {source.options.times!r}"
    return [Check("times", ok=False, detail=detail, fix="write `times` as the table does, or rows will be missed")]
