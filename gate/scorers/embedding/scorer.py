"""The scorer itself: embeddings and what ``blend`` reads → probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.model import Score
from gate.neural import imported
from gate.scorers.embedding.encoder import Encoder
from gate.scorers.embedding.head import Head, is_sure
from gate.scorers.embedding.reading import Reader, shares_of

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
        scores = self._reader.read(texts)
        wanted = [place for place, score in enumerate(scores) if score is not None]
        blend = shares_of([score for score in scores if score is not None])
        asked = [place for place, sure in zip(wanted, is_sure(blend), strict=True) if not sure]
        if asked:
            embedding = self._encoder.encode([texts[place] for place in asked])
            for place, row in zip(asked, self._head.shares(embedding, blend[~is_sure(blend)]).tolist(), strict=True):
                scores[place] = _score(row)
        return scores

    def languages(self) -> frozenset[str]:
        """The model, and what it was fitted to, are English."""
        return frozenset({"en"})


def _score(row: list[float]) -> Score:
    # Six digits: the last ones of single precision differ between processors.
    negative, neutral, positive = (round(share, 6) for share in row)
    return Score(negative, round(positive - negative, 6), neutral=neutral, positive=positive)
