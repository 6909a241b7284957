"""Recognises copies and near-copies of a text that were written soon after each other. Pure."""

from __future__ import annotations

import re
from collections import deque
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

_NAMES = re.compile(r"[@#]\w+")
"""People and topics: what copies exchange …"""
_LINKS = re.compile(r"https?://\S+|[@#]\w+")
"""… and links."""
_WORD = re.compile(r"[^\W_]+")
_SPACES = bytes(code if chr(code).isalnum() else ord(" ") for code in range(128)).ljust(256)
"""By byte of an ASCII text, itself or a space."""


class Copies:
    """Remembers texts and recognises their near-copies, each in time linear in the text.

    A text is the set of its three-word shingles, indexed by the smallest few of their hashes
    (bottom-k sketch, after Broder 1997, "On the resemblance and containment of documents");
    candidates found that way are compared exactly. A template with a few words exchanged here and there keeps few of
    its shingles; longer texts are copies, too, where most of their words are the same.
    """

    def __init__(self) -> None:
        """Start with no text seen."""
        self._by_hash: dict[int, _Text] = {}
        self._by_age: deque[tuple[datetime, _Text]] = deque()

    def seen(self, text: str, at: datetime) -> bool:
        """Tell whether a near-copy was written within the last quarter of an hour; remember the text."""
        words = _words(text.lower())
        if len(words) < MIN_WORDS_TO_COMPARE:
            return False
        self._forget(at - COPIES_WITHIN)
        # hash() of a text differs between processes, and the verdict must not; of whole numbers it is the same in all.
        marks = list(map(crc32, words[:WORDS_COMPARED]))
        shingles = sorted(map(hash, zip(marks, marks[1:], marks[2:], strict=False)))
        newcomer = _Text(shingles, marks, _smallest(shingles), at)
        for other in self._candidates(newcomer.sketch):
            if _alike(newcomer.shingled(), other.shingled()) or _same_template(newcomer, other):
                # A campaign that goes on stays one voice for as long as it does.
                self._remember(other, at)
                return True
        self._remember(newcomer, at)
        return False

    def _candidates(self, sketch: list[int]) -> Iterable[_Text]:
        known = self._by_hash
        if known.keys().isdisjoint(sketch):
            return ()  # as for nearly every text
        # Most marks that two texts share lead to the same one.
        return dict.fromkeys(known[mark] for mark in sketch if mark in known)

    def _remember(self, text: _Text, at: datetime) -> None:
        text.at = at
        remember = self._by_hash.setdefault
        for mark in text.sketch:
            remember(mark, text)
        self._by_age.append((at, text))

    def _forget(self, before: datetime) -> None:
        known, ages = self._by_hash, self._by_age
        while ages and ages[0][0] < before:
            _, text = ages.popleft()
            if text.at >= before:
                continue
            for mark in text.sketch:
                if known.get(mark) is text:
                    del known[mark]


@dataclass(slots=True, eq=False)
class _Text:
    shingles: list[int]
    """Hashes of three words each, smallest first."""
    words: list[int]
    """Their hashes, in order."""
    sketch: list[int]
    at: datetime
    _shingled: frozenset[int] = frozenset()
    _vocabulary: frozenset[int] = frozenset()

    def shingled(self) -> frozenset[int]:
        """The shingles as a set, made when first compared, as few texts ever are."""
        self._shingled = self._shingled or frozenset(self.shingles)
        return self._shingled

    def vocabulary(self) -> frozenset[int]:
        """The words as a set."""
        self._vocabulary = self._vocabulary or frozenset(self.words)
        return self._vocabulary


def _smallest(ordered: list[int]) -> list[int]:
    sketch = ordered[:SKETCH]
    # A text that repeats itself has a shingle twice.
    return sketch if len(set(sketch)) == len(sketch) else sorted(set(ordered))[:SKETCH]


def _words(text: str) -> list[bytes]:
    if "://" in text:
        text = _LINKS.sub(" ", text)
    elif "@" in text or "#" in text:
        text = _NAMES.sub(" ", text)
    if text.isascii():
        return text.encode().translate(_SPACES).split()  # the same, several times faster
    return [word.encode() for word in _WORD.findall(text)]


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    shared = len(one & other)
    return shared >= NEAR_SHARE * (len(one) + len(other) - shared)


def _same_template(one: _Text, other: _Text) -> bool:
    fewest = min(len(one.words), len(other.words))
    return fewest >= MIN_WORDS_TO_FILL_IN and _alike(one.vocabulary(), other.vocabulary())
