"""The list of runs, as the page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flask import request

from gate.decide.words import one_in, percent
from gate.model import Outcome
from gate.report import safe
from gate.report.glyphs import UNICODE
from gate.report.html.view import TONES, signed
from gate.service.auth import principal
from gate.service.services import services
from gate.store import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.store import Line, Page

AT_ONCE = 30
LONGEST = 80
"""Characters of a search, and of a release in the list."""
CHOICES = ("running", "pass", "fail", "inconclusive", "error", "cancelled", "broken")
"""Outcomes, and the states of runs that have none."""
WIDTH, HEIGHT = 96, 28
"""Of a spark line."""
LEAST_SPAN = 0.8
"""Of the mood, from bottom to top of a spark line: noise must not look like news."""


class Spark(NamedTuple):
    """A mood over looks, as places in a small picture."""

    points: str
    """Of the line; empty where there are fewer than two."""
    usual: float | None
    """Height of the mood before the deploy."""
    last: tuple[float, float] | None


class Row(NamedTuple):
    """One run."""

    id: str
    tone: str
    mark: str
    word: str
    decision: str
    release: str
    repository: str
    at: datetime
    odds: str
    share: str
    mood: str
    mentions: str
    spark: Spark
    reason: str


class Asked(NamedTuple):
    """What the reader looks for."""

    outcome: str
    words: str
    cursor: str | None

    @property
    def any(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.outcome or self.words or self.cursor)


def asked() -> Asked:
    """Read it from the address; what makes no sense asks for nothing."""
    outcome = request.args.get("outcome", "")
    words = safe.terminal(request.args.get("q", ""))[:LONGEST]
    return Asked(outcome if outcome in CHOICES else "", words, request.args.get("cursor") or None)


def found(wanted: Asked) -> Page:
    """Return the runs that match, of those the reader may see."""
    state = State(wanted.outcome) if wanted.outcome in set(State) else None
    return services().store.page(
        AT_ONCE,
        state=state,
        outcome=None if state else wanted.outcome or None,
        repositories=principal().repositories,
        matching=wanted.words,
        cursor=wanted.cursor,
    )


def rows(lines: Sequence[Line]) -> list[Row]:
    """Say each run in words and a spark line."""
    return [_row(line) for line in lines]


def _row(line: Line) -> Row:
    glance = line.glance
    outcome = line.outcome or (Outcome.WAITING if line.state is State.RUNNING else None)
    told: dict[str, Any] = {"tone": "unsure", "mark": UNICODE.unsure, "word": line.state.value}
    if outcome:
        told = {"tone": TONES[outcome], "mark": UNICODE.outcome(outcome), "word": outcome.value}
    share = ""
    if glance and glance.share_after is not None:
        before = f"{percent(glance.share_before)} → " if glance.share_before is not None else ""
        share = f"{before}{percent(glance.share_after)}"
    odds = glance.odds if glance else None
    return Row(
        **told,
        id=line.id,
        decision=f"→ {line.decision.value}" if line.decision else "",
        release=safe.one_line(line.release, LONGEST) or "release",
        repository=safe.one_line(line.labels.get("repository", ""), LONGEST),
        at=line.deployed_at,
        odds="" if odds is None else "none" if one_in(odds) == one_in(1) else one_in(odds),
        share=share,
        mood=signed(glance.mood_after) if glance and glance.mood_after is not None else "",
        mentions=f"{glance.mentions:,}" if glance else "",
        spark=spark(glance.spark if glance else (), glance.mood_before if glance else None),
        reason=safe.one_line(_reason(line), 240),
    )


def _reason(line: Line) -> str:
    """Return the reason without the outcome in front of it, which the row begins with."""
    lead, _, rest = line.reason.partition(": ")
    return rest[:1].upper() + rest[1:] if line.outcome and lead.lower() == line.outcome.value else line.reason


def spark(moods: Sequence[float | None], usual: float | None) -> Spark:
    """Return the places of a spark line.

    >>> spark([0.2, None, -0.6], 0.2).points
    '2.0,2.0 94.0,26.0'
    """
    known = [(place, mood) for place, mood in enumerate(moods) if mood is not None]
    shown = [mood for _, mood in known] + ([usual] if usual is not None else [])
    if not shown:
        return Spark("", None, None)
    middle, span = (max(shown) + min(shown)) / 2, max(max(shown) - min(shown), LEAST_SPAN)

    def height(mood: float) -> float:
        return round(HEIGHT / 2 - (mood - middle) / span * (HEIGHT - 4), 1)

    step = (WIDTH - 4) / max(len(moods) - 1, 1)
    places = [(round(2 + place * step, 1), height(mood)) for place, mood in known]
    drawn = " ".join(f"{x},{y}" for x, y in places) if len(places) > 1 else ""
    return Spark(drawn, height(usual) if usual is not None else None, places[-1] if places else None)
