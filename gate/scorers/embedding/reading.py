"""What ``blend`` reads in a text, beside the embedding.

An embedding knows what a text is about and how it is put; it is weak where a single word decides ("not", "refund").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate import plugins

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gate.model import Score
    from gate.ports import Scorer


class Reader:
    """The scorer ``blend``, by its name: plugs do not import each other."""

    def __init__(self) -> None:
        """Load it."""
        plug = plugins.load("scorers", "blend")
        self._scorer: Scorer = plug.Scorer(plug.Options())

    def read(self, texts: Sequence[str]) -> list[Score | None]:
        """Return its scores; None where there is nothing to read."""
        return list(self._scorer.score(texts))


def shares_of(scores: Sequence[Score]) -> NDArray[np.float64]:
    """Return the probabilities of negative, neutral and positive, one row a score."""
    import numpy as np

    rows = [(score.negative, score.neutral or 0.0, score.positive or 0.0) for score in scores]
    return np.array(rows, np.float64).reshape(len(rows), 3)
