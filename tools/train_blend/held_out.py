"""What blend makes of training posts it has not seen: the folds, and its logits for each fold from models of the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gate.scorers.blend.features import Featurizer
from gate.scorers.blend.model import softmax
from tools.train_blend.correction import calibrate, fit_correction
from tools.train_blend.data import TEST_ONLY, THUMBS, TWEETS, Post, read, without_copies
from tools.train_blend.fitting import Doubles, Examples, Ints, design_matrix, fit_linear
from tools.train_blend.invented import SOURCE, invented_posts
from tools.train_blend.invented_brands import brand_posts
from tools.train_blend.invented_judgements import judgement_posts
from tools.train_blend.phrases import Tokens, fit_phrases, tokens_of
from tools.train_blend.vectors import Meanings, meanings

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20161
FOLDS = 3
NEIGHBOURS = 12
THUMB_WEIGHT = 1.5
INVENTED_WEIGHT = 2.5
CORRECTION_THUMB_WEIGHT = 0.3
PHRASES_SHARE = 0.45
"""Of the phrases in the logits; the rest is the linear model's."""
REVIEW_NEGATIVES = 0.35
LEAST_POSTS = 3
GROUPS = {TWEETS: 0, SOURCE: 1} | {name: 2 + place for place, name in enumerate(THUMBS)}


def training_posts(folder: Path) -> tuple[list[Post], dict[str, int]]:
    """Everything to be trained on, and how many posts left as copies."""
    test = [post for name in TEST_ONLY for post in read(folder, name)]
    allowed = [post for name in (TWEETS, *THUMBS) for post in read(folder, name)]
    posts, dropped = without_copies(allowed, test)
    invented = (*invented_posts(), *brand_posts(), *judgement_posts())
    return posts + [Post(text, label, SOURCE) for text, label in invented], dropped


def _prepare(posts: list[Post]) -> tuple[Examples, Meanings, Tokens]:
    featurizer = Featurizer()
    batch = featurizer.batch([post.text for post in posts])
    sparse = design_matrix(featurizer, batch)
    # A bucket met once or twice says more about that post than about the language.
    used = np.bincount(sparse.indices, minlength=sparse.shape[1]) >= LEAST_POSTS
    columns = np.flatnonzero(used)
    vectors = meanings(featurizer, batch)
    group = np.array([GROUPS[post.source] for post in posts])
    weight = np.select([group == 0, group == 1], [1.0, INVENTED_WEIGHT], THUMB_WEIGHT)
    label = np.array([post.label for post in posts])
    meaning = vectors.features(featurizer, batch)
    dense = batch.dense.astype(np.float64)
    sparse = sparse[:, columns].tocsr()
    tokens = tokens_of(featurizer, batch, vectors)
    return Examples(sparse, columns, dense, meaning, label, group, weight), vectors, tokens


def _folds(group: Ints) -> Ints:
    """Tweets at random; a whole game in one fold, so that no game is judged by its own words.

    Of the invented posts neighbours stay together: they are one phrase with several nouns.
    """
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(group))
    invented = np.cumsum(group == 1) // NEIGHBOURS % FOLDS
    return np.where(group >= 2, group % FOLDS, np.where(group == 1, invented, fold))


def pooled(linear: Doubles, phrases: Doubles) -> Doubles:
    """Logits of both, weighed."""
    return (1 - PHRASES_SHARE) * linear + PHRASES_SHARE * phrases


def _held_out_logits(data: Examples, tokens: Tokens, fold: Ints) -> Doubles:
    logits = np.zeros((len(fold), 3))
    for number in range(FOLDS):
        out = fold == number
        linear = fit_linear(data.take(~out)).logits(data.take(out))
        logits[out] = pooled(linear, fit_phrases(tokens, data, ~out).logits(tokens)[out])
        print(f"fold {number + 1} of {FOLDS} done", flush=True)
    return logits


def for_correction(data: Examples) -> Examples:
    """The same posts, thumbs lighter and brought to one share of negatives, invented posts as light as tweets.

    Otherwise reviews as such would look negative, because these ten games were disliked. Without the invented posts it
    would take every short text for a review, and so for praise: no tweet is that short.
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
        inside, out = fold != number, fold == number
        correction = fit_correction(logits[inside], data.take(inside))
        corrected[out] = correction.apply(logits[out], data.dense[out])
    return corrected


@dataclass(frozen=True)
class HeldOut:
    """The training posts, and what models that had not seen them say of them."""

    posts: list[Post]
    dropped: dict[str, int]
    """How many posts left as copies, by reason."""
    data: Examples
    vectors: Meanings
    tokens: Tokens
    fold: Ints
    logits: Doubles
    temperature: float
    shift: Doubles
    corrected: Doubles
    """Before temperature and shift."""

    @property
    def shares(self) -> Doubles:
        """Calibrated probabilities."""
        return softmax((self.corrected + self.shift) / self.temperature)


def held_out(folder: Path) -> HeldOut:
    """Read everything, fit a model for each fold and let it judge that fold."""
    posts, dropped = training_posts(folder)
    data, vectors, tokens = _prepare(posts)
    fold = _folds(data.group)
    tweets = data.group == 0
    logits = _held_out_logits(data, tokens, fold)
    corrected = _held_out_corrected(logits, for_correction(data), fold)
    temperature, shift = calibrate(corrected[tweets], data.label[tweets])
    return HeldOut(posts, dropped, data, vectors, tokens, fold, logits, temperature, shift, corrected)
