"""What is kept of every mention of a run for as long as it lasts: a few bytes each, as there may be many runs."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, overload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gate.model import Scored

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class Trace(NamedTuple):
    """One kept mention, as far as the two sides of the deploy are compared by it."""

    created_at: datetime
    score: float
    lang: str
    source: str


class Traces(Sequence[Trace]):
    """Kept mentions in the order they were folded.

    >>> from datetime import datetime, timezone
    >>> traces = Traces()
    >>> traces.add([Trace(datetime(2026, 3, 10, 14, 0, 0, 1, tzinfo=timezone.utc), 0.5, "en", "x")])
    >>> len(traces), traces[-1].score, traces[0].created_at.microsecond, list(traces) == traces[:]
    (1, 0.5, 1, True)
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._times = array("q")
        self._scores = array("d")
        self._kinds: list[tuple[str, str]] = []
        self._known: dict[tuple[str, str], tuple[str, str]] = {}

    def add(self, mentions: Iterable[Scored | Trace]) -> None:
        """Append mentions."""
        for each in mentions:
            self._times.append((each.created_at - _EPOCH) // _TICK)
            self._scores.append(each.score)
            kind = (each.lang, each.source)
            self._kinds.append(self._known.setdefault(kind, kind))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._times)

    def __iter__(self) -> Iterator[Trace]:
        """Go through them, several times as fast as place by place."""
        for time, score, kind in zip(self._times, self._scores, self._kinds, strict=True):
            yield Trace(_EPOCH + time * _TICK, score, *kind)

    @overload
    def __getitem__(self, place: int) -> Trace: ...

    @overload
    def __getitem__(self, place: slice) -> list[Trace]: ...

    def __getitem__(self, place: int | slice) -> Trace | list[Trace]:
        """Return one of them, or some."""
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return Trace(_EPOCH + self._times[place] * _TICK, self._scores[place], *self._kinds[place])
