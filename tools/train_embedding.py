"""Fits the head of the scorer ``embedding`` and writes it with its card: python -m tools.train_embedding.

Reads the sets that blend is trained on, less the copies of test posts (tools/train_blend). Blend has seen these posts, and a
head fitted beside it would take its word for more than it is worth on posts it has not seen; so blend is first fitted
without each fold, and the head hears what that blend says of the fold. Posts on which blend is sure never reach the head.
Needs the extra ``[embedding]`` and what ``tools.train_blend`` needs. The same data and library versions give the same
files to the digit: fixed seed, one thread, Newton's method to its end.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from gate.scorers.embedding import head
from gate.scorers.embedding.encoder import LAYER, Encoder
from gate.scorers.embedding.head import Head, is_sure, leanings
from tools.train_blend.held_out import FOLDS, held_out
from tools.train_blend.metrics import score_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Chosen = NDArray[np.bool_]

ROOT = Path(__file__).resolve().parents[1]
TWEETS, REVIEWS = 20_000, 500
"""Posts taken of the tweets, and of each game: more of one game would teach that game."""
SEED = 7
PENALTY = 400.0
"""On squared weights of the embedding, whose coordinates are brought to one spread; chosen on tweets and games held out."""
READING_PENALTY = 0.1
GROUP_PENALTY = 0.05
LEAST_SPREAD = 0.05
"""Coordinates that hardly differ between posts are not blown up."""
STEPS = 12
_INVENTED = 1


class Sample:
    """The posts that the head is fitted on."""

    def __init__(self, folder: Path) -> None:
        """Choose, and embed where blend is not sure."""
        known = held_out(folder)
        random = np.random.default_rng(SEED)
        group = known.data.group
        rows = [_some(random, np.flatnonzero(group == each), each) for each in np.unique(group) if each != _INVENTED]
        self.rows = np.sort(np.concatenate(rows))
        self.posts = [known.posts[row] for row in self.rows]
        self.label, self.group = known.data.label[self.rows], group[self.rows]
        self.fold, self.shares = known.fold[self.rows], known.shares[self.rows]
        self.compound = known.data.dense[self.rows, 0]
        tweets = group == 0
        self.prior = np.bincount(known.data.label[tweets], minlength=3) / tweets.sum()
        self.asked = ~is_sure(self.shares)
        texts = [post.text for post, asked in zip(self.posts, self.asked, strict=True) if asked]
        print(f"{len(self.posts)} posts, {len(texts)} to embed", flush=True)
        self.vectors = np.zeros((len(self.posts), 384))
        self.vectors[self.asked] = np.concatenate(list(_embedded(texts)))
        self.readings = leanings(self.shares)


def _some(random: np.random.Generator, places: Ints, group: int) -> Ints:
    return np.asarray(random.permutation(places)[: REVIEWS if group else TWEETS])


def _embedded(texts: list[str]) -> Iterator[NDArray[np.float32]]:
    encoder = Encoder()
    for start in range(0, len(texts), 1024):
        yield encoder.encode(texts[start : start + 1024])


def fitted(sample: Sample, chosen: Chosen) -> dict[str, Doubles]:
    """Return the head's weights: negative against the rest, and positive against neutral among the rest.

    Every group has its own bias, so that how often players of one game complain teaches nothing about words; the tweets'
    is used. Reviews have a thumb and no neutral, so only tweets teach the second.
    """
    center = sample.vectors[chosen].mean(axis=0)
    spread = np.maximum(sample.vectors[chosen].std(axis=0), LEAST_SPREAD)
    features = np.hstack([(sample.vectors - center) / spread, sample.readings])
    tweets = chosen & (sample.group == 0) & (sample.label > 0)
    columns = [
        _logistic(features[chosen], sample.label[chosen] == 0, sample.group[chosen]),
        _logistic(features[tweets], sample.label[tweets] == 2, sample.group[tweets]),  # noqa: PLR2004 - positive
    ]
    weights, biases = (np.stack(parts, axis=-1) for parts in zip(*columns, strict=True))
    embedding = weights[:-2] / spread[:, None]
    return {"embedding": embedding, "reading": weights[-2:], "bias": biases - center @ embedding}


def _logistic(features: Doubles, truth: Chosen, group: Ints) -> tuple[Doubles, Doubles]:
    """Penalised logistic regression by Newton's method; the bias is that of the first group."""
    groups = np.unique(group)
    inputs = np.hstack([features, np.eye(len(groups))[np.searchsorted(groups, group)]])
    sizes = (features.shape[1] - 2, 2, len(groups))
    penalty = np.repeat([PENALTY, READING_PENALTY, GROUP_PENALTY], sizes)
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        shares = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (shares - truth) + penalty * weights
        curve = (inputs * (shares * (1 - shares))[:, None]).T @ inputs + np.diag(penalty)
        weights -= np.linalg.solve(curve, slope)
    return weights[: features.shape[1]], weights[features.shape[1]]


def _shares(weights: dict[str, Doubles], sample: Sample) -> Doubles:
    """What the scorer says of the sample, by these weights."""
    shares = sample.shares.copy()
    asked = sample.asked
    shares[asked] = Head(weights).shares(sample.vectors[asked], sample.shares[asked])
    return shares


def _held_out_figures(sample: Sample) -> dict[str, Any]:
    """Figures of each set by heads that saw neither its fold nor, of a game, any of its posts."""
    shares = np.zeros_like(sample.shares)
    for number in range(FOLDS):
        out = sample.fold == number
        shares[out] = _shares(fitted(sample, ~out & sample.asked), sample)[out]
    names = {int(number): post.source for number, post in zip(sample.group, sample.posts, strict=True)}
    return _tables(names, lambda number: sample.group == number, shares, sample)


def _tables(names: dict[int, str], rows_of: Callable[[int], Chosen], shares: Doubles, sample: Sample) -> dict[str, Any]:
    figures = {}
    for number, name in sorted(names.items()):
        rows = rows_of(number)
        given = (sample.label[rows], sample.prior, sample.compound[rows])
        figures[name] = {
            "embedding": score_table(shares[rows], *given),
            "blend": score_table(sample.shares[rows], *given),
        }
        print(name, {key: value["AUC"] for key, value in figures[name].items()}, flush=True)
    return figures


def main() -> None:
    """Fit, judge and write the head and its card."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "labelled")
    given = parser.parse_args()
    # More threads would add the same numbers in another order.
    with threadpool_limits(1):
        sample = Sample(given.data)
        judged = _held_out_figures(sample)
        weights = fitted(sample, sample.asked)
    np.savez(head.WEIGHTS, **{name: part.astype(np.float32) for name, part in weights.items()})  # type: ignore[arg-type]
    card = {
        "layer": LAYER,
        "seed": SEED,
        "penalty": PENALTY,
        "posts": {"chosen": len(sample.posts), "embedded": int(sample.asked.sum())},
        "held out": judged,
        "weights sha256": hashlib.sha256(head.WEIGHTS.read_bytes()).hexdigest(),
    }
    head.WEIGHTS.with_name("card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
