"""Fits the phrases of blend: a small convolution over word vectors, by gradient descent in plain numpy.

A token's vector is a projection of its meaning (vectors.py) plus a part of its own, so that words which the training
posts never use have one too. Words and patterns left out at random keep the net from learning posts by heart. Several nets,
which differ by their random start, read the same vectors: each has its own loss, and their logits are averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gate.scorers.blend.model import softmax
from gate.scorers.blend.phrases import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.scorers.blend.features import Batch, Featurizer
    from tools.train_blend.fitting import Doubles, Examples, Ints
    from tools.train_blend.vectors import Meanings

Floats = NDArray[np.float32]
SIZE, PATTERNS = 48, 64
NETS = 4
"""Over the same word vectors, each with so many patterns."""
EPOCHS = 8
RATE = 2e-3
LEFT_OUT_WORDS, LEFT_OUT_PATTERNS = 0.2, 0.4
LEAST_USES = 5
OWN_RATE, OWN_DECAY = 0.5, 0.3
"""A word's own part learns more slowly than what all words share, and fades unless it is needed."""
PENALTY = 1e-4
SEED = 0
_WARM_UP = 100
_POOL, _MOST_POSTS, _MOST_TOKENS = 4096, 256, 6000
_NEVER = -1e9


@dataclass(frozen=True)
class Tokens:
    """The posts as rows of token numbers, and what is known of each token.

    The last number but one stands for tokens unknown, the last for the border between posts.
    """

    numbers: Ints
    starts: Ints
    lengths: Ints
    meaning: Floats
    hashes: Ints

    @property
    def border(self) -> int:
        """Its number."""
        return len(self.meaning) - 1

    def padded(self, rows: Ints) -> Ints:
        """These posts one below the other, a border before and after each, and to the end of the longest."""
        lengths = self.lengths[rows]
        places = np.arange(lengths.max())[None, :]
        inside = places < lengths[:, None]
        table = np.full((len(rows), lengths.max() + PLACES - 1), self.border, np.int64)
        table[:, 1:-1][inside] = self.numbers[(self.starts[rows][:, None] + places)[inside]]
        return table


def tokens_of(featurizer: Featurizer, batch: Batch, vectors: Meanings) -> Tokens:
    """Number the tokens that have a meaning or are used often enough."""
    names = featurizer.vocabulary.names
    uses = np.bincount(batch.ids, minlength=len(names))
    known = {name: place for place, name in enumerate(vectors.words)}
    often = [
        name for name, count in zip(names, uses.tolist(), strict=True) if count >= LEAST_USES and name not in known
    ]
    # The border comes first among the names; drawn-out spellings share a name.
    kept = [*vectors.words, *dict.fromkeys(name for name in often if name != names[0])]
    number = {name: place for place, name in enumerate(kept)} | {names[0]: len(kept) + 1}
    meaning = np.zeros((len(kept) + 2, vectors.word_rows.shape[1]), np.float32)
    meaning[: len(vectors.words)] = vectors.word_rows / np.linalg.norm(vectors.word_rows, axis=1).mean()
    numbers = np.array([number.get(name, len(kept)) for name in names])[batch.ids]
    hashes = np.array([crc32(name.encode("utf-8", "surrogatepass")) for name in kept], np.int64)
    return Tokens(numbers, batch.starts, batch.lengths, meaning, hashes)


@dataclass(frozen=True)
class Net:
    """The weights, or their gradients, or the like of one shape.

    The patterns of all nets stand side by side in `filters` and `bias`; `output` and `groups` have one table a net.
    """

    projection: Floats
    own: Floats
    filters: Floats
    bias: Floats
    output: Floats
    groups: Floats

    @property
    def mean_output(self) -> Floats:
        """What each pattern of any net adds to the averaged logits."""
        return np.asarray(self.output.reshape(-1, self.output.shape[2]) / np.float32(len(self.output)))

    @property
    def mean_bias(self) -> Floats:
        """That of tweets, in the averaged logits."""
        return np.asarray(self.groups[:, 0].mean(axis=0))

    def vectors(self, tokens: Tokens, numbers: Ints) -> Floats:
        """Of these tokens; a border has none."""
        found = tokens.meaning[numbers] @ self.projection + self.own[numbers]
        return np.where((numbers == tokens.border)[:, None], np.float32(0), found)

    def logits(self, tokens: Tokens) -> Doubles:
        """Of all posts as if they were tweets."""
        logits = np.zeros((len(tokens.starts), self.output.shape[2]))
        for rows in _batches(tokens, np.arange(len(logits)), None):
            logits[rows] = np.maximum(_Pass(self, tokens, rows).highest, 0) @ self.mean_output + self.mean_bias
        return logits

    def usual(self, tokens: Tokens) -> Doubles:
        """How high each pattern is in the average post."""
        total = np.zeros(len(self.bias))
        for rows in _batches(tokens, np.arange(len(tokens.starts)), None):
            total += np.maximum(_Pass(self, tokens, rows).highest, 0).sum(axis=0)
        return total / len(tokens.starts)


class _Pass:
    """Some posts on their way through the net."""

    def __init__(self, net: Net, tokens: Tokens, rows: Ints, random: np.random.Generator | None = None) -> None:
        padded = tokens.padded(rows)
        inside = np.arange(padded.shape[1] - PLACES + 1)[None, :] < tokens.lengths[rows][:, None]
        if random is not None:
            padded = np.where(random.random(padded.shape) < LEFT_OUT_WORDS, tokens.border, padded)
        self.numbers, places = np.unique(padded, return_inverse=True)
        self.places = places.reshape(padded.shape)
        self.vectors = net.vectors(tokens, self.numbers)
        width = inside.shape[1]
        matches = sum((self.vectors @ net.filters[k])[self.places[:, k : k + width]] for k in range(PLACES)) + net.bias
        matches[~inside] = _NEVER
        self.best = matches.argmax(axis=1)
        self.highest: Floats = np.take_along_axis(matches, self.best[:, None, :], 1)[:, 0]

    def back(self, net: Net, tokens: Tokens, slope: Floats) -> dict[str, Floats]:
        """Gradients below the maximum, from those by the height of each pattern."""
        row, pattern = (index.ravel() for index in np.indices(slope.shape))
        by_vector = np.zeros_like(self.vectors)
        by_filter = np.zeros_like(net.filters)
        for k in range(PLACES):
            token = self.places[row, self.best.ravel() + k]
            met = sp.csr_matrix((slope.ravel(), (token, pattern)), (len(self.numbers), slope.shape[1])).toarray()
            by_vector += met @ net.filters[k].T
            by_filter[k] = self.vectors.T @ met
        by_vector[self.numbers == tokens.border] = 0
        return {
            "own": by_vector,
            "filters": by_filter + PENALTY * net.filters,
            "projection": tokens.meaning[self.numbers].T @ by_vector + PENALTY * net.projection,
            "bias": slope.sum(axis=0),
        }


def _batches(tokens: Tokens, rows: Ints, random: np.random.Generator | None) -> Iterator[Ints]:
    """Posts of like length together, so that little is spent on padding; in random order where wanted."""
    order = rows if random is None else random.permutation(rows)
    found = []
    for start in range(0, len(order), _POOL):
        pool = order[start : start + _POOL]
        pool = pool[np.argsort(tokens.lengths[pool], kind="stable")]
        batch: list[int] = []
        for row in pool.tolist():
            if batch and (len(batch) == _MOST_POSTS or (len(batch) + 1) * tokens.lengths[row] > _MOST_TOKENS):
                found.append(np.array(batch))
                batch = []
            batch.append(row)
        found.append(np.array(batch))
    numbers = range(len(found)) if random is None else random.permutation(len(found)).tolist()
    return (found[number] for number in numbers)


class _Descent:
    """Adam (Kingma & Ba 2015); of the tokens' own parts only those met are moved."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self._mean, self._square = ({name: np.zeros_like(part) for name, part in vars(net).items()} for _ in range(2))
        self._steps = 0

    def step(self, slopes: dict[str, Floats], met: Ints, rate: float) -> None:
        self._steps += 1
        for name, slope in slopes.items():
            rows: Any = met if name == "own" else slice(None)
            mean, square = self._mean[name], self._square[name]
            mean[rows] = 0.9 * mean[rows] + 0.1 * slope
            square[rows] = 0.99 * square[rows] + 0.01 * slope**2
            way = mean[rows] / (1 - 0.9**self._steps) / (np.sqrt(square[rows] / (1 - 0.99**self._steps)) + 1e-8)
            weights = getattr(self.net, name)
            if name == "own":
                way = OWN_RATE * way + OWN_DECAY * weights[rows]
            weights[rows] -= np.float32(rate) * way


def _start(tokens: Tokens, groups: int, random: np.random.Generator) -> Net:
    def normal(shape: tuple[int, ...], spread: float) -> Floats:
        return random.normal(0, spread, shape).astype(np.float32)

    width = tokens.meaning.shape[1]
    return Net(
        projection=normal((width, SIZE), width**-0.5),
        own=normal((len(tokens.meaning), SIZE), 0.05),
        filters=normal((PLACES, SIZE, NETS * PATTERNS), (PLACES * SIZE) ** -0.5),
        bias=np.zeros(NETS * PATTERNS, np.float32),
        output=normal((NETS, PATTERNS, 3), 0.1),
        groups=np.zeros((NETS, groups, 3), np.float32),
    )


def _error(logits: Floats, data: Examples, rows: Ints) -> Floats:
    """The gradient of the loss by the logits of one net."""
    raised = logits.astype(np.float64)
    # Thumbs know no neutral.
    raised[data.group[rows] > 1, 1] = _NEVER
    error = softmax(raised) - np.eye(3)[data.label[rows]]
    return (error * data.weight[rows][:, None] / len(rows)).astype(np.float32)


def _slopes(net: Net, tokens: Tokens, rows: Ints, data: Examples, random: np.random.Generator) -> tuple[Any, Ints]:
    found = _Pass(net, tokens, rows, random)
    kept = (random.random(found.highest.shape) >= LEFT_OUT_PATTERNS).astype(np.float32) / (1 - LEFT_OUT_PATTERNS)
    seen = np.hsplit(np.maximum(found.highest, 0) * kept, NETS)
    group = data.group[rows]
    is_group = np.eye(net.groups.shape[1], dtype=np.float32)[group]
    by_logit = [
        _error(part @ output + bias[group], data, rows)
        for part, output, bias in zip(seen, net.output, net.groups, strict=True)
    ]
    back = np.hstack([part @ output.T for part, output in zip(by_logit, net.output, strict=True)])
    slopes = found.back(net, tokens, back * kept * (found.highest > 0))
    slopes["output"] = np.stack([part.T @ slope for part, slope in zip(seen, by_logit, strict=True)])
    slopes["output"] += PENALTY * net.output
    slopes["groups"] = np.stack([is_group.T @ slope for slope in by_logit]) + PENALTY * net.groups
    return slopes, found.numbers


def fit_phrases(tokens: Tokens, data: Examples, chosen: NDArray[np.bool_]) -> Net:
    """Fit to the chosen posts. Every group has its own bias, as in the linear model."""
    random = np.random.default_rng(SEED)
    descent = _Descent(_start(tokens, int(data.group.max()) + 1, random))
    rows = np.flatnonzero(chosen)
    for epoch in range(EPOCHS):
        batches = list(_batches(tokens, rows, random))
        for place, batch in enumerate(batches):
            done = (epoch + place / len(batches)) / EPOCHS
            rate = RATE * (1 - done) * min(1.0, (epoch * len(batches) + place + 1) / _WARM_UP)
            slopes, met = _slopes(descent.net, tokens, batch, data, random)
            descent.step(slopes, met, rate)
    return descent.net
