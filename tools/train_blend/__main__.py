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
from gate.scorers.blend.model import Blend
from tools.train_blend.correction import Correction, fit_correction
from tools.train_blend.data import TEST_ONLY, Post, read
from tools.train_blend.fitting import Doubles, Examples, Ints, Linear, fit_linear
from tools.train_blend.held_out import (
    FOLDS,
    GROUPS,
    INVENTED_WEIGHT,
    SEED,
    THUMB_WEIGHT,
    for_correction,
    held_out,
)
from tools.train_blend.invented import SOURCE
from tools.train_blend.metrics import densities, reliability, score_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.train_blend.vectors import Meanings

ROOT = Path(__file__).resolve().parents[2]


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


def _settings(data: Examples, table: Doubles) -> dict[str, Any]:
    """What the card says of how the model was made."""
    counts = {name: int((data.group == number).sum()) for name, number in GROUPS.items()}
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
    known = held_out(folder)
    posts, data, temperature, shares = known.posts, known.data, known.temperature, known.shares
    tweets, seen = data.group == 0, known.fold >= 0
    prior = np.bincount(data.label[tweets], minlength=3) / tweets.sum()
    correction = fit_correction(known.logits[seen], for_correction(data).take(seen))
    correction = replace(correction, output_bias=correction.output_bias + known.shift)
    linear = fit_linear(data)
    table = _sparse_table(linear, data.columns, known.vectors)
    extra = {"temperature": np.float32(temperature), "prior": prior.astype(np.float32)}
    _save(output, table, linear, correction, extra)
    compound = data.dense[:, 0]
    groups = {name: data.group == number for name, number in GROUPS.items() if name != SOURCE}
    judged = {name: _judge(shares, posts, rows, prior, compound) for name, rows in groups.items()}
    _print(judged)
    tested = _test_figures(folder, Blend(output), prior)
    _print(tested)
    card = _settings(data, table) | {
        "dropped": known.dropped,
        "temperature": temperature,
        "prior": prior.round(6).tolist(),
        "held out": judged,
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
