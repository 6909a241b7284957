"""What ``blend`` reads in a text, as features beside the embedding: log-odds of its three classes.

An embedding knows what a text is about and how it is put; it is weak where a single word decides ("not", "refund").
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from gate import plugins

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gate.model import Score
    from gate.ports import Scorer

LEAST = 1e-4
"""Probabilities below this count as this: log-odds have no limit, and no scorer is that sure with reason."""


class Reader:
    """The scorer ``blend``, by its name: plugs do not import each other."""

    def __init__(self) -> None:
        """Load it."""
        plug = plugins.load("scorers", "blend")
        self._scorer: Scorer = plug.Scorer(plug.Options())

    def read(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return one row a text: how it leans to negative and to positive."""
        import numpy as np

        return np.array([leaning(score) for score in self._scorer.score(texts)], np.float64).reshape(len(texts), 2)


def leaning(score: Score | None) -> tuple[float, float]:
    """Return log-odds of negative and of positive, each against neutral; nothing read leans nowhere."""
    if score is None or score.neutral is None or score.positive is None:
        return 0.0, 0.0
    neutral, negative, positive = (max(share, LEAST) for share in (score.neutral, score.negative, score.positive))
    return log(negative / neutral), log(positive / neutral)
