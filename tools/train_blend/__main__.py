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

from gate.decide import ScoreDensities
from gate.scorers.blend.features import DENSE_NAMES, Featurizer
from gate.scorers.blend.hashing import CHAR_BITS, WORD_BITS
from gate.scorers.blend.model import Blend, softmax
from tools.measure_densities import write
from tools.train_blend.correction import SEEDS, Correction, fit_correction
from tools.train_blend.data import TEST_ONLY, TWEETS, Post, read
from tools.train_blend.fitting import Doubles, Examples, Ints, Linear, fit_linear
from tools.train_blend.held_out import (
    FOLDS,
    GROUPS,
    INVENTED_WEIGHT,
    PHRASES_SHARE,
    SEED,
    THUMB_WEIGHT,
    HeldOut,
    for_correction,
    held_out,
    pooled,
)
from tools.train_blend.invented import SOURCE
from tools.train_blend.metrics import densities, reliability, score_table
from tools.train_blend.phrases import NETS, PATTERNS, SIZE, Net, fit_phrases
from tools.train_blend.rounding import rounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.train_blend.vectors import Meanings

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "gate" / "scorers" / "blend" / "weights.npz"
DENSITY_BINS = 64
MOST_LOST = 0.02
"""Between probabilities, by rounding weights to whole numbers and letting words share buckets."""


def _table(linear: Linear, columns: Ints, vectors: Meanings) -> Doubles:
    """One row a bucket, with the meanings folded into the words."""
    table = np.zeros(((1 << WORD_BITS) + (1 << CHAR_BITS), 3))
    table[columns] = linear.sparse
    table[: 1 << WORD_BITS] += vectors.fold(linear.meaning)
    return (1 - PHRASES_SHARE) * table


def _save(path: Path, table: Doubles, linear: Linear, net: Net, correction: Correction, extra: dict[str, Any]) -> None:
    # The few largest weights are clipped so that the many small ones keep their digits.
    scale = np.quantile(np.abs(table[table != 0]), 0.9995) / 127
    small = np.clip(np.round(table / scale), -127, 127).astype(np.int8)
    arrays: dict[str, Any] = {"sparse": small, "scale": np.float32(scale)}
    bias = pooled(linear.bias[0], net.mean_bias.astype(np.float64))
    arrays |= {"dense": np.float32((1 - PHRASES_SHARE) * linear.dense), "bias": np.float32(bias)}
    arrays |= {name: np.asarray(value, np.float32) for name, value in vars(correction).items()}
    np.savez_compressed(path, **arrays, **extra)


def _check(blend: Blend, known: HeldOut, linear: Linear, net: Net, correction: Correction) -> None:
    """The file must say what was trained, but for the digits that whole numbers cost."""
    rows = np.arange(0, len(known.posts), 7)
    logits = pooled(linear.logits(known.data), net.logits(known.tokens))[rows]
    trained = softmax(correction.apply(logits, known.data.dense[rows]) / known.temperature)
    written = np.array(blend.score_batch([known.posts[row].text for row in rows.tolist()]))
    gap = np.abs(written - trained).mean()
    print(f"written and trained differ by {gap:.4f} on average")
    if gap > MOST_LOST:
        message = "the weights file does not say what was trained"
        raise ValueError(message)


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
        "split": "tweets at random over the folds; every game, and the forms of an invented phrase, whole in one fold",
        "weights": {"thumbs": THUMB_WEIGHT, "invented": INVENTED_WEIGHT},
        "trained on": counts,
        "features": {
            "dense": list(DENSE_NAMES),
            "sparse used": int((table != 0).any(axis=1).sum()),
            "corrections": len(SEEDS),
            "phrases": {"share": PHRASES_SHARE, "nets": NETS, "patterns": PATTERNS, "vector size": SIZE},
        },
    }


def train(folder: Path, output: Path) -> None:
    """Fit, judge and write the weights and the card."""
    known = held_out(folder)
    posts, data, temperature, shares = known.posts, known.data, known.temperature, known.shares
    tweets = data.group == 0
    prior = np.bincount(data.label[tweets], minlength=3) / tweets.sum()
    correction = fit_correction(known.logits, for_correction(data))
    correction = replace(correction, output_bias=correction.output_bias + known.shift)
    linear = fit_linear(data)
    table = _table(linear, data.columns, known.vectors)
    net = fit_phrases(known.tokens, data, known.fold >= 0)
    extra = {"temperature": np.float32(temperature), "prior": prior.astype(np.float32)}
    extra |= rounded(net, known.tokens, PHRASES_SHARE)
    _save(output, table, linear, net, correction, extra)
    _check(Blend(output), known, linear, net, correction)
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
    if output == WEIGHTS:
        stated, negative = shares[tweets, 0].tolist(), (data.label[tweets] == 0).tolist()
        measured = ScoreDensities.from_labelled(stated, negative, bins=DENSITY_BINS)
        write("blend", f"{TWEETS}.jsonl.gz, out of fold", len(stated), measured)


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "labelled")
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    # More threads would add the same numbers in another order.
    with threadpool_limits(1):
        train(arguments.data, arguments.output)


if __name__ == "__main__":
    main()
