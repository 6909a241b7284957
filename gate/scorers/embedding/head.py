"""The head: one linear layer over embedding and reading, softmax over three classes.

Fitted by tools/train_embedding.py, once for each scorer that may stand beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Head:
    """The fitted weights, and the name of the scorer they were fitted beside."""

    def __init__(self, beside: str) -> None:
        """Read them."""
        import numpy as np

        self.beside = beside
        with np.load(path_of(beside), allow_pickle=False) as stored:
            self._embedding = stored["embedding"].astype(np.float64)
            self._reading = stored["reading"].astype(np.float64)
            self._bias = stored["bias"].astype(np.float64)

    def shares(self, embedding: NDArray[np.float32], reading: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities of negative, neutral and positive, one row a text."""
        import numpy as np

        return softmax(embedding.astype(np.float64) @ self._embedding + reading @ self._reading + self._bias)


def path_of(beside: str) -> Path:
    """Where the weights fitted beside a scorer lie."""
    return Path(__file__).with_name(f"head_{beside}.npz")


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of each row."""
    import numpy as np

    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares
