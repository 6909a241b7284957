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
from gate.scorers.embedding.head import Head, is_sure
from tools.train_blend.held_out import FOLDS, held_out
from tools.train_blend.metrics import score_table

if TYPE_CHECKING:
    from collections.abc import Iterator

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
POOLED = 0.6
"""Share of blend in the pool; chosen in the same way, and on tweets by heads of games and games by heads of tweets."""
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


def _some(random: np.random.Generator, places: Ints, group: int) -> Ints:
    return np.asarray(random.permutation(places)[: REVIEWS if group else TWEETS])


def _embedded(texts: list[str]) -> Iterator[NDArray[np.float32]]:
    encoder = Encoder()
    for start in range(0, len(texts), 1024):
        yield encoder.encode(texts[start : start + 1024])


def fitted(sample: Sample, chosen: Chosen) -> dict[str, Doubles]:
    """Return the head's weights: negative against the rest, and positive against neutral among the rest.

    Each is fitted on the embedding alone and pooled with blend's log-odds: on posts of another kind that does better than
    a fit on both, which learns how far to trust blend on posts of the kinds it was fitted to. Every group has its own bias,
    so that how often players of one game complain teaches nothing about words. Reviews have a thumb and no neutral, so only
    tweets teach the second.
    """
    center = sample.vectors[chosen].mean(axis=0)
    spread = np.maximum(sample.vectors[chosen].std(axis=0), LEAST_SPREAD)
    features = (sample.vectors - center) / spread
    rest = chosen & (sample.group == 0) & (sample.label > 0)
    columns = [
        _pooled(features[chosen], sample.label[chosen] == 0, sample.group[chosen]),
        _pooled(features[rest], sample.label[rest] == 2, sample.group[rest]),  # noqa: PLR2004 - positive
    ]
    weights, biases = (np.stack(parts, axis=-1) for parts in zip(*columns, strict=True))
    embedding = weights / spread[:, None]
    return {"embedding": embedding, "reading": np.eye(2) * POOLED, "bias": biases - center @ embedding}


def _pooled(features: Doubles, truth: Chosen, group: Ints) -> tuple[Doubles, float]:
    groups = np.unique(group)
    inputs = np.hstack([features, np.eye(len(groups))[np.searchsorted(groups, group)]])
    penalty = np.repeat([PENALTY, GROUP_PENALTY], (features.shape[1], len(groups)))
    weights = (1 - POOLED) * logistic(inputs, truth, penalty)
    # The bias of the first group, the tweets.
    return weights[: features.shape[1]], float(weights[features.shape[1]])


def logistic(inputs: Doubles, truth: Chosen, penalty: Doubles) -> Doubles:
    """Penalised logistic regression by Newton's method."""
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        shares = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (shares - truth) + penalty * weights
        curve = (inputs * (shares * (1 - shares))[:, None]).T @ inputs + np.diag(penalty)
        weights -= np.linalg.solve(curve, slope)
    return weights


def calibrated(weights: dict[str, Doubles], held_out_odds: Doubles, sample: Sample) -> dict[str, Doubles]:
    """Stretch and shift both log-odds so that they are right for tweets held out."""
    tweets = sample.asked & (sample.group == 0)
    rest = tweets & (sample.label > 0)
    truths = ((tweets, sample.label == 0), (rest, sample.label == 2))  # noqa: PLR2004 - positive
    for column, (rows, truth) in enumerate(truths):
        inputs = np.stack([held_out_odds[rows, column], np.ones(rows.sum())], axis=1)
        stretch, shift = logistic(inputs, truth[rows], np.zeros(2))
        print(f"stretched {stretch:.3f}, shifted {shift:.3f}", flush=True)
        weights = {name: part.copy() for name, part in weights.items()}
        weights["embedding"][:, column] *= stretch
        weights["reading"][:, column] *= stretch
        weights["bias"][column] = weights["bias"][column] * stretch + shift
    return weights


def held_out_odds(sample: Sample) -> Doubles:
    """Log-odds by heads that saw neither the post's fold nor, of a game, any of its posts."""
    odds = np.zeros((len(sample.posts), 2))
    for number in range(FOLDS):
        out = sample.asked & (sample.fold == number)
        weights = fitted(sample, sample.asked & ~out)
        odds[out] = Head(weights).odds(sample.vectors[out], sample.shares[out])
    return odds


def _held_out_shares(odds: Doubles, sample: Sample) -> Doubles:
    """What the scorer says of posts held out, calibrated as it will be."""
    unit = {"embedding": np.eye(2), "reading": np.zeros((2, 2)), "bias": np.zeros(2)}
    shares = sample.shares.copy()
    asked = sample.asked
    shares[asked] = Head(calibrated(unit, odds, sample)).shares(odds[asked], sample.shares[asked])
    return shares


def _figures(shares: Doubles, sample: Sample) -> dict[str, Any]:
    """Tables of each set, blend's beside."""
    figures = {}
    for number, name in sorted(
        {int(n): post.source for n, post in zip(sample.group, sample.posts, strict=True)}.items()
    ):
        rows = sample.group == number
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
        odds = held_out_odds(sample)
        judged = _figures(_held_out_shares(odds, sample), sample)
        weights = calibrated(fitted(sample, sample.asked), odds, sample)
    np.savez(head.WEIGHTS, **{name: part.astype(np.float32) for name, part in weights.items()})  # type: ignore[arg-type]
    card = {
        "layer": LAYER,
        "seed": SEED,
        "penalty": PENALTY,
        "pooled": POOLED,
        "posts": {"chosen": len(sample.posts), "embedded": int(sample.asked.sum())},
        "held out": judged,
        "weights sha256": hashlib.sha256(head.WEIGHTS.read_bytes()).hexdigest(),
    }
    head.WEIGHTS.with_name("card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
