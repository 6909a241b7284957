"""Which mentions count: one vote an author, one a conversation, copies collapse.

Pure: the same mentions in the same order always give the same answer. Every mention that does
not count leaves as ``Dropped`` with its reason, so that fetched = kept + dropped.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from zlib import crc32

from gate.model import DropReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gate.model import Mention

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

_PRIMARY_TAG = re.compile(r"[a-z]{2,3}")
_NAMES = re.compile(r"[@#]\w+")
_LINKS_AND_NAMES = re.compile(r"https?://\S+|[@#]\w+")
_WORD = re.compile(r"[^\W_]+")
_SPACES = bytes(code if chr(code).isalnum() else ord(" ") for code in range(128)).ljust(256)
"""By byte of an ASCII text, itself or a space."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The ``filters`` section of a policy."""

    languages: tuple[str, ...] = ()
    """Primary language tags that count; empty means all. A mention whose language is unknown counts."""
    one_vote_per_author: bool = True
    """Only an author's first mention before the deploy and first one after it count."""
    one_vote_per_conversation: bool = True
    """Only the first mention of a thread counts on each side of the deploy."""
    near_duplicates: Literal["drop", "keep"] = "drop"
    """What to do with copies and near-copies, of six words and more, written within 15 minutes of each other."""
    reposts: Literal["drop", "keep"] = "drop"
    """What to do with mentions that only pass on somebody else's."""
    min_account_age: timedelta | None = None
    """Younger accounts do not count; accounts of unknown age do."""
    drop: tuple[str, ...] = ()
    """A mention with one of these words or phrases does not count."""
    require: tuple[str, ...] = ()
    """Where given, only mentions with at least one of these count."""

    def __post_init__(self) -> None:
        """Refuse tags that no platform states, as every mention would be dropped for them."""
        wrong = [tag for tag in self.languages if not _PRIMARY_TAG.fullmatch(tag)]
        if wrong:
            message = f"languages are primary tags in lower case such as en or pt, not {', '.join(wrong)}"
            raise ValueError(message)


class PhraseFinder:
    """Finds whole words and phrases whatever the case and spacing."""

    def __init__(self, phrases: Sequence[str]) -> None:
        """Take the phrases as users wrote them."""
        self._written = {_squeeze(phrase): phrase for phrase in phrases if phrase.strip()}
        longest_first = sorted(self._written, key=len, reverse=True)
        # Look-ahead, so that overlapping phrases are all found.
        self._patterns = [(self._written[p], re.compile(rf"(?<!\w){re.escape(p)}(?!\w)")) for p in longest_first]

    def find(self, text: str) -> tuple[str, ...]:
        """Return the phrases that stand in the text, as written in the policy, sorted."""
        if not self._patterns:
            return ()
        squeezed = _squeeze(text)
        return tuple(sorted(phrase for phrase, pattern in self._patterns if pattern.search(squeezed)))


class Sieve:
    """Decides mention by mention, for one side of the deploy."""

    def __init__(self, filters: Filters) -> None:
        """Start with nobody having voted."""
        self._filters = filters
        self._blocked = PhraseFinder(filters.drop)
        self._required = PhraseFinder(filters.require)
        self._ids: set[tuple[str, str]] = set()
        self._authors: set[tuple[str, str]] = set()
        self._conversations: set[tuple[str, str]] = set()
        self._copies = Copies()

    def judge(self, mention: Mention) -> tuple[DropReason, str] | None:
        """Return why the mention does not count, with a detail for people; None if it counts."""
        key = (mention.source, mention.id)
        if key in self._ids:
            return DropReason.DUPLICATE, ""
        self._ids.add(key)
        return self._by_content(mention) or self._by_vote(mention)

    def _by_content(self, mention: Mention) -> tuple[DropReason, str] | None:
        wanted = self._filters
        if wanted.languages and (language := mention.lang.split("-")[0].lower()) and language not in wanted.languages:
            return DropReason.LANGUAGE, language
        if wanted.reposts == "drop" and mention.labels and mention.labels.get("kind") == "repost":
            return DropReason.REPOST, ""
        if wanted.min_account_age and mention.author_created_at:
            age = mention.created_at - mention.author_created_at
            if age < wanted.min_account_age:
                return DropReason.ACCOUNT_AGE, f"{age.total_seconds() / 86400:.1f} days"
        if wanted.drop and (blocked := self._blocked.find(mention.text)):
            return DropReason.BLOCKED_WORD, blocked[0]
        if wanted.require and not self._required.find(mention.text):
            return DropReason.REQUIRED_WORD, ""
        return None

    def _by_vote(self, mention: Mention) -> tuple[DropReason, str] | None:
        wanted = self._filters
        author = (mention.source, mention.author) if mention.author and wanted.one_vote_per_author else None
        if author and author in self._authors:
            return DropReason.AUTHOR_VOTED, ""
        thread = (mention.source, mention.conversation) if mention.conversation else None
        if not wanted.one_vote_per_conversation:
            thread = None
        if thread and thread in self._conversations:
            return DropReason.CONVERSATION_COUNTED, ""
        if wanted.near_duplicates == "drop" and self._copies.seen(mention.text, mention.created_at):
            return DropReason.NEAR_DUPLICATE, ""
        if author:
            self._authors.add(author)
        if thread:
            self._conversations.add(thread)
        return None


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
        for mark in text.sketch:
            self._by_hash.setdefault(mark, text)
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
        text = _LINKS_AND_NAMES.sub(" ", text)
    elif "@" in text or "#" in text:
        text = _NAMES.sub(" ", text)
    if text.isascii():
        return text.encode().translate(_SPACES).split()  # the same, several times faster
    return [word.encode() for word in _WORD.findall(text)]


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    shared = len(one & other)
    return shared >= NEAR_SHARE * (len(one) + len(other) - shared)


def _same_template(one: _Text, other: _Text) -> bool:
    words = min(len(one.words), len(other.words))
    return words >= MIN_WORDS_TO_FILL_IN and _alike(one.vocabulary(), other.vocabulary())


def _squeeze(text: str) -> str:
    return " ".join(text.casefold().split())
