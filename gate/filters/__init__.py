"""Which mentions count: one vote an author, one a conversation, copies collapse.

Pure: the same mentions in the same order always give the same answer. Every mention that does
not count leaves as ``Dropped`` with its reason, so that fetched = kept + dropped.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta  # noqa: TC003 - who reads a policy asks for the types of its fields
from typing import TYPE_CHECKING, Literal

from gate.filters.copies import Copies
from gate.model import DropReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Mention

PART, FEW = 20, 4
"""Over many stretches an author has no more than a twentieth of the votes, and one vote and FEW more in any case: nobody alone
makes a baseline."""

_PRIMARY_TAG = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Filters:
    """The ``filters`` section of a policy."""

    languages: tuple[str, ...] = ()
    """Primary language tags that count; empty means all. A mention whose language is unknown counts."""
    one_vote_per_author: bool = True
    """Only an author's first mention after the deploy counts, and the first in each stretch before it that is as long as the window."""
    one_vote_per_conversation: bool = True
    """Only the first mention of a thread counts, in the same way."""
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


@dataclass(slots=True)
class _Voted:
    """What had a vote of one source's; authors and conversations without a name have as many as they like."""

    ids: set[str] = field(default_factory=set)
    authors: dict[str, int] = field(default_factory=dict)
    """And in which stretch of time the last one was."""
    conversations: dict[str, int] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)
    """Votes of an author after the first, in other stretches."""
    votes: int = 0


class Sieve:
    """Decides mention by mention, for one side of the deploy."""

    def __init__(self, filters: Filters) -> None:
        """Start with nobody having voted."""
        self._filters = filters
        self._blocked = PhraseFinder(filters.drop)
        self._required = PhraseFinder(filters.require)
        self._voted: defaultdict[str, _Voted] = defaultdict(_Voted)
        """By source."""
        self._copies = Copies()

    def judge(self, mention: Mention, stretch: int = 0) -> tuple[DropReason, str] | None:
        """Return why the mention does not count, with a detail for people; None if it counts.

        Authors and conversations have one vote in each ``stretch`` of time, and no author more than a twentieth of all votes.
        """
        voted = self._voted[mention.source]
        if mention.id in voted.ids:
            return DropReason.DUPLICATE, ""
        voted.ids.add(mention.id)
        return self._by_content(mention) or self._by_vote(mention, stretch, voted)

    def _by_content(self, mention: Mention) -> tuple[DropReason, str] | None:
        wanted = self._filters
        if wanted.languages and (language := mention.lang.split("-")[0].lower()) and language not in wanted.languages:
            return DropReason.LANGUAGE, language
        if mention.labels and wanted.reposts == "drop" and mention.labels.get("kind") == "repost":
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

    def _by_vote(self, mention: Mention, stretch: int, voted: _Voted) -> tuple[DropReason, str] | None:
        wanted = self._filters
        author = mention.author if wanted.one_vote_per_author else ""
        if author in voted.authors and (
            voted.authors[author] == stretch or voted.again[author] >= max(FEW, voted.votes // PART)
        ):
            return DropReason.AUTHOR_VOTED, ""
        thread = mention.conversation if wanted.one_vote_per_conversation else ""
        if voted.conversations.get(thread) == stretch:
            return DropReason.CONVERSATION_COUNTED, ""
        if wanted.near_duplicates == "drop" and self._copies.seen(mention.text, mention.created_at):
            return DropReason.NEAR_DUPLICATE, ""
        voted.votes += 1
        if author:
            if author in voted.authors:
                voted.again[author] += 1
            voted.authors[author] = stretch
        if thread:
            voted.conversations[thread] = stretch
        return None


def _squeeze(text: str) -> str:
    return " ".join(text.casefold().split())
