"""What the blend model sees of word order: patterns over three tokens, each counted where a post shows it most.

A convolution over word vectors with maximum pooling (Kim, "Convolutional Neural Networks for Sentence Classification",
EMNLP 2014). What a token adds to each pattern, as the first, second or third of the three, is worked out when the model
is loaded; a post then costs lookups, additions and a maximum. Up to the maximum all values are whole numbers below
2^24, which single precision holds exactly, so the order in which they are added cannot change them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gate.scorers.blend.features import BORDER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from gate.scorers.blend.features import Batch, Floats, Vocabulary
    from gate.scorers.blend.hashing import Ints

PLACES = 3


class Phrases:
    """The trained patterns, and what each known token adds to them."""

    def __init__(self, stored: Mapping[str, NDArray[Any]]) -> None:
        """Take the arrays of the weights file; the last vector is that of tokens unknown."""
        self._known = stored["phrase hashes"].astype(np.int64)
        vectors = stored["phrase vectors"].astype(np.float32)
        filters = stored["phrase filters"].astype(np.float32)
        if len(filters) != PLACES or vectors.shape != (len(self._known) + 1, filters.shape[1]):
            message = "the phrases do not fit this version of the model"
            raise ValueError(message)
        # A border has no vector.
        self._rows: Floats = np.vstack([vectors, np.zeros_like(vectors[:1])]) @ filters
        # Each pattern has one token in the middle, so the bias is added there.
        self._rows[1] += stored["phrase bias"].astype(np.float32)
        self._output: Floats = stored["phrase output"].astype(np.float32)
        self._usual: Floats = stored["phrase usual"].astype(np.float32)
        self._numbers: Ints = np.zeros(0, np.int64)

    def logits(self, batch: Batch, vocabulary: Vocabulary) -> Floats:
        """What the patterns add to each class, one row a post."""
        found = np.maximum.reduceat(self._matches(batch, vocabulary), batch.starts)
        added: Floats = np.maximum(found, 0.0) @ self._output
        return added

    def moved(self, batch: Batch, vocabulary: Vocabulary, towards: Floats) -> list[tuple[str, float]]:
        """What each phrase of a batch of one post adds beyond the average post; patterns it does not show are left out."""
        matches = self._matches(batch, vocabulary)
        names = ["", *(vocabulary.names[number] for number in batch.ids.tolist()), ""]
        beyond = np.maximum(matches.max(axis=0), 0.0) - self._usual
        added = beyond * (self._output @ towards)
        phrases = []
        for pattern in np.flatnonzero(beyond > 0).tolist():
            place = int(matches[:, pattern].argmax())
            words = [name for name in names[place : place + PLACES] if name not in ("", BORDER)]
            phrases.append((" ".join(words), float(added[pattern])))
        return phrases

    def _matches(self, batch: Batch, vocabulary: Vocabulary) -> Floats:
        """How well each pattern fits around each token."""
        numbers = self._numbers_of(vocabulary)[batch.ids]
        first, second, third = (rows.take(numbers, axis=0) for rows in self._rows)
        # A border adds nothing, so a post's last token may look at the border of the next post; but that border
        # must not look back.
        second[:-1] += third[1:]
        first[batch.starts[1:] - 1] = 0.0
        second[1:] += first[:-1]
        return np.asarray(second)

    def _numbers_of(self, vocabulary: Vocabulary) -> Ints:
        """The row of each token met: its own, that of tokens unknown, or that of a border."""
        met = len(vocabulary.names)
        if met < len(self._numbers):
            self._numbers = self._numbers[:0]
        if met > len(self._numbers):
            unknown = len(self._known)
            hashes = vocabulary.arrays()[0, len(self._numbers) :]
            found = np.minimum(np.searchsorted(self._known, hashes), unknown - 1)
            found = np.where(self._known[found] == hashes, found, unknown)
            self._numbers = np.append(self._numbers, found)
            self._numbers[0] = unknown + 1
        return self._numbers
