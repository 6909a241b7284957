"""Scorer ``vader``: the vaderSentiment library's results, several times faster.

Hutto & Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media
Text", ICWSM 2014. A lexicon of feeling words with rules for negation, emphasis and emoji. It is
blind to complaints that name no feeling ("the login page does not load").
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
    """Maps VADER's compound c (-1 … 1) to P(negative) = (1 - c) / 2."""

    def __init__(self, options: Options) -> None:
        """Load the lexicon that comes with the library."""
        from gate.lexicon import FastVader

        self.options = options
        self._analyzer = FastVader()

    def score(self, texts: Sequence[str]) -> list[Score | None]:
        """Score each text; None where there is nothing to see in it."""
        return [self._one(text) for text in texts]

    def languages(self) -> frozenset[str]:
        """Its lexicon is English."""
        return frozenset({"en"})

    def explain(self, text: str) -> list[tuple[str, float]]:
        """Return the lexicon's words in the text, strongest first, each with its valence in context (-4 … 4 and more).

        The valence is after negation, emphasis by words and capitals, and "but". The compound is
        their sum s, plus emphasis by marks, as s / sqrt(s² + 15).
        """
        return sorted(self._analyzer.contributions(text), key=lambda pair: -abs(pair[1]))

    def _one(self, text: str) -> Score | None:
        if not says_something(text):
            return None
        compound = self._analyzer.compound(text)
        return Score(negative=(1 - compound) / 2, score=compound)
