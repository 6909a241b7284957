"""What the blend model sees of a post: hashed words, word pairs and letter groups, and a few counts.

Training and scoring both use this file, so they cannot drift apart. A batch is laid out as one
long row of tokens with a border token before every post; scopes and pairs are then found for
the whole batch at once with numpy. Every step is linear in the text.
"""

from __future__ import annotations

import functools
import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gate.lexicon import FastVader
from gate.scorers.blend.hashing import Ints, pair_buckets

if TYPE_CHECKING:
    from collections.abc import Callable

BORDER = "\n"
# Long reviews say what they think first and sum up last.
HEAD, TAIL = 800, 400
_LONGEST_TOKEN = 24
_MEMO_TOKENS = 200_000

_TOKEN = re.compile(
    r"https?\S+|www\.\S+|@\w+|[:;=8xX]['-]?[)(\]\[dDpP/\\|*]+(?!\w)|<3"
    r"|[^\W\d_]+(?:'[^\W\d_]+)*|\d+|[!?]+|\.\.+|[.,;:/%$*]"
    r"|[\u2190-\u2bff\u3030\U0001f000-\U0001faff]"
)
_LONG_RUN = re.compile(r"(\w)\1{2,}")
_SHOUTED = re.compile(r"\b[A-Z]{2,}\b")
_MARKS = re.compile("[\u0300-\u036f\u200b-\u200f\ufe0f]+")
_NEGATORS = frozenset([
    "not", "no", "never", "none", "nothing", "nobody", "neither", "nor", "without", "cannot", "cant",
    "dont", "doesnt", "didnt", "isnt", "wasnt", "arent", "werent", "wont", "wouldnt", "couldnt",
    "shouldnt", "havent", "hasnt", "hadnt", "aint", "hardly", "barely",
])  # fmt: skip
_STOPS = frozenset([BORDER, ".", "..", ",", ";", ":", "!", "!!", "?", "??", "but", "<url>"])

DENSE_NAMES = (
    "vader compound", "vader negative", "vader positive", "vader neutral",
    "vader below", "vader above", "vader zero", "vader strong negative", "vader strong positive",
    "exclamation", "question", "capitals", "ellipsis", "link", "mention", "hashtag",
    "length", "short", "negations", "elongation",
)  # fmt: skip

Floats = NDArray[np.float32]


def clean(text: str) -> str:
    """The text with entities resolved, stacked accents dropped and a bounded length."""
    if len(text) > HEAD + TAIL:
        text = text[:HEAD] + " \n " + text[-TAIL:]
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _MARKS.sub("", text.replace("\u2019", "'"))
    return text


def tokens_of(text: str) -> list[str]:
    """The tokens of a cleaned text, in lower case."""
    return _TOKEN.findall(text.lower())


def canonical(token: str) -> str:
    """One spelling for tokens that differ in ways that say nothing of the mood."""
    head = token[0]
    if head == "@":
        return "<user>"
    if token.startswith(("http", "www.")) and len(token) > 5:
        return "<url>"
    if head.isdigit():
        return token if len(token) == 1 else "<number>"
    if head in "!?.":
        return token[:2] if len(set(token)) == 1 else "!?"
    return (_LONG_RUN.sub(r"\1\1", token) if _LONG_RUN.search(token) else token)[:_LONGEST_TOKEN]


class _Numbers(dict[str, int]):
    """The tokens met so far; one that is not among them is given a number when it is asked for."""

    def __init__(self, number: Callable[[str], int]) -> None:
        super().__init__()
        self._number = number

    def __missing__(self, token: str) -> int:
        return self._number(token)


class Vocabulary:
    """Numbers for the tokens met so far, with their hash and their part in negation."""

    def __init__(self) -> None:
        """Start with the border token alone."""
        self.clear()

    def clear(self) -> None:
        """Forget all tokens, so that the memory stays bounded in a long-lived process."""
        self.ids = _Numbers(self.id_of)
        self.names: list[str] = []
        self._hashes: list[int] = []
        self._flags: list[int] = []
        self._arrays = np.zeros((2, 0), np.int64)
        self.id_of(BORDER)

    def arrays(self) -> Ints:
        """Hashes and flags of all tokens as two rows, in the order of their numbers."""
        known, wanted = self._arrays.shape[1], len(self.names)
        if known < wanted:
            # Only the new tokens are converted; a list of all would cost more than the scoring.
            new = np.array([self._hashes[known:], self._flags[known:]], np.int64)
            self._arrays = np.hstack([self._arrays, new])
        return self._arrays

    @property
    def is_full(self) -> bool:
        """Is it time to forget?"""
        return len(self.ids) >= _MEMO_TOKENS

    def id_of(self, token: str) -> int:
        """The number of this token; a new one if it was never seen."""
        drawn_out = token[0].isalpha() and _LONG_RUN.search(token) is not None
        # A plain word is spelt as it is; most new tokens are plain words.
        is_plain = token.isalpha() and not drawn_out and not token.startswith("http")
        name = token[:_LONGEST_TOKEN] if is_plain else canonical(token)
        key = name + "~" if drawn_out else name
        known = self.ids.get(key)
        if known is None:
            known = len(self.names)
            self.ids[key] = known
            self.names.append(name)
            self._hashes.append(crc32(name.encode("utf-8", "surrogatepass")))
            negator = name in _NEGATORS or name.endswith("n't")
            self._flags.append(negator + 2 * (name in _STOPS) + 4 * drawn_out)
        if len(token) <= _LONGEST_TOKEN:
            self.ids[token] = known
        return known


@dataclass(frozen=True)
class Batch:
    """Tokens of a batch in one row; `starts` are the places of the border tokens."""

    ids: Ints
    hashes: Ints
    starts: Ints
    lengths: Ints
    negated_at: NDArray[np.bool_]
    pairs: Ints
    dense: Floats


def _counted(text: str, tokens: int, scores: tuple[float, float, float, float]) -> tuple[float, ...]:
    negative, neutral, positive, compound = scores
    return (
        compound, negative, positive, neutral, tokens,
        text.count("!"), text.count("?"), 0 if text.islower() else len(_SHOUTED.findall(text)),
        "..." in text, "http" in text, "@" in text, text.count("#"),
    )  # fmt: skip


def _dense(counted: list[tuple[float, ...]]) -> NDArray[np.float64]:
    """All but the last two of `DENSE_NAMES`, one row a post, worked out for all posts at once."""
    columns = np.array(counted, np.float64).T
    compound, tokens = columns[0], columns[4]
    exclamation, question, shouted, ellipsis, link, mention, hashtag = columns[5:]
    return np.stack(
        [
            *columns[:4],
            np.maximum(-compound - 0.3, 0.0), np.maximum(compound - 0.3, 0.0), compound == 0.0,
            np.maximum(-compound - 0.7, 0.0) * 2, np.maximum(compound - 0.7, 0.0) * 2,
            np.minimum(exclamation, 4) / 4, np.minimum(question, 3) / 3,
            np.minimum(shouted / (tokens + 1), 1.0), ellipsis, link, mention,
            np.minimum(hashtag, 4) / 4, np.log1p(tokens) / 4, tokens < 4,
        ],
        axis=1,
    )  # fmt: skip


@functools.cache
def _vader() -> FastVader:
    """One for the process: its lexicon takes long to read, and a text leaves nothing behind in it."""
    return FastVader()


class Featurizer:
    """Turns texts into a `Batch`; keeps a vocabulary and an analyzer between calls."""

    def __init__(self) -> None:
        """Start with no word met."""
        self.vader = _vader()
        self.vocabulary = Vocabulary()

    def batch(self, texts: list[str]) -> Batch:
        """The features of these texts; at least one text."""
        number = self.vocabulary.ids.__getitem__
        ids: list[int] = []
        starts: list[int] = []
        counted: list[tuple[float, ...]] = []
        for raw in texts:
            text = clean(raw)
            starts.append(len(ids))
            ids.append(0)
            found = tokens_of(text)
            ids += list(map(number, found))
            counted.append(_counted(text, len(found), self.vader.scores(text)))
        return self._lay_out(np.array(ids, np.int64), np.array(starts, np.int64), _dense(counted))

    def _lay_out(self, ids: Ints, starts: Ints, dense: NDArray[np.float64]) -> Batch:
        hashes, flags = self.vocabulary.arrays()[:, ids]
        scope = negation_scope((flags & 1) == 1, (flags & 2) == 2)
        lengths = np.diff(np.append(starts, len(ids)))
        counts = np.stack(
            [
                np.minimum(np.add.reduceat(flags & 1, starts), 4) / 4,
                np.minimum(np.add.reduceat(flags >> 2, starts), 2) / 2,
            ],
            axis=1,
        )
        return Batch(
            ids=ids,
            hashes=hashes,
            starts=starts,
            lengths=lengths,
            negated_at=scope,
            pairs=pair_buckets(hashes, np.append(hashes[1:], hashes[0])),
            dense=np.hstack([dense, counts]).astype(np.float32),
        )


def negation_scope(negator: NDArray[np.bool_], stop: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which tokens follow a negator within three places with no stop between."""
    scope = np.zeros(len(negator), np.bool_)
    reach = negator.copy()
    for _ in range(3):
        reach = np.append(False, reach[:-1]) & ~stop
        scope |= reach
    return scope & ~negator
