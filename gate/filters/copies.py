"""Recognises near-copies: the same text by many hands, or one template with a few words filled in.

Pure: the same texts in the same order always give the same answer.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

MIN_WORDS_TO_COMPARE = 6
"""Below this two people may honestly write the same words ("good", "same here")."""
NEAR_SHARE = 0.7
"""Jaccard similarity of word shingles above which two texts are copies of one."""
MIN_WORDS_TO_FILL_IN = 12
"""From here on texts that share a phrase and NEAR_SHARE of their words are fillings of one template."""
COPIES_WITHIN = timedelta(minutes=15)
"""Copies further apart are no campaign; and over a long window the more is written the more repeats itself by chance."""
WORDS_COMPARED = 200
MOST_COMPARED = 6
"""Earlier texts that one is compared with: those it shares most phrases with."""

_NAMES = re.compile(r"[@#]\w+")
_LINKS_AND_NAMES = re.compile(r"https?://\S+|[@#]\w+")
_WORD = re.compile(r"[^\W_]+")
_PLAIN = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)).ljust(256)
"""By byte of an ASCII text: a letter in lower case, a digit, or a space."""


class Copies:
    """Remembers texts and recognises their near-copies, each in time linear in the text.

    A text is the set of its three-word shingles (after Broder 1997, "On the resemblance and containment of documents").
    Each second one, and the text as a whole, leads to the last text that bore it; the few earlier texts met most often that
    way are compared with it. A template with a few words exchanged here and there keeps few of its shingles; longer texts
    are copies, too, where most of their words are the same.
    """

    def __init__(self) -> None:
        """Start with no text seen."""
        self._latest = _Memory()
        self._late = _Memory()
        """What was delivered late: written before the newer half of the latest was begun."""

    def seen(self, text: str, at: datetime) -> bool:
        """Tell whether a near-copy of what is known was written within a quarter of an hour; remember the text.

        A text delivered late is no copy of what was written long after it, and hides none of that.
        """
        words = _words(text)[:WORDS_COMPARED]
        if len(words) < MIN_WORDS_TO_COMPARE:
            return False
        latest = self._latest
        if latest.begun is None or at - latest.begun > COPIES_WITHIN:
            latest.turn(at)
        said = b" ".join(words)
        marks = _marks(said, words)
        late = self._late if latest.begun is not None and at < latest.begun else None
        known = latest.original(words, marks, at)
        if late:
            if late.begun is None or abs(at - late.begun) > COPIES_WITHIN:
                late.turn(at)
            known = known or late.original(words, marks, at)
        newcomer = known is None
        if known is None:
            known = _Text(said, at, at)
        else:
            # A campaign that goes on stays one voice for as long as it does.
            known.first, known.last = min(known.first, at), max(known.last, at)
            marks = _marks(known.said, known.said.split())
        newer = late.newer if late else latest.newer
        for mark in marks[::2]:
            newer[mark] = known
        if late:
            for mark in marks[::2]:
                latest.older.setdefault(mark, known)
        return not newcomer


class _Memory:
    """Texts by their marks, in halves: one is let go as a whole once all in it is older than anybody compares with."""

    __slots__ = ("begun", "newer", "older")

    def __init__(self) -> None:
        self.newer: dict[int, _Text] = {}
        self.older: dict[int, _Text] = {}
        self.begun: datetime | None = None
        """When the newer half was begun."""

    def turn(self, at: datetime) -> None:
        """Begin another half: what was written before the newer one was begun is older than anybody compares with."""
        self.older, self.newer, self.begun = self.newer, {}, at

    def original(self, words: list[bytes], marks: list[int], at: datetime) -> _Text | None:
        """Return the known text that these words are a copy of, if any."""
        if self.newer.keys().isdisjoint(marks) and self.older.keys().isdisjoint(marks):
            return None
        newer, older, since, until = self.newer.get, self.older.get, at - COPIES_WITHIN, at + COPIES_WITHIN
        met = Counter(
            text
            for mark in marks
            if (text := newer(mark) or older(mark)) and text.last >= since and text.first <= until
        )
        for other, _ in met.most_common(MOST_COMPARED):
            theirs = other.said.split()
            if _alike(marks[1:], _marks(other.said, theirs)[1:]) or _same_template(words, theirs):
                return other
        return None


@dataclass(slots=True, eq=False)
class _Text:
    said: bytes
    """Its words, which are taken apart again for the few texts that are compared."""
    first: datetime
    last: datetime
    """When it and its copies were written."""


def _marks(said: bytes, words: list[bytes]) -> list[int]:
    """Return hashes of the whole, then of three words each: they differ between processes, but are only ever told apart."""
    return [hash(said), *map(hash, zip(words, words[1:], words[2:]))]  # noqa: B905 - saying so takes as long as the rest


def _words(text: str) -> list[bytes]:
    if "://" in text:
        text = _LINKS_AND_NAMES.sub(" ", text.lower())
    elif "@" in text or "#" in text:
        text = _NAMES.sub(" ", text.lower())
    if text.isascii():
        return text.encode().translate(_PLAIN).split()  # the same, several times faster
    return [word.encode() for word in _WORD.findall(text.lower())]


def _alike(one: Iterable[object], other: Iterable[object]) -> bool:
    ours, theirs = set(one), set(other)
    shared = len(ours & theirs)
    return shared >= NEAR_SHARE * (len(ours) + len(theirs) - shared)


def _same_template(one: list[bytes], other: list[bytes]) -> bool:
    return min(len(one), len(other)) >= MIN_WORDS_TO_FILL_IN and _alike(one, other)
