"""The numbers that a run's charts show."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import fmean, median, pstdev
from typing import TYPE_CHECKING

from gate.model import Period
from gate.report.content import halt_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gate.report.dossier import Dossier, Voice

BINS = 18
"""About so many points of the mood after the deploy."""
FEW = 3
"""With fewer mentions a mean says more about one person than about the release."""
LEAD = 0.4
"""Part of the window's length that is shown from before the deploy."""
NEGATIVE = 0.5
"""A mention reads as negative above that, as in every report."""
SPREAD = 1.96
"""Standard errors: 95 of 100 means of harmless mentions lie within."""
_STEPS = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440, 2880)]
_UNITS = (("minutes", timedelta(minutes=1), timedelta(hours=4)), ("hours", timedelta(hours=1), timedelta(days=4)))


@dataclass(frozen=True, slots=True)
class Bin:
    """Some minutes, and what was written in them."""

    start: float
    """In units since the deploy; below 0 before it."""
    end: float
    count: int
    negative: int
    mood: float | None
    """Mean; None without enough mentions."""


@dataclass(frozen=True, slots=True)
class Odds:
    """What one look made of everything so far."""

    at: float
    odds: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run in numbers over time."""

    unit: str
    """``minutes``, ``hours`` or ``days``; all times are in it."""
    start: float
    end: float
    """When the window closes."""
    now: float
    """The latest look."""
    bins: tuple[Bin, ...]
    usual: float | None
    """Mean mood before the deploy."""
    band: tuple[float, float] | None
    """Where the mood of most bins would lie if nothing had changed."""
    odds: tuple[Odds, ...]
    halt: float | None
    """Odds at which the rule halts."""
    before: float | None
    """Negative share."""
    after: float | None
    interval: tuple[float, float] | None
    """Of the negative share since the deploy: the share before it plus the anytime-valid interval of the change."""
    counts: tuple[int, int]
    """Mentions before and since."""


def timeline(dossier: Dossier) -> Timeline:
    """Work out what is drawn."""
    release = dossier.release
    length = release.window_to - release.deployed_at
    name, unit = next(((name, unit) for name, unit, most in _UNITS if length <= most), ("days", timedelta(days=1)))
    step = next((step for step in _STEPS if length / step <= BINS), _STEPS[-1])
    now = dossier.looks[-1].at if dossier.looks else release.deployed_at
    before = [voice for voice in dossier.voices if voice.period is Period.BASELINE]
    after = [voice for voice in dossier.voices if voice.period is Period.POST]
    lead = _binned(before, release.deployed_at, step, unit, range(-max(round(length * LEAD / step), 1), 0))
    if sum(each.count >= FEW for each in lead) < 2:  # noqa: PLR2004 - one point is no course
        lead = []
    bins = _binned(after, release.deployed_at, step, unit, range(max(math.ceil((now - release.deployed_at) / step), 0)))
    latest = dossier.verdict
    share = next((each.numbers for each in latest.findings if each.rule == "share"), {}) if latest else {}
    tally = latest.tally if latest else None
    base = tally.share_before if tally else None
    low, high = (share.get(end) for end in ("change_low", "change_high"))
    inside = isinstance(low, float) and isinstance(high, float) and base is not None and tally and tally.mentions_post
    usual, band = _usual([voice.score for voice in before], [each.count for each in bins if each.count])
    return Timeline(
        unit=name,
        start=lead[0].start if lead else -length / unit * 0.06,
        end=length / unit,
        now=(now - release.deployed_at) / unit,
        bins=tuple(_steady([*lead, *bins])),
        usual=usual,
        band=band,
        odds=tuple(
            Odds((look.at - release.deployed_at) / unit, look.verdict.odds)
            for look in dossier.looks
            if look.verdict.odds is not None
        ),
        halt=halt_line(latest) if latest else None,
        before=base,
        after=tally.share_after if tally else None,
        interval=(max(0.0, (base or 0) + float(low or 0)), min(1.0, (base or 0) + float(high or 0)))
        if inside
        else None,
        counts=(tally.mentions_baseline, tally.mentions_post) if tally else (len(before), 0),
    )


def _binned(
    voices: Iterable[Voice], zero: datetime, step: timedelta, unit: timedelta, numbers: Sequence[int]
) -> list[Bin]:
    groups: defaultdict[int, list[Voice]] = defaultdict(list)
    for voice in voices:
        groups[(voice.created_at - zero) // step].append(voice)
    return [
        Bin(
            number * step / unit,
            (number + 1) * step / unit,
            len(groups[number]),
            sum(voice.negative > NEGATIVE for voice in groups[number]),
            fmean(voice.score for voice in groups[number]) if groups[number] else None,
        )
        for number in numbers
    ]


def _steady(bins: Sequence[Bin]) -> list[Bin]:
    """Return the bins, without the mood of those in which hardly anybody wrote, unless hardly anybody ever did."""
    if sum(each.count >= FEW for each in bins) < 2:  # noqa: PLR2004 - one point is no course
        return list(bins)
    return [each if each.count >= FEW else replace(each, mood=None) for each in bins]


def _usual(scores: Sequence[float], counts: Sequence[int]) -> tuple[float | None, tuple[float, float] | None]:
    if not scores:
        return None, None
    mean = fmean(scores)
    reach = SPREAD * pstdev(scores) / math.sqrt(median(counts) if counts else 4)
    return mean, (max(-1.0, mean - reach), min(1.0, mean + reach))
