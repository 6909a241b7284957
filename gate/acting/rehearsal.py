"""A run that never was, to try with whether people are told: it says so in every line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.model import Decision, Occasion, Outcome, Period, Release, Tally, Verdict
from gate.report.dossier import Dossier
from gate.report.markdown import render

if TYPE_CHECKING:
    from datetime import datetime

REASON = "This is a test of Sentiment Gate's notices: no release was judged, nothing has to be done."
AFTER = timedelta(minutes=45)
BEFORE = timedelta(hours=4)
EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Voice:
    """A mention that nobody wrote."""

    created_at: datetime
    period: Period
    negative: float
    source: str = "test"
    text: str | None = None
    url: str | None = None

    @property
    def score(self) -> float:
        """Mood, -1 … 1."""
        return 1 - 2 * self.negative


def rehearsal(key: str, name: str, now: datetime) -> Occasion:
    """Return an occasion of the moment ``inconclusive``, as an action is told of a real one.

    Args:
        key: of this test.
        name: of the release, as the policy has it.
        now: when it is said to have been decided.
    """
    deployed_at = now - AFTER
    release = Release(name or "test", deployed_at, deployed_at - BEFORE, deployed_at, now)
    tally = Tally(int(BEFORE / EVERY), int(AFTER / EVERY), int(AFTER / EVERY), 1, 0.2, 0.2, 0.4, 0.4)
    verdict = Verdict(Outcome.INCONCLUSIVE, Decision.HOLD, "test", REASON, now, "", None, tally)
    times = [now - EVERY * number for number in range(1, int((BEFORE + AFTER) / EVERY))]
    voices = tuple(
        _Voice(at, Period.POST if at >= deployed_at else Period.BASELINE, (0.1, 0.3, 0.2, 0.9, 0.15)[number % 5])
        for number, at in enumerate(reversed(times))
    )
    dossier = Dossier(key, release, "done", verdict, voices=voices)

    def picture() -> bytes:
        from gate.report.picture import picture

        return picture(dossier)

    report = render(dossier.report())
    return Occasion(key, key, "inconclusive", verdict, release, markdown=report, quoting=report, picture=picture)
