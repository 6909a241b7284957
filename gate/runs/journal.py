"""The memory of a run: all that its looks were given, so that another process stands where this one stood.

The engine is driven by what sources deliver, by what the clock and the ledger say and by the scores; nothing else
comes from outside. Each of these is written down, look by look, in the transaction that records the look. Given the same again,
the engine is in the same state again: no source is asked twice, and no read is paid for twice.
"""

from __future__ import annotations

import zlib
from collections import deque
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from gate.canonical import dumps, from_plain, loads, rfc3339, to_plain
from gate.errors import EvidenceFault, GateError, SourceDown, SourceFault, SourceRefused
from gate.http.stopping import pause
from gate.model import Cost, Fetch, Score
from gate.remembering import Remembered
from gate.runs.lanes import LANES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from gate.model import Check, Request
    from gate.ports import Clock, Ledger, Scorer, Source
    from gate.remembering import Memory

    Entry = list[Any]
    """What was asked, of whom, and the answer."""

LONGEST_WAIT = timedelta(minutes=1)
"""More than a source that is down is waited for at the end of a window (``Ear.insist``)."""


class Later(Exception):
    """The look has to wait for longer than it may keep a thread from other runs: it is to be made again at ``at``."""

    def __init__(self, at: datetime) -> None:
        """Take when."""
        super().__init__()
        self.at = at


class Misfit(GateError):
    """The engine asks something else than it did: it, or a plug-in, has changed since."""


class Journal:
    """Clock, sources and scorers of one run, with a memory. Used by one thread at a time."""

    def __init__(self, clock: Clock) -> None:
        """Remember nothing yet."""
        self._clock = clock
        self._fresh: list[Entry] = []
        self._past: deque[Entry] | None = None

    def now(self) -> datetime:
        """Return the time, now or then."""
        if self._past is not None:
            return datetime.fromisoformat(self._recall("now", None))
        now = self._clock.now()
        self._fresh.append(["now", None, rfc3339(now)])
        return now

    def wait(self, duration: timedelta) -> None:
        """Block for that time, unless it has passed before.

        Raises:
            Later: that would be for too long.
            Cancelled: the process was told to stop.
        """
        seconds = duration.total_seconds()
        if self._past is not None:
            self._recall("wait", seconds)
            return
        if duration > LONGEST_WAIT:
            raise Later(self._clock.now() + duration)
        LANES.waiting()(pause)(self._clock, duration)
        self._fresh.append(["wait", seconds, None])

    def source(self, number: int, source: Source) -> Source:
        """Return a source that remembers; ``number`` tells the sources of a run apart."""
        return _Source(self, number, source)

    def scorer(self, number: int, scorer: Scorer) -> Scorer:
        """Return a scorer that remembers; ``number`` tells the scorers of a run apart."""
        return _Scorer(self, number, scorer)

    def ledger(self, ledger: Ledger) -> Ledger:
        """Return a ledger that books nothing twice."""
        return _Ledger(self, ledger)

    def memory(self, memory: Memory) -> Memory:
        """Return a memory of what was heard before the deploy that says the same again."""
        return _Memory(self, memory)

    def drain(self, until: datetime | None = None) -> bytes:
        """Return what is new since the last time, packed.

        Args:
            until: for entries that stand for all looks so far: which look they end with.
        """
        packed = zlib.compress(dumps({"until": until, "entries": self._fresh}), level=1)
        self._fresh = []
        return packed

    @contextmanager
    def replaying(self, packed: bytes) -> Iterator[datetime | None]:
        """Answer from what was packed while the block runs; yields what ``drain`` was told.

        Raises:
            Misfit: something else was asked, or not all of it.
        """
        try:
            plain = loads(zlib.decompress(packed), "the journal")
            until = datetime.fromisoformat(plain["until"]) if plain["until"] else None
            self._past = deque(plain["entries"])
            yield until
        except (EvidenceFault, zlib.error, KeyError, TypeError, ValueError) as error:
            message = f"an entry cannot be read: {error}"
            raise Misfit(message) from error
        else:
            if self._past:
                message = f"{len(self._past)} entries were not asked for"
                raise Misfit(message)
        finally:
            self._past = None

    def fetch(self, number: int, source: Source, request: Request) -> Fetch:
        """Ask a source, or remember what it said."""
        key = [number, rfc3339(request.since), rfc3339(request.until), request.cursor]
        if self._past is not None:
            return _fetched(self._recall("fetch", key))
        try:
            fetch = LANES.waiting()(source.fetch)(request)
        except SourceFault as fault:
            said = {"message": fault.message, "hint": fault.hint, "quoted": bool(fault.quote)}
            self._fresh.append(["fetch", key, {"fault": {**said, "permanent": fault.permanent}}])
            raise
        try:
            plain = to_plain(fetch)
            # What is remembered counts from the start, so that both are the same to the last character. Where they are,
            # the source's own is handed on: it is in memory already.
            if (remembered := from_plain(Fetch, plain, "a source")) != fetch:
                fetch = remembered
        except EvidenceFault:
            plain = None  # A plug-in that bends the types: it will be asked again.
        self._fresh.append(["fetch", key, {"fetch": plain}])
        return fetch

    def score(self, number: int, scorer: Scorer, texts: Sequence[str]) -> list[Score | None]:
        """Score texts, or remember what they scored."""
        key = [number, len(texts)]
        if self._past is not None:
            return [Score(*row) if row else None for row in self._recall("score", key)]
        scores = list(scorer.score(texts))
        rows = [[each.negative, each.score, each.neutral, each.positive] if each else None for each in scores]
        self._fresh.append(["score", key, rows])
        return scores

    def spent(self, ledger: Ledger, account: str, day: date) -> Cost:
        """Ask the ledger, or remember what it said."""
        key = [account, day.isoformat()]
        if self._past is not None:
            return from_plain(Cost, self._recall("spent", key), "the journal")
        cost = ledger.spent(account, day)
        self._fresh.append(["spent", key, to_plain(cost)])
        return cost

    def spend(self, ledger: Ledger, account: str, day: date, cost: Cost) -> None:
        """Book what was spent, unless it was booked before."""
        key = [account, day.isoformat()]
        if self._past is not None:
            self._recall("spend", key)
            return
        ledger.spend(account, day, cost)
        self._fresh.append(["spend", key, None])

    def recall(self, memory: Memory, source: str, since: datetime, until: datetime) -> Remembered | None:
        """Take what was heard before the deploy, or what was taken then."""
        key = [source, rfc3339(since), rfc3339(until)]
        if self._past is not None:
            answer = self._recall("recall", key)
            return from_plain(Remembered, answer, "the journal") if answer else None
        found = memory.recall(source, since, until)
        self._fresh.append(["recall", key, to_plain(found) if found else None])
        return found

    def _recall(self, what: str, key: object) -> Any:  # noqa: ANN401 - as it was written down
        assert self._past is not None  # noqa: S101 - for the type checker
        kind, known, answer = self._past.popleft() if self._past else ("nothing", None, None)
        if (kind, known) != (what, key):
            message = f"{what} was asked for, {kind} was remembered"
            raise Misfit(message)
        return answer


class _Source:
    def __init__(self, journal: Journal, number: int, source: Source) -> None:
        self._journal, self._number, self._source = journal, number, source

    def fetch(self, request: Request) -> Fetch:
        return self._journal.fetch(self._number, self._source, request)

    def check(self) -> Sequence[Check]:
        return self._source.check()

    def close(self) -> None:
        self._source.close()


class _Scorer:
    def __init__(self, journal: Journal, number: int, scorer: Scorer) -> None:
        self._journal, self._number, self._scorer = journal, number, scorer

    def score(self, texts: Sequence[str]) -> list[Score | None]:
        return self._journal.score(self._number, self._scorer, texts)

    def languages(self) -> frozenset[str]:
        return self._scorer.languages()


class _Ledger:
    def __init__(self, journal: Journal, ledger: Ledger) -> None:
        self._journal, self._ledger = journal, ledger

    def spent(self, account: str, day: date) -> Cost:
        return self._journal.spent(self._ledger, account, day)

    def spend(self, account: str, day: date, cost: Cost) -> None:
        self._journal.spend(self._ledger, account, day, cost)


class _Memory:
    def __init__(self, journal: Journal, memory: Memory) -> None:
        self._journal, self._memory = journal, memory

    def recall(self, source: str, since: datetime, until: datetime) -> Remembered | None:
        return self._journal.recall(self._memory, source, since, until)


def _fetched(answer: dict[str, Any]) -> Fetch:
    if said := answer.get("fault"):
        kind = SourceRefused if said["permanent"] else SourceDown
        # What was quoted was not kept: only that there was something.
        raise kind(said["message"], hint=said["hint"], quote="…" if said["quoted"] else "")
    return from_plain(Fetch, answer["fetch"], "the journal")
