"""A run at a glance: the few numbers that a list of runs shows, kept beside the run as they change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.canonical import from_plain, loads

if TYPE_CHECKING:
    from gate.model import Look

MOST_MOODS = 60


@dataclass(frozen=True, slots=True)
class Glance:
    """How a run stood at its latest look."""

    looks: int
    outcome: str
    odds: float | None
    share_before: float | None
    share_after: float | None
    mood_before: float | None
    mood_after: float | None
    mentions: int
    """Kept, after the deploy."""
    spark: tuple[float | None, ...]
    """Mood after the deploy at the latest looks, oldest first."""


def glanced(before: str | None, look: Look) -> Glance:
    """Return how the run stands after a look, given how it stood before it (canonical JSON)."""
    verdict, tally = look.verdict, look.verdict.tally
    moods = glance_of(before).spark if before else ()
    return Glance(
        looks=look.number,
        outcome=verdict.outcome.value,
        odds=verdict.odds,
        share_before=tally.share_before,
        share_after=tally.share_after,
        mood_before=tally.mood_before,
        mood_after=tally.mood_after,
        mentions=tally.mentions_post,
        spark=(*moods, tally.mood_after)[-MOST_MOODS:],
    )


def glance_of(text: str) -> Glance:
    """Read it back.

    Raises:
        EvidenceFault: somebody wrote something else there.
    """
    return from_plain(Glance, loads(text.encode(), "runs.glance"), "runs.glance")
