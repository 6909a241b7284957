"""The blend scorer: a small linear model over hashed n-grams and VADER, beside phrases; for inference only.

Needs numpy and the vaderSentiment lexicon, nothing else. The weights come from ``python -m tools.train_blend``.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gate.scorers.blend.features import DENSE_NAMES, Batch, Featurizer, Floats, Vocabulary
from gate.scorers.blend.hashing import (
    CHAR_BITS,
    WORD_BITS,
    Ints,
    char_buckets,
    char_groups,
    negated_buckets,
    word_buckets,
)
from gate.scorers.blend.phrases import Phrases, PhraseWeights
from gate.scorers.blend.products import times

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT_WEIGHTS = Path(__file__).with_name("weights.npz")
LABELS = ("negative", "neutral", "positive")
_CHUNK = 256
_CLASSES = 3


class Weights:
    """The arrays of one trained model; nothing changes them."""

    def __init__(self, path: Path = DEFAULT_WEIGHTS) -> None:
        """Read them from a file."""
        with np.load(path, allow_pickle=False) as stored:
            self._scale: Floats = stored["scale"].astype(np.float32)
            sparse = stored["sparse"]
            self.dense: Floats = stored["dense"].astype(np.float32)
            self.bias: Floats = stored["bias"].astype(np.float32)
            self.hidden: Floats = stored["hidden"].astype(np.float32)
            self.hidden_bias: Floats = stored["hidden_bias"].astype(np.float32)
            self.output: Floats = stored["output"].astype(np.float32)
            self.output_bias: Floats = stored["output_bias"].astype(np.float32)
            self.center: Floats = stored["center"].astype(np.float32)
            self.spread: Floats = stored["spread"].astype(np.float32)
            self.temperature = float(stored["temperature"])
            self.prior: Floats = stored["prior"].astype(np.float32)
            self.phrases = PhraseWeights(stored)
        # As whole numbers: a quarter of the memory, and few of them are ever looked up.
        self._words, self._chars = sparse[: 1 << WORD_BITS], sparse[1 << WORD_BITS :]
        if len(self._chars) != 1 << CHAR_BITS or len(self.dense) != len(DENSE_NAMES):
            message = f"{path.name} does not fit this version of the features"
            raise ValueError(message)

    def words(self, buckets: Ints) -> Floats:
        """What the words or pairs of these buckets add to each class."""
        return np.asarray(self._words.take(buckets, axis=0) * self._scale)

    def chars(self, buckets: Ints) -> Floats:
        """What the letter groups of these buckets add to each class."""
        return np.asarray(self._chars.take(buckets, axis=0) * self._scale)


@functools.cache
def shipped() -> Weights:
    """Those that come with the package, read once a process: reading takes longer than scoring a hundred posts."""
    return Weights()


class _TokenTable:
    """What each token met adds by itself, so that a word is hashed and taken apart only once."""

    LETTERS = slice(0, _CLASSES)
    WORD = slice(_CLASSES, 2 * _CLASSES)
    NEGATED = slice(2 * _CLASSES, 3 * _CLASSES)
    GROUPS = 3 * _CLASSES

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._rows = np.zeros((1024, self.GROUPS + 1), np.float32)
        self._filled = 0

    def rows(self, vocabulary: Vocabulary) -> Floats:
        """One row a token: sums for each class of letters, word and negation, and how many groups."""
        names = vocabulary.names
        if len(names) < self._filled:
            self._filled = 0
        if len(names) == self._filled:
            return self._rows
        while len(names) > len(self._rows):
            self._rows = np.vstack([self._rows, np.zeros_like(self._rows)])
        groups, sizes = char_groups(names[self._filled :])
        flat = char_buckets(groups)
        owner = np.repeat(np.arange(len(sizes)), sizes)
        new = self._rows[self._filled : len(names)]
        for column, parts in enumerate(self._weights.chars(flat).T):
            new[:, column] = np.bincount(owner, weights=parts, minlength=len(sizes))
        hashes = vocabulary.arrays()[0, self._filled :]
        new[:, self.WORD] = self._weights.words(word_buckets(hashes))
        new[:, self.NEGATED] = self._weights.words(negated_buckets(hashes))
        new[:, self.GROUPS] = sizes
        # A border between posts is no word; only its pairs count.
        self._rows[0] = 0.0
        self._filled = len(names)
        return self._rows


class Blend:
    """Scores posts: calibrated probabilities of negative, neutral and positive."""

    def __init__(self, weights: Path | None = None) -> None:
        """Load the model in this file, or take the one that comes with the package."""
        self._weights = Weights(weights) if weights else shipped()
        self._featurizer = Featurizer()
        self._table = _TokenTable(self._weights)
        self._phrases = Phrases(self._weights.phrases)

    def score_batch(self, texts: list[str]) -> list[tuple[float, float, float]]:
        """(negative, neutral, positive) of each text, in order; each sums to one."""
        scored: list[tuple[float, float, float]] = []
        for start in range(0, len(texts), _CHUNK):
            probabilities = self._probabilities(texts[start : start + _CHUNK])
            scored += [(row[0], row[1], row[2]) for row in probabilities.tolist()]
        return scored

    def labels(self, texts: list[str]) -> list[str]:
        """The likeliest label of each text when the three are taken as equally common."""
        if not texts:
            return []
        weighed = np.array(self.score_batch(texts)) / self._weights.prior
        return [LABELS[index] for index in weighed.argmax(axis=1).tolist()]

    def explain(self, text: str, limit: int = 12) -> list[tuple[str, float]]:
        """The words that moved this text most; above zero is towards negative.

        Words that stand together are named "first second"; VADER's part is under "(vader)" and the shape
        of the text (length, capitals, marks) under "(shape)".
        """
        weights = self._weights
        batch = self._featurizer.batch([text])
        towards = np.array([1.0, -0.5, -0.5], np.float32) / weights.temperature
        parts = self._token_parts(batch) @ towards
        pairs = self._pair_parts(batch) @ towards
        names = [self._featurizer.vocabulary.names[number] for number in batch.ids.tolist()]
        moved: dict[str, float] = {}
        for place in range(1, len(names)):
            moved[names[place]] = moved.get(names[place], 0.0) + float(parts[place])
            if place + 1 < len(names):
                pair = f"{names[place]} {names[place + 1]}"
                moved[pair] = moved.get(pair, 0.0) + float(pairs[place])
        for phrase, weight in self._phrases.moved(batch, self._featurizer.vocabulary, towards):
            moved[phrase] = moved.get(phrase, 0.0) + weight
        # Against the average post, or else every text without VADER words would seem moved.
        usual = weights.center[_CLASSES:]
        dense = (batch.dense[0] - usual) * (weights.dense @ towards)
        moved["(vader)"] = float(dense[:9].sum())
        moved["(shape)"] = float(dense[9:].sum())
        ranked = sorted(moved.items(), key=lambda item: -abs(item[1]))
        return [(name, round(value, 4)) for name, value in ranked[:limit] if value]

    def _probabilities(self, texts: list[str]) -> NDArray[np.float64]:
        weights = self._weights
        if self._featurizer.vocabulary.is_full:
            self._featurizer.vocabulary.clear()
        batch = self._featurizer.batch(texts)
        logits = (
            np.add.reduceat(self._token_parts(batch) + self._pair_parts(batch), batch.starts)
            + batch.dense @ weights.dense
            + self._phrases.logits(batch, self._featurizer.vocabulary)
            + weights.bias
        )
        shares = refine(weights, logits, batch.dense)
        # Nothing readable was written, so nothing is known beyond what is usual.
        shares[batch.lengths == 1] = weights.prior
        return shares

    def _token_parts(self, batch: Batch) -> Floats:
        """What each token adds to each class by itself, its letters and its negation."""
        table = self._table
        rows = table.rows(self._featurizer.vocabulary)[batch.ids]
        words = rows[:, table.WORD]
        words[batch.negated_at] += rows[batch.negated_at, table.NEGATED]
        char_scale = char_weight(np.add.reduceat(rows[:, table.GROUPS], batch.starts))
        scaled: Floats = words * _per_token(word_weight(batch.lengths), batch.lengths)
        scaled += rows[:, table.LETTERS] * _per_token(char_scale, batch.lengths)
        return scaled

    def _pair_parts(self, batch: Batch) -> Floats:
        """What each token adds to each class together with the one after it."""
        scale = _per_token(word_weight(batch.lengths), batch.lengths)
        parts: Floats = self._weights.words(batch.pairs) * scale
        return parts


def word_weight(lengths: Ints) -> Floats:
    """How much one word of a post of this many tokens weighs."""
    return (1.0 / np.sqrt(np.maximum(lengths, 1))).astype(np.float32)


def char_weight(groups: Floats | Ints) -> Floats:
    """How much one letter group weighs in a post that has this many."""
    return (0.5 / np.sqrt(np.maximum(groups, 1))).astype(np.float32)


def _per_token(values: Floats, lengths: Ints) -> Floats:
    return np.repeat(values, lengths)[:, None]


def refine(weights: Weights, logits: Floats, dense: Floats) -> NDArray[np.float64]:
    """Probabilities: the linear logits corrected by the small hidden layer, then tempered."""
    inputs = (np.hstack([logits, dense]) - weights.center) / weights.spread
    hidden = np.tanh(times(inputs, weights.hidden) + weights.hidden_bias)
    corrected = logits + hidden @ weights.output + weights.output_bias
    return softmax(corrected.astype(np.float64) / weights.temperature)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of each row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares
