"""The head: one linear layer over embedding and reading, softmax over three classes.

Fitted by tools/train_embedding.py, beside the scorer ``blend``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


WEIGHTS = Path(__file__).with_name("head.npz")


class Head:
    """The fitted weights."""

    def __init__(self) -> None:
        """Read them."""
        import numpy as np

        with np.load(WEIGHTS, allow_pickle=False) as stored:
            self._embedding = stored["embedding"].astype(np.float64)
            self._reading = stored["reading"].astype(np.float64)
            self._bias = stored["bias"].astype(np.float64)

    def shares(self, embedding: NDArray[np.float32], reading: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities of negative, neutral and positive, one row a text."""
        import numpy as np

        return softmax(embedding.astype(np.float64) @ self._embedding + reading @ self._reading + self._bias)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of each row."""
    import numpy as np

    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares
