"""Where a recording ends before the window does, the silence after it is nobody's calm.

The live gate knows whether a source was heard up to the end of the window; a recording does not say. That the last
mention stands some minutes before the end is chance. That it stands far longer before it than anybody was ever silent
is not: where n gaps and the one at the end are exponential with one mean, the last one is more than three times the
longest of the others in 6 of (n + 1)(n + 2)(n + 3) recordings, which is 1 in 5,000 for 30 gaps. A nightly silence is
among the gaps where the baseline holds a night.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.backtest.cases import Case
    from gate.model import Mention, Release

TIMES = 3
"""So many times as long as the longest silence before it is a silence that chance does not explain."""
FEWEST = 10
"""Mentions below which gaps tell nothing."""


def ended_early(case: Case, mentions: Sequence[Mention]) -> str:
    """Say why the recording seems to end before the window; empty where it does not.

    Args:
        case: with when its stream's recording ends.
        mentions: of its baseline and window, without the control's.
    """
    last, end = case.recorded_to, case.release.window_to
    if last is None or last >= end or len(mentions) < FEWEST:
        return ""
    if end - last <= TIMES * _longest(case.release, mentions):
        return ""
    return f"no mention is recorded after {last:%Y-%m-%d %H:%M} UTC, and the window reaches to {end:%Y-%m-%d %H:%M} UTC"


def _longest(release: Release, mentions: Sequence[Mention]) -> timedelta:
    """Return the longest silence between two mentions of the baseline, or of the window."""
    times = sorted(each.created_at for each in mentions)
    sides = ([at for at in times if at < release.baseline_to], [at for at in times if at >= release.deployed_at])
    gaps = (later - earlier for side in sides for earlier, later in pairwise(side))
    return max(gaps, default=timedelta(0))
