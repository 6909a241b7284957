"""Scorer ``blend``: our own small model of words, letters and short phrases, beside VADER; the default.

It knows what a lexicon cannot: "won't load", "since the update", "logged out again". Trained on public posts (see the card);
needs numpy, and no other library for learning. Its probabilities are calibrated for everyday tweets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.language import says_something
from gate.model import Score

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Options:
    """It has none."""


class Scorer:
    """Gives P(negative), P(neutral) and P(positive) of a text."""

    def __init__(self, options: Options) -> None:
        """Load the weights that come with the package."""
        # numpy takes a while to import, and only this scorer needs it.
        from gate.scorers.blend.model import Blend

        self.options = options
        self._blend = Blend()

    def score(self, texts: Sequence[str]) -> list[Score | None]:
        """Score each text; None where there is nothing to read in it."""
        readable = [text if says_something(text) else "" for text in texts]
        shares = iter(self._blend.score_batch([text for text in readable if text]))
        return [_score(*next(shares)) if text else None for text in readable]

    def languages(self) -> frozenset[str]:
        """It was trained on English."""
        return frozenset({"en"})

    def explain(self, text: str) -> list[tuple[str, float]]:
        """Return the words that moved the score, strongest first; below zero is towards negative."""
        return [(word, -weight) for word, weight in self._blend.explain(text)]


def _score(negative: float, neutral: float, positive: float) -> Score:
    return Score(negative=negative, neutral=neutral, positive=positive, score=positive - negative)
