"""What the blend model sees of word order: patterns over three tokens, each counted where a post shows it most.

A convolution over word vectors with maximum pooling (Kim, "Convolutional Neural Networks for Sentence Classification",
EMNLP 2014). What a token adds to each pattern, as the first, second or third of the three, is worked out when the token is
first met; after that a post costs lookups, additions and a maximum. Up to the maximum all values are whole numbers of two
bytes, so the order in which they are added cannot change them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gate.scorers.blend.features import BORDER
from gate.scorers.blend.products import times

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    Shorts = NDArray[np.int16]

    from gate.scorers.blend.features import Batch, Floats, Vocabulary
    from gate.scorers.blend.hashing import Ints

PLACES = 3
_PIECE = 1024
_MET = 84


class PhraseWeights:
    """The trained patterns, and the vectors of the tokens known; nothing changes them, so scorers share them."""

    def __init__(self, stored: Mapping[str, NDArray[Any]]) -> None:
        """Take the arrays of the weights file; the last vector is that of tokens unknown."""
        self.known: Ints = stored["phrase hashes"].astype(np.int64)
        self._vectors = stored["phrase vectors"]
        filters = stored["phrase filters"].astype(np.float32)
        if len(filters) != PLACES or self._vectors.shape != (len(self.known) + 1, filters.shape[1]):
            message = "the phrases do not fit this version of the model"
            raise ValueError(message)
        # Matches are halved so often that any three tokens fit two bytes; single precision does all of it exactly.
        share = np.exp2(-stored["phrase shift"].astype(np.float32))
        self._filters: Floats = filters * share
        self._bias: Floats = stored["phrase bias"].astype(np.float32) * share
        self.output: Floats = stored["phrase output"].astype(np.float32)
        self.usual: Floats = stored["phrase usual"].astype(np.float32)

    def places_of(self, hashes: Ints) -> Ints:
        """Where these tokens stand among the known; one past the end where they do not."""
        unknown = len(self.known)
        found = np.minimum(np.searchsorted(self.known, hashes), unknown - 1)
        return np.where(self.known[found] == hashes, found, unknown)

    @property
    def border(self) -> Shorts:
        """What a border adds to each pattern as the second of three; it has no vector, so as another it adds nothing."""
        return np.asarray(np.rint(self._bias).astype(np.int16))

    def added(self, places: Ints) -> list[Shorts]:
        """What the tokens at these places among the known add to each pattern: as the first, second and third of three."""
        vectors = self._vectors[places].astype(np.float32)
        found = [times(vectors, table) for table in self._filters]
        # Each pattern has one token in the middle, so the bias is added there.
        found[1] += self._bias
        return [np.rint(part, out=part).astype(np.int16) for part in found]


class Phrases:
    """Finds the patterns in posts; keeps what each token met adds to them."""

    def __init__(self, weights: PhraseWeights) -> None:
        """Start with no token but the border and that for tokens unknown."""
        self._weights = weights
        tokens = len(weights.known) + 1
        self._row_of = np.zeros(tokens, np.int64)
        """The row of each token known; zero, which is the border's, for those not met yet."""
        # Room for all: it becomes memory only where a row is written.
        self._rows = [np.zeros((tokens + 1, len(weights.output)), np.int16) for _ in range(PLACES)]
        self._rows[1][0] = weights.border
        self._filled = 1
        self._numbers: Ints = np.zeros(0, np.int64)
        # Kept from one piece to the next: the system takes longer to find new memory than the sums take.
        self._tables = [np.empty((0, len(weights.output)), np.int16) for _ in range(PLACES)]

    def logits(self, batch: Batch, vocabulary: Vocabulary) -> Floats:
        """What the patterns add to each class, one row a post."""
        numbers = self._numbers_of(vocabulary)[batch.ids]
        added = []
        # Piece by piece, so that the rows stay in the processor's cache and long posts need no more memory.
        for posts in np.split(np.arange(len(batch.starts)), np.flatnonzero(np.diff(batch.starts // _PIECE)) + 1):
            starts, lengths = batch.starts[posts], batch.lengths[posts]
            piece = slice(starts[0], starts[-1] + lengths[-1])
            matches, spare = self._matches(numbers[piece], starts - starts[0])
            highest = _highest(matches, spare, starts - starts[0], lengths)
            added.append(np.maximum(highest, 0).astype(np.float32) @ self._weights.output)
        return np.concatenate(added)

    def moved(self, batch: Batch, vocabulary: Vocabulary, towards: Floats) -> list[tuple[str, float]]:
        """What each phrase of a batch of one post adds beyond the average post; patterns it does not show are left out."""
        matches, _ = self._matches(self._numbers_of(vocabulary)[batch.ids], batch.starts)
        names = ["", *(vocabulary.names[number] for number in batch.ids.tolist()), ""]
        beyond = np.maximum(matches.max(axis=0), 0).astype(np.float32) - self._weights.usual
        added = beyond * (self._weights.output @ towards)
        phrases = []
        for pattern in np.flatnonzero(beyond > 0).tolist():
            place = int(matches[:, pattern].argmax())
            words = [name for name in names[place : place + PLACES] if name not in ("", BORDER)]
            phrases.append((" ".join(words), float(added[pattern])))
        return phrases

    def _matches(self, numbers: Ints, starts: Ints) -> tuple[Shorts, Shorts]:
        """How well each pattern fits around each token, of posts that start at these places; and a table to work in."""
        if len(numbers) > len(self._tables[0]):
            self._tables = [np.empty((len(numbers), len(self._weights.output)), np.int16) for _ in range(PLACES)]
        first, second, third = (table[: len(numbers)] for table in self._tables)
        for rows, found in zip(self._rows, (first, second, third), strict=True):
            rows.take(numbers, axis=0, out=found, mode="clip")
        # A border adds nothing, so a post's last token may look at the border of the next post; but that border
        # must not look back.
        second[:-1] += third[1:]
        first[starts[1:] - 1] = 0
        second[1:] += first[:-1]
        return second, third

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
        self._row_of[places] = np.arange(self._filled, self._filled + len(places))
        # A few at a time, or else the system would have to find new memory for each step.
        for start in range(0, len(places), _MET):
            part = places[start : start + _MET]
            for rows, added in zip(self._rows, self._weights.added(part), strict=True):
                rows[self._filled : self._filled + len(part)] = added
            self._filled += len(part)


def _highest(rows: Shorts, spare: Shorts, starts: Ints, lengths: Ints) -> Shorts:
    """The highest of each post's rows: from those of 1, 2, 4, 8 … rows in a row, of which two cover the post.

    Takes a third of the time of `np.maximum.reduceat`. Both tables are written over.
    """
    highest = np.empty((len(starts), rows.shape[1]), rows.dtype)
    width = 1
    while True:
        fits = np.flatnonzero((lengths >= width) & (lengths < 2 * width))
        first = starts[fits]
        highest[fits] = np.maximum(rows[first], rows[first + lengths[fits] - width])
        if lengths.max() < 2 * width:
            return highest
        rows, spare = np.maximum(rows[:-width], rows[width:], out=spare[: len(rows) - width]), rows
        width *= 2
