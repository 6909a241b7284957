"""The head: two logistic layers over the embedding, pooled with what ``blend`` reads.

The first tells negative from the rest, the second positive from neutral among the rest. Fitted by tools/train_embedding.py;
card.json beside it holds the figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

WEIGHTS = Path(__file__).with_name("head.npz")
SURE = 0.02
"""Where blend gives P(negative) less than this, its reading stands and the model is not asked: that is so for a third of
everyday tweets, and costs 0.001 of the AUC (held-out tweets and games)."""
_LEAST = 1e-4
"""Probabilities below this count as this: log-odds have no limit, and no scorer is that sure with reason."""


class Head:
    """The fitted weights."""

    def __init__(self, weights: Mapping[str, Any] | None = None) -> None:
        """Take these, or read those that come with the package."""
        import numpy as np

        if weights is None:
            with np.load(WEIGHTS, allow_pickle=False) as stored:
                weights = dict(stored)
        self._embedding, self._reading, self._bias = (
            np.asarray(weights[name], np.float64) for name in ("embedding", "reading", "bias")
        )

    def shares(self, embedding: NDArray[np.floating], blend: Doubles) -> Doubles:
        """Return probabilities of negative, neutral and positive, one row a text.

        Args:
            embedding: one row a text.
            blend: the three probabilities by blend, one row a text.
        """
        import numpy as np

        negative, positive = (1 / (1 + np.exp(-self.odds(embedding, blend)))).T
        return np.stack([negative, (1 - negative) * (1 - positive), (1 - negative) * positive], axis=1)

    def odds(self, embedding: NDArray[np.floating], blend: Doubles) -> Doubles:
        """Return log-odds of negative, and of positive against neutral, one row a text."""
        import numpy as np

        found: Doubles = embedding.astype(np.float64) @ self._embedding + leanings(blend) @ self._reading + self._bias
        return found


def is_sure(blend: Doubles) -> NDArray[np.bool_]:
    """Does blend see no complaint at all? One answer a row of its probabilities."""
    return blend[:, 0] < SURE


def leanings(blend: Doubles) -> Doubles:
    """Return log-odds of negative, and of positive against neutral, one row a text."""
    import numpy as np

    negative, neutral, positive = np.clip(blend, _LEAST, 1 - _LEAST).T
    return np.stack([np.log(negative / (1 - negative)), np.log(positive / neutral)], axis=1)
