"""Looks and verdicts as a run makes them, for tests of what keeps them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from gate.model import Coverage, Decision, Dropped, DropReason, Look, Outcome, Period, Tally, Verdict
from tests.support import DEPLOY, scored

MINUTE = timedelta(minutes=1)
COVERAGE = Coverage("list", required=True, complete=True, reason="", fetched=4, kept=3, dropped={"language": 1})
VERDICT = Verdict(
    outcome=Outcome.FAIL,
    decision=Decision.HALT,
    code="share_rose",
    reason="Fail: the share rose.",
    decided_at=DEPLOY,
    rule="share",
    odds=120.0,
    tally=Tally(3, 3, 3, 1, 0.1, 0.9, 0.2, -0.8),
    coverage=(COVERAGE,),
)
WAITING = replace(VERDICT, outcome=Outcome.WAITING, decision=Decision.HOLD, code="open")


def dropped(number: int, **fields: Any) -> Dropped:  # noqa: ANN401 - any field
    """Build a mention that was dropped for its language."""
    values: dict[str, Any] = {"source": "list", "reason": DropReason.LANGUAGE, "detail": "de", **fields}
    return Dropped(id=f"d{number}", created_at=DEPLOY, period=Period.POST, **values)


def look(number: int, verdict: Verdict = WAITING, **fields: Any) -> Look:  # noqa: ANN401 - any field
    """Build a look that kept three mentions and dropped one."""
    kept = tuple(scored(10 * number + i, 0.25 * i, phrases=("data loss",)) for i in range(3))
    values = {"kept": kept, "dropped": (dropped(number),), "next_at": None, "notes": ("slow",), **fields}
    return Look(number, DEPLOY + number * MINUTE, verdict=verdict, **values)
