"""Whether the baseline and the window are alike enough to be compared; explains a verdict, and never makes one.

Every note needs both a change that matters and one that chance does not explain, as it is read by people
who are about to decide.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from gate.insight.traces import Trace
    from gate.model import Release, Scored

FASTER = 3.0
"""Mentions that come this many times as fast, or as slowly, are told."""
SHIFTED = 0.15
"""A language's or a source's part of the mentions that changed by this much is told."""
BURST = 0.3
"""A stretch of the baseline whose mean mood (-1 … 1) is this far from the rest's is told …"""
BURST_MENTIONS = 10
"""… if it holds as many mentions …"""
BURST_SHARE = 0.5
"""… and no more than this part of the baseline: of two halves nobody can say which is the burst."""
SURE = 4.0
"""Standard errors that chance hardly ever reaches; one more for a stretch picked out of thousands."""
BLOCK = timedelta(hours=1)
MOST_BLOCKS = 200
LONGEST_BURST = 24
"""Blocks."""


def comparability(
    release: Release,
    before: Sequence[Scored | Trace],
    after: Sequence[Scored | Trace],
    *,
    match: timedelta | None = None,
) -> tuple[str, ...]:
    """Return one sentence for each way in which the two sides of the deploy are not alike.

    Args:
        release: the periods.
        before: kept mentions of the baseline.
        after: kept mentions since the deploy, the window having closed or the verdict having fallen.
        match: the cycle by which baseline mentions were matched with the window's hours; None where all count.
    """
    before, after = [*before], [*after]  # Traces are made anew each time they are gone through.
    notes = [*_burst(before)]
    if before and after:
        notes += _volume(release, before, after, match)
        notes += _mix("language", Counter(each.lang for each in before), Counter(each.lang for each in after))
        notes += _mix("source", Counter(each.source for each in before), Counter(each.source for each in after))
    return tuple(notes)


def _volume(
    release: Release,
    before: Sequence[Scored | Trace],
    after: Sequence[Scored | Trace],
    match: timedelta | None,
) -> Iterator[str]:
    measured, elapsed = _measured(release, match), after[-1].created_at - release.deployed_at
    if not (measured > timedelta(0) and elapsed > timedelta(0)):
        return
    usual = len(before) * (elapsed / measured)
    ratio = len(after) / usual
    # The variance of a count less a scaled one, both Poisson.
    error = math.sqrt(usual + usual**2 / len(before))
    if abs(len(after) - usual) < SURE * error or 1 / FASTER < ratio < FASTER:
        return
    how = f"{_round(ratio)} times as fast" if ratio > 1 else f"{_round(1 / ratio)} times as slowly"
    yield f"mentions came {how} as in the baseline, so other people may be speaking"


def _measured(release: Release, match: timedelta | None) -> timedelta:
    """Time of the baseline in which mentions count: all of it, or the window's hours in each cycle."""
    length = release.baseline_to - release.baseline_from
    if match is None:
        return length
    hours = release.window_to - release.deployed_at.replace(minute=0, second=0, microsecond=0)
    return length * min(1.0, hours / match)


def _mix(what: str, before: Counter[str], after: Counter[str]) -> Iterator[str]:
    n, m = before.total(), after.total()
    shifts = []
    for name in before | after:
        old, new = before[name] / n, after[name] / m
        pooled = (before[name] + after[name]) / (n + m)
        error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        if abs(new - old) >= SHIFTED and abs(new - old) > SURE * error:
            shifts.append((abs(new - old), name, old, new))
    if shifts:
        _, name, old, new = max(shifts)
        yield (
            f"the mix of {what}s changed: {name or f'unknown {what}'} {old * 100:.0f} % of the mentions before "
            f"the deploy, {new * 100:.0f} % since"
        )


class _Stretch(NamedTuple):
    errors: float
    """Standard errors between its mood and the rest's."""
    first: int
    last: int
    """Its blocks."""
    mentions: int
    mood: float
    others: float


def _burst(before: Sequence[Scored | Trace]) -> Iterator[str]:
    """Find the stretch of the baseline whose mood differs most from the rest's, among all of up to 24 blocks."""
    if len(before) < 2 * BURST_MENTIONS:
        return
    start = min(each.created_at for each in before)
    width = max(BLOCK, (max(each.created_at for each in before) - start) / MOST_BLOCKS)
    counts, sums = [0.0], [0.0]
    per_block: defaultdict[int, int] = defaultdict(int)
    moods: defaultdict[int, float] = defaultdict(float)
    for each in before:
        block = (each.created_at - start) // width
        per_block[block] += 1
        moods[block] += each.score
    for block in range(max(per_block) + 1):
        counts.append(counts[-1] + per_block[block])
        sums.append(sums[-1] + moods[block])
    mean = sums[-1] / len(before)
    spread = math.sqrt(math.fsum((each.score - mean) ** 2 for each in before) / len(before))
    found = max(_stretches(counts, sums, spread), default=None)
    if found and found.errors > SURE + 1:
        yield _told(found, start, width)


def _stretches(counts: Sequence[float], sums: Sequence[float], spread: float) -> Iterator[_Stretch]:
    total = counts[-1]
    for first in range(len(counts) - 1):
        for last in range(first + 1, min(first + LONGEST_BURST, len(counts) - 1) + 1):
            count = counts[last] - counts[first]
            if count > BURST_SHARE * total:
                break
            if count < BURST_MENTIONS:
                continue
            mood = (sums[last] - sums[first]) / count
            others = (sums[-1] - sums[last] + sums[first]) / (total - count)
            if abs(mood - others) >= BURST:
                errors = abs(mood - others) / (spread * math.sqrt(1 / count + 1 / (total - count)))
                yield _Stretch(errors, first, last, int(count), mood, others)


def _told(found: _Stretch, start: datetime, width: timedelta) -> str:
    what = "praise" if found.mood > found.others else "anger"
    first, last = start + found.first * width, start + found.last * width
    until = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%Y-%m-%d %H:%M}"
    return (
        f"the baseline holds a burst of {what}, {first:%Y-%m-%d %H:%M} to {until} UTC: "
        f"mood {found.mood:+.2f} over {found.mentions:,} mentions, {found.others:+.2f} otherwise"
    )


def _round(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"  # noqa: PLR2004 - two digits are enough
