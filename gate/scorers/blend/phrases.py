"""What the blend model sees of word order: patterns over three tokens, each counted where a post shows it most.

A convolution over word vectors with maximum pooling (Kim, "Convolutional Neural Networks for Sentence Classification",
EMNLP 2014). What a token adds to each pattern, as the first, second or third of the three, is worked out when the token is
first met; after that a post costs lookups, additions and a maximum. Up to the maximum all values are whole numbers below
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
_FIRST_ROWS = 1024


class PhraseWeights:
    """The trained patterns, and the vectors of the tokens known; nothing changes them, so scorers share them."""

    def __init__(self, stored: Mapping[str, NDArray[Any]]) -> None:
        """Take the arrays of the weights file; the last vector is that of tokens unknown."""
        self.known: Ints = stored["phrase hashes"].astype(np.int64)
        self._vectors = stored["phrase vectors"]
        self._filters: Floats = stored["phrase filters"].astype(np.float32)
        if len(self._filters) != PLACES or self._vectors.shape != (len(self.known) + 1, self._filters.shape[1]):
            message = "the phrases do not fit this version of the model"
            raise ValueError(message)
        self.bias: Floats = stored["phrase bias"].astype(np.float32)
        self.output: Floats = stored["phrase output"].astype(np.float32)
        self.usual: Floats = stored["phrase usual"].astype(np.float32)

    def places_of(self, hashes: Ints) -> Ints:
        """Where these tokens stand among the known; one past the end where they do not."""
        unknown = len(self.known)
        found = np.minimum(np.searchsorted(self.known, hashes), unknown - 1)
        return np.where(self.known[found] == hashes, found, unknown)

    def added(self, places: Ints) -> Floats:
        """What the tokens at these places among the known add to each pattern, as the first, second and third of three."""
        found: Floats = self._vectors[places].astype(np.float32) @ self._filters
        # Each pattern has one token in the middle, so the bias is added there.
        found[1] += self.bias
        return found


class Phrases:
    """Finds the patterns in posts; keeps what each token met adds to them."""

    def __init__(self, weights: PhraseWeights) -> None:
        """Start with no token but the border and that for tokens unknown."""
        self._weights = weights
        unknown = len(weights.known)
        self._row_of = np.zeros(unknown + 1, np.int64)
        """The row of each token known; zero, which is the border's, for those not met yet."""
        self._rows = [np.zeros((_FIRST_ROWS, len(weights.bias)), np.float32) for _ in range(PLACES)]
        # A border has no vector.
        self._rows[1][0] = weights.bias
        self._filled = 1
        self._numbers: Ints = np.zeros(0, np.int64)

    def logits(self, batch: Batch, vocabulary: Vocabulary) -> Floats:
        """What the patterns add to each class, one row a post."""
        found = np.maximum.reduceat(self._matches(batch, vocabulary), batch.starts)
        added: Floats = np.maximum(found, 0.0) @ self._weights.output
        return added

    def moved(self, batch: Batch, vocabulary: Vocabulary, towards: Floats) -> list[tuple[str, float]]:
        """What each phrase of a batch of one post adds beyond the average post; patterns it does not show are left out."""
        matches = self._matches(batch, vocabulary)
        names = ["", *(vocabulary.names[number] for number in batch.ids.tolist()), ""]
        beyond = np.maximum(matches.max(axis=0), 0.0) - self._weights.usual
        added = beyond * (self._weights.output @ towards)
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
            places = self._weights.places_of(vocabulary.arrays()[0, len(self._numbers) :])
            self._meet(np.unique(places[self._row_of[places] == 0]))
            self._numbers = np.append(self._numbers, self._row_of[places])
            self._numbers[0] = 0
        return self._numbers

    def _meet(self, places: Ints) -> None:
        """Work out the rows of these tokens."""
        first, self._filled = self._filled, self._filled + len(places)
        while self._filled > len(self._rows[0]):
            self._rows = [np.vstack([rows, np.zeros_like(rows)]) for rows in self._rows]
        for rows, added in zip(self._rows, self._weights.added(places), strict=True):
            rows[first : self._filled] = added
        self._row_of[places] = np.arange(first, self._filled)
