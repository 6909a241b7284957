"""The scorer itself: embeddings and what ``blend`` reads → probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.language import says_something
from gate.model import Score
from gate.neural import imported
from gate.scorers.embedding.encoder import Encoder
from gate.scorers.embedding.head import Head
from gate.scorers.embedding.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Options:
    """It has none."""


class Scorer:
    """Calibrated probabilities from what a text means beside the words it is made of."""

    def __init__(self, options: Options) -> None:
        """Open the model, its tokenizer and the head.

        Raises:
            ScorerFault: the extra is not installed, or its packages hold other files than the head was fitted to.
        """
        imported("numpy")
        self.options = options
        self._head = Head()
        self._reader = Reader()
        self._encoder = Encoder()

    def score(self, texts: Sequence[str]) -> list[Score | None]:
        """Score each text; None where there is nothing to read in it.

        Raises:
            ScorerFault: the model failed.
        """
        wanted = [place for place, text in enumerate(texts) if says_something(text)]
        scores: list[Score | None] = [None] * len(texts)
        if not wanted:
            return scores
        given = [texts[place] for place in wanted]
        shares = self._head.shares(self._encoder.encode(given), self._reader.read(given))
        for place, row in zip(wanted, shares.tolist(), strict=True):
            # Six digits: the last ones of single precision differ between processors.
            negative, neutral, positive = (round(share, 6) for share in row)
            scores[place] = Score(negative, round(positive - negative, 6), neutral=neutral, positive=positive)
        return scores

    def languages(self) -> frozenset[str]:
        """The model, and what it was fitted to, are English."""
        return frozenset({"en"})
