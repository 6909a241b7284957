"""Recognises near-copies: the same text by many hands, or one template with a few words filled in.

Pure: the same texts in the same order always give the same answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

MIN_WORDS_TO_COMPARE = 6
"""Below this two people may honestly write the same words ("good", "same here")."""
NEAR_SHARE = 0.7
"""Jaccard similarity of word shingles above which two texts are copies of one."""
MIN_WORDS_TO_FILL_IN = 12
"""From here on texts that share a phrase and NEAR_SHARE of their words are fillings of one template."""
SKETCH = 6
COPIES_WITHIN = timedelta(minutes=15)
"""Copies further apart are no campaign; and over a long window the more is written the more repeats itself by chance."""
WORDS_COMPARED = 200
MOST_REMEMBERED, LONGEST_REMEMBERED = 10_000, 20
"""Words whose checksums are kept, and bytes of each: a megabyte, whatever is written."""

_NAMES = re.compile(r"[@#]\w+")
_LINKS_AND_NAMES = re.compile(r"https?://\S+|[@#]\w+")
_WORD = re.compile(r"[^\W_]+")
_PLAIN = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)).ljust(256)
"""By byte of an ASCII text: a letter in lower case, a digit, or a space."""


class _Marks(dict[bytes, int]):
    """Checksums of words, remembered: people use few words, each of them often."""

    def __missing__(self, word: bytes) -> int:
        mark = crc32(word)
        if len(word) <= LONGEST_REMEMBERED:
            if len(self) >= MOST_REMEMBERED:
                self.clear()
            self[word] = mark
        return mark


_MARKS = _Marks()


class Copies:
    """Remembers texts and recognises their near-copies, each in time linear in the text.

    A text is the set of its three-word shingles, indexed by the smallest few of their hashes
    (bottom-k sketch, after Broder 1997, "On the resemblance and containment of documents");
    candidates found that way are compared exactly. A template with a few words exchanged here and there keeps few of
    its shingles; longer texts are copies, too, where most of their words are the same.
    """

    def __init__(self) -> None:
        """Start with no text seen."""
        # By mark, and by half: a half is let go as a whole once all in it is older than anybody compares with.
        self._newer: dict[int, _Text] = {}
        self._older: dict[int, _Text] = {}
        self._begun: datetime | None = None
        """When the newer half was begun."""

    def seen(self, text: str, at: datetime) -> bool:
        """Tell whether a near-copy was written within the last quarter of an hour; remember the text."""
        words = _words(text)
        if len(words) < MIN_WORDS_TO_COMPARE:
            return False
        if self._begun is None or at - self._begun > COPIES_WITHIN:
            self._turn(at)
        # hash() of a text differs between processes, and the verdict must not; of whole numbers it is the same in all.
        marks = list(map(_MARKS.__getitem__, words[:WORDS_COMPARED]))
        shingles = sorted(map(hash, zip(marks, marks[1:], marks[2:])))  # noqa: B905 - saying so takes as long as the rest
        sketch = _smallest(shingles)
        newcomer = _Text(shingles, marks, sketch, at)
        if self._newer.keys().isdisjoint(sketch) and self._older.keys().isdisjoint(sketch):
            self._newer.update(dict.fromkeys(sketch, newcomer))  # as for nearly every text
            return False
        since = at - COPIES_WITHIN
        for other in self._candidates(sketch, since):
            if _alike(newcomer.shingled(), other.shingled()) or _same_template(newcomer, other):
                # A campaign that goes on stays one voice for as long as it does.
                other.at = at
                self._remember(other, since)
                return True
        self._remember(newcomer, since)
        return False

    def _turn(self, at: datetime) -> None:
        """Begin another half: what was written before the newer one was begun is older than anybody compares with."""
        self._older, self._newer, self._begun = self._newer, {}, at

    def _candidates(self, sketch: list[int], since: datetime) -> Iterable[_Text]:
        # Most marks that two texts share lead to the same one.
        return dict.fromkeys(text for mark in sketch if (text := self._holder(mark, since)))

    def _holder(self, mark: int, since: datetime) -> _Text | None:
        """The text by which a mark is known: the first that bore it, for as long as that is compared with."""
        text = self._newer.get(mark) or self._older.get(mark)
        return text if text and text.at >= since else None

    def _remember(self, text: _Text, since: datetime) -> None:
        for mark in text.sketch:
            if self._holder(mark, since) in (None, text):
                self._newer[mark] = text


@dataclass(slots=True, eq=False)
class _Text:
    shingles: list[int]
    """Hashes of three words each, smallest first."""
    words: list[int]
    """Hashes of one each, in order."""
    sketch: list[int]
    at: datetime
    _shingled: frozenset[int] = frozenset()
    _vocabulary: frozenset[int] = frozenset()

    def shingled(self) -> frozenset[int]:
        """The shingles as a set, made when first compared, as few texts ever are."""
        self._shingled = self._shingled or frozenset(self.shingles)
        return self._shingled

    def vocabulary(self) -> frozenset[int]:
        """The words as a set, made when first compared."""
        self._vocabulary = self._vocabulary or frozenset(self.words)
        return self._vocabulary


def _smallest(ordered: list[int]) -> list[int]:
    sketch = ordered[:SKETCH]  # unless it holds one twice, as the text repeats itself
    return sketch if len(set(sketch)) == len(sketch) else sorted(set(ordered))[:SKETCH]


def _words(text: str) -> list[bytes]:
    if "://" in text:
        text = _LINKS_AND_NAMES.sub(" ", text.lower())
    elif "@" in text or "#" in text:
        text = _NAMES.sub(" ", text.lower())
    if text.isascii():
        return text.encode().translate(_PLAIN).split()  # the same, several times faster
    return [word.encode() for word in _WORD.findall(text.lower())]


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    shared = len(one & other)
    return shared >= NEAR_SHARE * (len(one) + len(other) - shared)


def _same_template(one: _Text, other: _Text) -> bool:
    words = min(len(one.words), len(other.words))
    return words >= MIN_WORDS_TO_FILL_IN and _alike(one.vocabulary(), other.vocabulary())
