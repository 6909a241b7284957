"""Fits the lower layer of blend: the sparse linear model over words, letters and meanings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize

from gate.scorers.blend.hashing import (
    CHAR_BITS,
    WORD_BITS,
    char_buckets,
    char_groups,
    negated_buckets,
    word_buckets,
)
from gate.scorers.blend.model import char_weight, softmax, word_weight

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.scorers.blend.features import Batch, Featurizer

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
_NEVER = -1e9


@dataclass(frozen=True)
class Examples:
    """Features with what is known of each post.

    `group` 0 and 1 hold three-class labels; posts of a higher group have thumbs only, so for
    them the likelihood is that of negative against positive and neutral takes no part.
    `columns` are the buckets that the columns of `sparse` stand for.
    """

    sparse: Any
    columns: Ints
    dense: Doubles
    meaning: Doubles
    label: Ints
    group: Ints
    weight: Doubles

    def take(self, chosen: NDArray[np.bool_]) -> Examples:
        """The chosen rows."""
        return Examples(
            self.sparse[chosen], self.columns, self.dense[chosen], self.meaning[chosen],
            self.label[chosen], self.group[chosen], self.weight[chosen],
        )  # fmt: skip


def design_matrix(featurizer: Featurizer, batch: Batch) -> Any:
    """The same sums as the scorer's, as one sparse matrix: word and pair buckets, then letters."""
    count = len(batch.starts)
    post = np.repeat(np.arange(count), batch.lengths)
    inner = batch.ids != 0
    scale = word_weight(batch.lengths)
    negated = batch.negated_at
    rows = np.concatenate([post[inner], post[negated], post])
    words = word_buckets(batch.hashes[inner])
    columns = np.concatenate([words, negated_buckets(batch.hashes[negated]), batch.pairs])
    words = sp.csr_matrix((scale[rows], (rows, columns)), shape=(count, 1 << WORD_BITS))
    groups, sizes = char_groups(featurizer.vocabulary.names)
    first = np.cumsum(sizes) - sizes
    flat = char_buckets(groups)
    each = sizes[batch.ids]
    rows = np.repeat(post, each)
    within = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
    columns = flat[np.repeat(first[batch.ids], each) + within]
    scale = char_weight(np.bincount(rows, minlength=count).astype(np.int64))
    chars = sp.csr_matrix((scale[rows], (rows, columns)), shape=(count, 1 << CHAR_BITS))
    joined = sp.hstack([words, chars]).tocsr().astype(np.float32)
    joined.sum_duplicates()
    return joined


def minimise(objective: Callable[[Doubles], tuple[float, Doubles]], start: Doubles, steps: int) -> Doubles:
    options = {"maxiter": steps, "maxcor": 8}
    result = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(result.x, np.float64)


def _barrier(group: Ints) -> Doubles:
    barrier = np.zeros((len(group), 3))
    barrier[group > 1, 1] = _NEVER
    return barrier


def log_loss(logits: Doubles, label: Ints, weight: Doubles) -> tuple[float, Doubles]:
    """Weighted log loss and its gradient by the logits."""
    shares = softmax(logits)
    picked = shares[np.arange(len(label)), label]
    loss = -float(weight @ np.log(np.maximum(picked, 1e-300)))
    shares[np.arange(len(label)), label] -= 1.0
    return loss, shares * weight[:, None]


@dataclass(frozen=True)
class Linear:
    """Weights of each kind of feature, one column a class, and the bias of each group."""

    sparse: Doubles
    dense: Doubles
    meaning: Doubles
    bias: Doubles

    def logits(self, data: Examples) -> Doubles:
        """Of these posts as if they were tweets."""
        logits = data.sparse @ self.sparse + data.dense @ self.dense
        return np.asarray(logits + data.meaning @ self.meaning + self.bias[0])

    def mixed(self, other: Linear) -> Linear:
        """Half of each; all is linear, so this is the mean of the two models' logits."""
        halves = {name: (value + getattr(other, name)) / 2 for name, value in vars(self).items()}
        return Linear(**halves)

    def centred(self) -> Linear:
        """The same probabilities with logits that sum to zero."""
        middled = {name: value - value.mean(axis=1, keepdims=True) for name, value in vars(self).items()}
        return Linear(**middled)


def _fit(
    data: Examples,
    classes: int,
    loss_of: Callable[[Doubles], tuple[float, Doubles]],
    penalty: float = 1.5,
    dense_penalty: float = 0.5,
    steps: int = 60,
) -> Linear:
    """Minimise a loss of the logits plus squared weights.

    Every group has its own bias, so that how often players of one game complain teaches
    nothing about words.
    """
    sparse, transposed = data.sparse, data.sparse.T.tocsr()
    groups = np.eye(int(data.group.max()) + 1)[data.group]
    common = np.hstack([data.dense, data.meaning, groups])
    weak = np.full((common.shape[1], 1), dense_penalty)
    weak[-groups.shape[1] :] = 0.001
    # Common features have steep curvature; without this scaling the search crawls.
    scale = (5 / np.sqrt((common**2).sum(axis=0) + 1))[:, None]
    width = sparse.shape[1]

    def objective(values: Doubles) -> tuple[float, Doubles]:
        table = values.reshape(-1, classes)
        weights, other = table[:width], table[width:] * scale
        loss, slope = loss_of(sparse @ weights.astype(np.float32) + common @ other)
        loss += 0.5 * penalty * float((weights**2).sum()) + 0.5 * float((weak * other**2).sum())
        steep = transposed @ slope.astype(np.float32) + penalty * weights
        return loss, np.vstack([steep, (common.T @ slope + weak * other) * scale]).ravel()

    start = np.zeros((width + common.shape[1]) * classes)
    table = minimise(objective, start, steps).reshape(-1, classes)
    ends = np.cumsum([data.dense.shape[1], data.meaning.shape[1]])
    dense, meaning, bias = np.split(table[width:] * scale, ends)
    return Linear(table[:width], dense, meaning, bias)


def _as_classes(model: Linear, three: Linear) -> Linear:
    """A model of negative against the rest in three columns, neutral and positive as in `three`.

    Its log odds are those of negative over the mean of the other two.
    """

    def joined(odds: Doubles, other: Doubles) -> Doubles:
        rest = other[:, 1:]
        return np.hstack([odds + rest.mean(axis=1, keepdims=True), rest])

    return Linear(**{name: joined(odds, vars(three)[name]) for name, odds in vars(model).items()})


def fit_linear(data: Examples) -> Linear:
    """Mean of a three-class model and one of negative against the rest.

    The first knows what positive is, the second spends all its weights on the question asked.
    """
    barrier = _barrier(data.group)
    three = _fit(data, 3, lambda logits: log_loss(logits + barrier, data.label, data.weight))
    sign = np.where(data.label == 0, 1.0, -1.0)

    def odds_loss(logits: Doubles) -> tuple[float, Doubles]:
        margin = sign * logits[:, 0]
        slope = -data.weight * sign * np.exp(-np.logaddexp(0.0, margin))
        return float(data.weight @ np.logaddexp(0.0, -margin)), slope[:, None]

    return three.mixed(_as_classes(_fit(data, 1, odds_loss), three)).centred()
