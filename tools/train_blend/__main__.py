"""Train blend and write its weights and its card: ``python -m tools.train_blend``.

The same data and library versions give the same files to the digit: fixed seeds, one thread,
posts in file order.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from gate.scorers.blend.features import CHAR_BITS, DENSE_NAMES, WORD_BITS, Featurizer
from gate.scorers.blend.model import Blend, softmax
from tools.train_blend.correction import Correction, calibrate, fit_correction
from tools.train_blend.data import TEST_ONLY, THUMBS, TWEETS, Post, read, without_copies
from tools.train_blend.fitting import Doubles, Examples, Ints, Linear, design_matrix, fit_linear
from tools.train_blend.invented import SOURCE, invented_posts
from tools.train_blend.invented_brands import brand_posts
from tools.train_blend.metrics import densities, reliability, score_table
from tools.train_blend.vectors import Meanings, meanings

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
SEED = 20161
FOLDS = 3
THUMB_WEIGHT = 1.5
INVENTED_WEIGHT = 2.5
CORRECTION_THUMB_WEIGHT = 0.3
REVIEW_NEGATIVES = 0.35
LEAST_POSTS = 3
_GROUPS = {TWEETS: 0, SOURCE: 1} | {name: 2 + place for place, name in enumerate(THUMBS)}


def _prepare(posts: list[Post]) -> tuple[Examples, Meanings]:
    featurizer = Featurizer()
    batch = featurizer.batch([post.text for post in posts])
    sparse = design_matrix(featurizer, batch)
    # A bucket met once or twice says more about that post than about the language.
    used = np.bincount(sparse.indices, minlength=sparse.shape[1]) >= LEAST_POSTS
    columns = np.flatnonzero(used)
    vectors = meanings(featurizer, batch)
    group = np.array([_GROUPS[post.source] for post in posts])
    weight = np.select([group == 0, group == 1], [1.0, INVENTED_WEIGHT], THUMB_WEIGHT)
    label = np.array([post.label for post in posts])
    meaning = vectors.features(featurizer, batch)
    dense = batch.dense.astype(np.float64)
    sparse = sparse[:, columns].tocsr()
    return Examples(sparse, columns, dense, meaning, label, group, weight), vectors


def _folds(group: Ints) -> Ints:
    """Tweets at random; a whole game in one fold, so that no game is judged by its own words."""
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(group))
    return np.where(group >= 2, group % FOLDS, np.where(group == 1, -1, fold))


def _held_out_logits(data: Examples, fold: Ints) -> Doubles:
    logits = np.zeros((len(fold), 3))
    for number in range(FOLDS):
        out = fold == number
        logits[out] = fit_linear(data.take(~out)).logits(data.take(out))
        print(f"fold {number + 1} of {FOLDS} done", flush=True)
    return logits


def _for_correction(data: Examples) -> Examples:
    """The same posts, thumbs lighter and brought to one share of negatives.

    Otherwise reviews as such would look negative, because these ten games were disliked.
    """
    thumbs = data.group >= 2
    found = (data.label[thumbs] == 0).mean()
    balance = np.where(data.label == 0, REVIEW_NEGATIVES / found, (1 - REVIEW_NEGATIVES) / (1 - found))
    weight = np.where(thumbs, CORRECTION_THUMB_WEIGHT * balance, 1.0)
    return replace(data, weight=weight)


def _held_out_corrected(logits: Doubles, data: Examples, fold: Ints) -> Doubles:
    """Corrected logits from corrections that had not seen the post either."""
    corrected = logits.copy()
    for number in range(FOLDS):
        inside, out = (fold != number) & (fold >= 0), fold == number
        correction = fit_correction(logits[inside], data.take(inside))
        corrected[out] = correction.apply(logits[out], data.dense[out])
    return corrected


def _sparse_table(linear: Linear, columns: Ints, vectors: Meanings) -> Doubles:
    """One row a bucket, with the meanings folded into the words."""
    table = np.zeros(((1 << WORD_BITS) + (1 << CHAR_BITS), 3))
    table[columns] = linear.sparse
    table[: 1 << WORD_BITS] += vectors.fold(linear.meaning)
    return table


def _save(path: Path, table: Doubles, linear: Linear, correction: Correction, extra: dict[str, Any]) -> None:
    # The few largest weights are clipped so that the many small ones keep their digits.
    scale = np.quantile(np.abs(table[table != 0]), 0.9995) / 127
    small = np.clip(np.round(table / scale), -127, 127).astype(np.int8)
    arrays: dict[str, Any] = {"sparse": small, "scale": np.float32(scale)}
    arrays |= {"dense": linear.dense.astype(np.float32), "bias": linear.bias[0].astype(np.float32)}
    arrays |= {name: np.asarray(value, np.float32) for name, value in vars(correction).items()}
    np.savez_compressed(path, **arrays, **extra)


def _judge(
    shares: Doubles, posts: list[Post], chosen: NDArray[np.bool_], prior: Doubles, compound: Doubles
) -> dict[str, Any]:
    label = np.array([post.label for post in posts])
    return score_table(shares[chosen], label[chosen], prior, compound[chosen])


def _test_figures(folder: Path, blend: Blend, prior: Doubles) -> dict[str, Any]:
    figures = {}
    featurizer = Featurizer()
    for name in TEST_ONLY:
        posts = read(folder, name)
        texts = [post.text for post in posts]
        shares = np.array(blend.score_batch(texts))
        compound = featurizer.batch(texts).dense[:, 0].astype(np.float64)
        figures[name] = _judge(shares, posts, np.ones(len(posts), np.bool_), prior, compound)
        if name == "tweeteval-validation":
            negative = np.array([post.label == 0 for post in posts])
            figures[name]["reliability"] = reliability(shares[:, 0], negative)
    return figures


def _print(figures: dict[str, Any]) -> None:
    for name, row in figures.items():
        shown = " ".join(f"{key} {value}" for key, value in row.items() if key != "reliability")
        print(f"{name}: {shown}")


def _posts(folder: Path) -> tuple[list[Post], dict[str, int]]:
    """Everything to be trained on, and how many posts left as copies."""
    test = [post for name in TEST_ONLY for post in read(folder, name)]
    allowed = [post for name in (TWEETS, *THUMBS) for post in read(folder, name)]
    posts, dropped = without_copies(allowed, test)
    posts += [Post(text, label, SOURCE) for text, label in invented_posts()]
    posts += [Post(text, label, SOURCE) for text, label in brand_posts()]
    return posts, dropped


def _settings(data: Examples, table: Doubles) -> dict[str, Any]:
    """What the card says of how the model was made."""
    counts = {name: int((data.group == number).sum()) for name, number in _GROUPS.items()}
    return {
        "seed": SEED,
        "folds": FOLDS,
        "split": "tweets at random over the folds; every game whole in one fold",
        "weights": {"thumbs": THUMB_WEIGHT, "invented": INVENTED_WEIGHT},
        "trained on": counts,
        "features": {
            "dense": list(DENSE_NAMES),
            "sparse used": int((table != 0).any(axis=1).sum()),
        },
    }


def train(folder: Path, output: Path) -> None:
    """Fit, judge and write the weights and the card."""
    posts, dropped = _posts(folder)
    data, vectors = _prepare(posts)
    fold = _folds(data.group)
    tweets = data.group == 0
    prior = np.bincount(data.label[tweets], minlength=3) / tweets.sum()
    logits = _held_out_logits(data, fold)
    second = _for_correction(data)
    corrected = _held_out_corrected(logits, second, fold)
    temperature, shift = calibrate(corrected[tweets], data.label[tweets])
    shares = softmax((corrected + shift) / temperature)
    seen = fold >= 0
    correction = fit_correction(logits[seen], second.take(seen))
    correction = replace(correction, output_bias=correction.output_bias + shift)
    linear = fit_linear(data)
    table = _sparse_table(linear, data.columns, vectors)
    extra = {"temperature": np.float32(temperature), "prior": prior.astype(np.float32)}
    _save(output, table, linear, correction, extra)
    compound = data.dense[:, 0]
    groups = {name: data.group == number for name, number in _GROUPS.items() if name != SOURCE}
    held_out = {name: _judge(shares, posts, rows, prior, compound) for name, rows in groups.items()}
    _print(held_out)
    tested = _test_figures(folder, Blend(output), prior)
    _print(tested)
    card = _settings(data, table) | {
        "dropped": dropped,
        "temperature": temperature,
        "prior": prior.round(6).tolist(),
        "held out": held_out,
        "never trained on": tested,
        "reliability": reliability(shares[tweets, 0], data.label[tweets] == 0),
        "densities": densities(shares[tweets, 0], data.label[tweets] == 0),
        "weights sha256": hashlib.sha256(output.read_bytes()).hexdigest(),
    }
    output.with_name("card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "labelled")
    parser.add_argument("--output", type=Path, default=ROOT / "gate" / "scorers" / "blend" / "weights.npz")
    arguments = parser.parse_args()
    # More threads would add the same numbers in another order.
    with threadpool_limits(1):
        train(arguments.data, arguments.output)


if __name__ == "__main__":
    main()
