"""Fits the head of the scorer ``embedding``: python tools/train_embedding.py DATA [--cache FILE].

DATA holds the labelled sets (one JSON object a line: text, label), of which only those in ``TRAINING`` are read for
fitting; posts that copy a test post are left out. Needs the extra ``[embedding]`` and scipy. The same data and library
versions give the same weights to the digit: fixed seed, posts in file order.

The head is fitted on the embedding alone and pooled with blend's probabilities (log-odds, weights 0.4 and 0.6): blend
has seen most of these posts, so a head fitted beside it would take its word for more than it is worth on posts it has
not seen.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize

from gate.scorers.embedding import head
from gate.scorers.embedding.encoder import Encoder, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

TWEETS = "semeval2013-2016"
GAMES = ("blairwitch", "command", "edgespace", "flatout", "homecoming", "kinetic", "postal", "superpower", "towns")
TRAINING = {TWEETS: 8000, "cs2": 600} | {f"steam-{game}": 400 for game in (*GAMES, "urbanemp")}
"""Set, and how many of its posts are taken: more of one game would teach that game."""
TESTS = ("tweeteval-validation", "usair", "united", "hotstar", "jira", "javalib")
LABELS = ("negative", "neutral", "positive")
SEED = 7
PENALTY = 10.0
"""On squared weights; chosen on a fifth of the tweets and four games left out whole."""
SCALE = 3.0
"""Embeddings are multiplied by this first: their coordinates are small, and the penalty is meant for features near 1."""
NEVER_NEUTRAL = 0.3
"""Weight of reviews as posts that are never neutral, beside their weight of 1 as negative rather than positive."""
POOLED = 0.6
"""Share of blend in the pool; chosen in the same way."""
STEPS = 120
_NOISE = re.compile(r"https?\S+|@\w+|[\W_]+")
_RUN = 6
_SHORT = 3

Post = tuple[str, int, str]
"""Text, label, set."""


def read(folder: Path, name: str) -> list[Post]:
    """Read one set, in file order."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(row["text"], LABELS.index(row["label"]), name) for row in rows]


def chosen(folder: Path) -> list[Post]:
    """Return the posts to fit on: none that copies a test post, none twice."""
    tests = [_words(text) for name in TESTS for text, _, _ in read(folder, name)]
    same = {" ".join(words) for words in tests if len(words) > _SHORT}
    runs = set().union(*map(_runs, tests))
    random = np.random.default_rng(SEED)
    kept: list[Post] = []
    for name, size in TRAINING.items():
        posts: dict[tuple[str, int], Post] = {}
        for post in read(folder, name):
            words = _words(post[0])
            own = _runs(words)
            if " ".join(words) not in same and 2 * len(own & runs) <= len(own):
                posts.setdefault((" ".join(words), post[1]), post)
        candidates = list(posts.values())
        kept += [candidates[place] for place in np.sort(random.permutation(len(candidates))[:size])]
    return kept


def _words(text: str) -> list[str]:
    return _NOISE.sub(" ", plain(text).lower()).split()


def _runs(words: list[str]) -> set[str]:
    return {" ".join(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)}


def embedded(texts: Sequence[str], cache: Path | None) -> NDArray[np.float32]:
    """Embed texts, or take their rows from the cache."""
    keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16] for text in texts]
    known: dict[str, NDArray[np.float32]] = {}
    if cache and cache.exists():
        with np.load(cache) as stored:
            known = dict(zip(stored["keys"].tolist(), stored["rows"], strict=True))
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    print(f"{len(texts)} posts, {len(missing)} to embed", flush=True)
    encoder = Encoder() if missing else None
    left = list(missing)
    for start in range(0, len(left), 1024):
        part = left[start : start + 1024]
        if encoder:
            known |= dict(zip(part, encoder.encode([missing[key] for key in part]), strict=True))
    if cache and missing:
        np.savez(cache, keys=np.array(list(known)), rows=np.stack(list(known.values())))
    return np.stack([known[key] for key in keys])


def fitted(features: Doubles, posts: Sequence[Post]) -> tuple[Doubles, Doubles]:
    """Return weights and bias of a softmax layer, by penalised maximum likelihood.

    A review has a thumb and no neutral, so it counts as negative rather than positive, with a bias for each game: how
    often players of one game complain says nothing about words.
    """
    label = np.array([post[1] for post in posts])
    names = sorted({post[2] for post in posts})
    groups = np.eye(len(names))[[names.index(post[2]) for post in posts]]
    thumbs = np.array([post[2] != TWEETS for post in posts])
    barrier = np.where(thumbs, -1e9, 0.0)[:, None] * np.array([0.0, 1.0, 0.0])
    lean = np.array([1.0, 0.0, -1.0])
    rows, width = np.arange(len(label)), features.shape[1]

    def split(values: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        return values[: 3 * width].reshape(width, 3), values[3 * width : 3 * width + 3], values[3 * width + 3 :]

    def objective(values: Doubles) -> tuple[float, Doubles]:
        weights, bias, games = split(values)
        logits = features @ weights + bias
        offset = (groups @ games * thumbs)[:, None] * lean
        loss, slope = _loss(logits + offset + barrier, label, rows, np.ones(len(label)))
        by_game = groups.T @ ((slope @ lean) * thumbs) + 0.01 * games
        more, again = _loss(logits, label, rows, np.where(thumbs, NEVER_NEUTRAL, 0.0))
        slope += again
        loss += more + 0.5 * PENALTY * float((weights**2).sum()) + 0.005 * float((games**2).sum())
        return loss, np.concatenate([(features.T @ slope + PENALTY * weights).ravel(), slope.sum(axis=0), by_game])

    start = np.zeros(3 * width + 3 + len(names))
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 8})
    weights, bias, _ = split(np.asarray(found.x, np.float64))
    return weights, bias


def _loss(logits: Doubles, label: Any, rows: Any, weight: Doubles) -> tuple[float, Doubles]:  # noqa: ANN401 - index arrays
    shares = head.softmax(logits)
    loss = -float(weight @ np.log(np.maximum(shares[rows, label], 1e-300)))
    shares[rows, label] -= 1.0
    return loss, shares * weight[:, None]


def written(embedding: Doubles, reading: Doubles, bias: Doubles) -> None:
    """Write the head."""
    parts = {"embedding": embedding, "reading": reading, "bias": bias}
    np.savez(head.WEIGHTS, **{name: part.astype(np.float32) for name, part in parts.items()})  # type: ignore[arg-type]
    digest = hashlib.sha256(head.WEIGHTS.read_bytes()).hexdigest()[:16]
    print(f"{head.WEIGHTS.name}: {head.WEIGHTS.stat().st_size:,} bytes, sha256 {digest}")


def main() -> None:
    """Fit the head."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, default=None, help="npz file of embeddings, read and written")
    given = parser.parse_args()
    posts = chosen(given.data)
    texts = [post[0] for post in posts]
    vectors = embedded(texts, given.cache).astype(np.float64) * SCALE
    weights, bias = fitted(vectors, posts)
    pool = POOLED * np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    written((1 - POOLED) * weights * SCALE, pool, (1 - POOLED) * bias)


if __name__ == "__main__":
    main()
