"""What users wrote: as a source delivered it, and as what it counted or was dropped for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from gate.model.outcomes import DropReason, Period

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import dataclass as record
    from datetime import datetime
else:
    # Made by the million, and one that is frozen at run time takes four times as long to make: the type checker sees to it.
    record = lambda **_frozen: partial(dataclass, slots=True, unsafe_hash=True)  # noqa: E731 - a decorator with options

NOTHING: Mapping[str, str] = MappingProxyType({})


@record(frozen=True, slots=True)
class Mention:
    """One thing a user wrote, as a source delivered it. Text and author are untrusted."""

    id: str
    """Unique within its source and stable across polls."""
    created_at: datetime
    """When the user wrote it."""
    text: str
    """Plain text; sources strip markup."""
    source: str = ""
    """Name of the source that delivered it."""
    stream: str = ""
    """For recorded files that hold several products or releases."""
    author: str = ""
    """Author's id on the platform; empty where unknown. Stored only as a keyed hash."""
    lang: str = ""
    """BCP 47 primary tag as the platform states it, lower case; empty where unknown."""
    url: str = ""
    version: str = ""
    """Product version the platform attaches to it, e.g. for store reviews."""
    rating: float | None = None
    """Stars, where the platform has them."""
    likes: int = 0
    reposts: int = 0
    conversation: str = ""
    """Thread id; empty where unknown."""
    author_created_at: datetime | None = None
    author_followers: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    """Any segment: platform, tier, agent …"""


@record(frozen=True, slots=True)
class Score:
    """What a scorer read in one text."""

    negative: float
    """Probability that the text is negative, 0 … 1."""
    score: float
    """Mood, -1 … 1; good is high."""
    neutral: float | None = None
    positive: float | None = None


@record(frozen=True, slots=True)
class Scored:
    """A kept mention as the decision core sees it: numbers and hashes, never text."""

    id: str
    source: str
    created_at: datetime
    period: Period
    negative: float
    score: float
    author: str = ""
    """Keyed hash; empty where unknown."""
    conversation: str = ""
    lang: str = ""
    text_hash: str = ""
    """SHA-256 of the text, so that a kept text can be shown to be the one that was scored."""
    phrases: tuple[str, ...] = ()
    """Phrases of ``keyword`` rules found in the text, as written in the policy."""
    scorer: str = ""
    """Name of the scorer that scored it, where the policy has several."""
    emotion: str = ""
    """The strongest emotion it shows, for reports only: no rule reads it. Empty where none shows."""
    compared: bool = True
    """False where its source was not heard before the deploy, so that there is nothing to compare it with."""
    text: str | None = None
    """Only where the policy keeps text."""
    url: str | None = None
    """Of the post; only where the policy keeps text, as it leads to who wrote it."""
    control: bool = False
    """Whether a control source delivered it: what others write about something else meanwhile."""
    seen_at: datetime | None = None
    """When the gate was given it, which may be long after it was written: late delivery, or an outage."""


@record(frozen=True, slots=True)
class Dropped:
    """A fetched mention that does not count, and why."""

    id: str
    source: str
    created_at: datetime | None
    period: Period
    reason: DropReason
    detail: str = ""
    """For people: the matched word, the language, the line number …"""
    text_hash: str = ""
    author: str = ""
    """Keyed hash, where ``phrases`` were found: who names a disaster counts even without a vote on the mood."""
    phrases: tuple[str, ...] = ()
    """Phrases of ``keyword`` rules, in mentions dropped because their author or thread had its vote."""
    seen_at: datetime | None = None
    """When the gate was given it."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something a source delivered that is not a mention: a broken line, a malformed item."""

    where: str
    """File and line, or page and position."""
    why: str
    quote: str
    """At most 80 characters of it."""
