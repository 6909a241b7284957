"""Dossiers to draw and to tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gate.model import Outcome, Period
from gate.report.dossier import Dossier, Glimpse
from gate.report.story import Entry
from tests.report.verdicts import FAIL, FINDINGS, NOTHING
from tests.support import DEPLOY, release


@dataclass(frozen=True)
class Said:
    """A mention that counts."""

    created_at: datetime
    period: Period
    negative: float
    text: str | None = None
    url: str = ""
    source: str = "x"

    @property
    def score(self) -> float:
        """Mood."""
        return 1 - 2 * self.negative


def minutes(number: float) -> datetime:
    """Return a time after the deploy."""
    return DEPLOY + timedelta(minutes=number)


def dossier(**fields: object) -> Dossier:
    """Build a run that failed after 17 looks, with mentions before and since."""
    share = replace(FINDINGS[0], numbers={**FINDINGS[0].numbers, "change_low": 0.12, "change_high": 0.6})
    verdict = replace(FAIL, findings=(share, *FINDINGS[1:]))
    waiting = replace(verdict, outcome=Outcome.WAITING)
    looks = tuple(
        Glimpse(number, minutes(number), minutes(number + 1), 3, 1, replace(waiting, odds=1.6**number))
        for number in range(1, 17)
    )
    before = tuple(
        Said(minutes(-number * 0.7), Period.BASELINE, 0.1 + 0.4 * (number % 5 == 0)) for number in range(1, 90)
    )
    since = tuple(Said(minutes(number * 0.35), Period.POST, 0.2 + 0.6 * (number > 15)) for number in range(1, 48))
    values: dict[str, object] = {
        "run": "261121-140000-x7k2qa",
        "release": release(),
        "state": "done",
        "verdict": verdict,
        "looks": (*looks, Glimpse(17, minutes(17), None, 3, 1, verdict)),
        "voices": (*before, *since),
        "labels": {"repository": "brimly/web"},
        "log": (Entry("verdict", minutes(17), ("verdict: FAIL",)),),
        **fields,
    }
    return Dossier(**values)  # type: ignore[arg-type]


def unseen() -> Dossier:
    """Build a run of which nothing is known yet."""
    return dossier(state="running", verdict=None, looks=(), voices=(), log=())


def silent() -> Dossier:
    """Build a run in which nobody has said anything, before or since."""
    verdict = replace(FAIL, outcome=Outcome.INCONCLUSIVE, odds=None, tally=NOTHING, findings=())
    return dossier(voices=(), verdict=verdict, looks=(Glimpse(1, minutes(45), None, 0, 0, verdict),))
