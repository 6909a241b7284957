"""Scorer ``vader``: the vaderSentiment library's results, several times faster.

Hutto & Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media
Text", ICWSM 2014. A lexicon of feeling words with rules for negation, emphasis and emoji. It is
blind to complaints that name no feeling ("the login page does not load").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        """Score each text; None where there is no letter, digit or symbol in it."""
        return [self._one(text) for text in texts]

    def languages(self) -> frozenset[str]:
        """Its lexicon is English."""
        return frozenset({"en"})

    def _one(self, text: str) -> Score | None:
        if not text.strip():
            return None
        compound = self._analyzer.polarity_scores(text)["compound"]
        return Score(negative=(1 - compound) / 2, score=compound)
