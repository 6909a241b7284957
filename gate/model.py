"""The words of the domain: what a mention is, what a look saw, what was decided.

Standard library only, and frozen: evidence is folded in arrival order and never rewritten.
All times are timezone-aware and in UTC; all durations are ``timedelta``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

NOTHING: Mapping[str, str] = MappingProxyType({})


class Outcome(StrEnum):
    """What the evidence says. The exit code of each is a contract with pipelines."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    WAITING = "waiting"

    @property
    def exit_code(self) -> int:
        """Process exit status of a command that ends with this outcome."""
        return _EXIT_CODES[self]

    @property
    def final(self) -> bool:
        """Whether the run is over once this outcome is reached."""
        return self is not Outcome.WAITING


_EXIT_CODES = {
    Outcome.PASS: 0,
    Outcome.FAIL: 10,
    Outcome.INCONCLUSIVE: 11,
    Outcome.ERROR: 12,
    Outcome.WAITING: 13,
}


class Decision(StrEnum):
    """What the pipeline should do about the rollout."""

    PROMOTE = "promote"
    HOLD = "hold"
    HALT = "halt"


class DropReason(StrEnum):
    """Why a fetched mention does not count. Every dropped mention has exactly one."""

    UNREADABLE = "unreadable"
    OUTSIDE_WINDOW = "outside_window"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    REPOST = "repost"
    AUTHOR_VOTED = "author_voted"
    CONVERSATION_COUNTED = "conversation_counted"
    LANGUAGE = "language"
    ACCOUNT_AGE = "account_age"
    BLOCKED_WORD = "blocked_word"
    REQUIRED_WORD = "required_word"
    UNSCORABLE = "unscorable"


class Period(StrEnum):
    """On which side of the deploy a mention was written."""

    BASELINE = "baseline"
    POST = "post"


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Score:
    """What a scorer read in one text."""

    negative: float
    """Probability that the text is negative, 0 … 1."""
    score: float
    """Mood, -1 … 1; good is high."""
    neutral: float | None = None
    positive: float | None = None


@dataclass(frozen=True, slots=True)
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
    control: bool = False
    """Whether a control source delivered it: what others write about something else meanwhile."""
    seen_at: datetime | None = None
    """When the gate was given it, which may be long after it was written: late delivery, or an outage."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Cost:
    """What a fetch used up."""

    requests: int = 0
    reads: int = 0
    """Billed or budgeted items that were returned."""
    usd: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        """Sum, field by field."""
        return Cost(self.requests + other.requests, self.reads + other.reads, round(self.usd + other.usd, 9))


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent at one source; what is not given is not limited."""

    reads: int | None = None
    """Items that one run may be delivered, baseline and window together."""
    reads_per_day: int | None = None
    """Items that all runs may be delivered in a day (UTC) at this type of source with this key."""
    usd: float | None = None
    """US dollars that one run may spend."""
    usd_per_day: float | None = None
    """US dollars that all runs may spend in a day (UTC) at this type of source with this key."""

    def __post_init__(self) -> None:
        """Refuse a budget that buys nothing.

        Raises:
            ValueError: a limit that is not above 0.
        """
        limits = (("reads", self.reads), ("reads_per_day", self.reads_per_day), ("usd", self.usd),
                  ("usd_per_day", self.usd_per_day))  # fmt: skip
        if wrong := [f"{name} must be above 0" for name, limit in limits if limit is not None and not limit > 0]:
            raise ValueError(*wrong)


@dataclass(frozen=True, slots=True)
class Room:
    """What one poll may cost; None where it is not limited."""

    reads: int | None = None
    usd: float | None = None
    spent: str = ""
    """Why nothing may be spent at all, one clause for people; empty while something may."""
    permanent: bool = False
    """Whether what is used up stays so until the period is over."""
    whose: str = ""
    """Which budget is the tighter one: ``of this run`` or ``of the day``."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """What one poll of one source brought. Partial is never quiet: see ``complete``."""

    mentions: tuple[Mention, ...]
    cursor: str | None = None
    """Opaque; handed back to the next poll of the same source."""
    complete: bool = True
    """Whether everything the source has for the asked period was delivered."""
    reason: str = ""
    """Why it is not complete, one clause for people; empty when complete."""
    permanent: bool = False
    """Not complete, and polling again cannot mend it (a refused key, a spent budget)."""
    cost: Cost = Cost()
    unreadable: tuple[Unreadable, ...] = ()
    notes: tuple[str, ...] = ()
    """Warnings for people, e.g. that a time stood in the file without a zone."""
    settled_until: datetime | None = None
    """Nothing written before this time is still to come; None where that holds for all that was asked for."""
    deleted: tuple[str, ...] = ()
    """Ids of mentions delivered before that their authors have deleted since: what is kept of them must go."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What a platform says of posts it once delivered."""

    ids: frozenset[str]
    """Of the posts that were deleted, hidden or made private."""
    unanswered: int = 0
    """Posts of which it says neither that they are there nor that they are gone."""
    cost: Cost = Cost()


@dataclass(frozen=True, slots=True)
class Rate:
    """What a source has lately delivered, and what that costs: from it ``gate doctor`` tells what a run will take."""

    mentions_per_hour: float
    mention: Cost = Cost()
    """Of one mention."""
    look: Cost = Cost(requests=1)
    """Of one look, whatever it brings."""


@dataclass(frozen=True, slots=True)
class Release:
    """What was deployed, and the periods before and after that are compared."""

    name: str
    """Hashtag or phrase that users write; sources without their own query use it."""
    deployed_at: datetime
    baseline_from: datetime
    baseline_to: datetime
    window_to: datetime
    stream: str = ""
    """Only mentions of this stream count, where given."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How well one source was heard over the whole run so far."""

    source: str
    required: bool
    complete: bool
    reason: str
    fetched: int
    kept: int
    dropped: Mapping[str, int]
    """Count by ``DropReason`` value; fetched = kept + the sum of these."""
    cost: Cost = Cost()
    heard: bool = True
    """Whether any poll succeeded at all."""
    permanent: bool = False
    """Not complete, and no later poll can mend it."""
    hint: str = ""
    """The next step, where the source knows one."""
    control: bool = False
    """Whether it is a control source, whose mentions are only compared with and never count."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says at one look."""

    rule: str
    """Type of the rule, e.g. ``share``."""
    harm: bool
    code: str
    """Machine-readable, e.g. ``share_rose``."""
    sentence: str
    """For people, with numbers."""
    decision: Decision = Decision.HALT
    """What to do if this rule found harm."""
    ready: bool = True
    """False while the rule cannot judge: no baseline, too few mentions."""
    statistical: bool = False
    """Whether the policy's ``minimum`` must be met before this finding may fail the release."""
    ruled_out: bool = False
    """Whether harm beyond what is tolerated is ruled out already, at the rule's own level."""
    numbers: Mapping[str, float | int | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts that every report shows, whatever the rules are."""

    mentions_baseline: int
    mentions_post: int
    authors: int
    """Distinct known authors after the deploy; a mention without author counts as one."""
    sources: int
    """Configured sources that delivered at least one kept mention after the deploy."""
    share_before: float | None
    """Part of the baseline mentions that read as negative (P > 1/2); None without any."""
    share_after: float | None
    mood_before: float | None
    """Mean score, -1 … 1."""
    mood_after: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer at one look, and everything needed to defend it."""

    outcome: Outcome
    decision: Decision
    code: str
    reason: str
    """One sentence with numbers that a release manager can act on."""
    decided_at: datetime
    rule: str
    """Type of the rule that found harm; empty otherwise."""
    odds: float | None
    """How many times likelier the evidence is under harm: 1 in ``odds`` if the release were harmless."""
    tally: Tally
    findings: tuple[Finding, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """One look: when, what was new, what was concluded."""

    number: int
    at: datetime
    """The time the look stands for: nothing written later was used."""
    kept: tuple[Scored, ...]
    dropped: tuple[Dropped, ...]
    verdict: Verdict
    next_at: datetime | None
    """When the next look is due; None after the last one."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``gate doctor``."""

    what: str
    ok: bool
    detail: str
    fix: str = ""
    """The next step when it is not ok."""
    rate: Rate | None = None
    """What may be expected of the source, where the check found out."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a source is asked for in one poll."""

    since: datetime
    until: datetime
    """Mentions created in [since, until)."""
    cursor: str | None
    """From the previous poll of the same period; None the first time."""
    timeout: timedelta
    """The poll must be back within this, complete or not."""
    period: Period = Period.POST
    """Which side of the deploy is asked for."""
    fresh: timedelta | None = None
    """A source that several runs share may answer with what it was told this short a time ago; None: it must ask."""
    room: Room = Room()
    """What the poll may cost; what cannot be read within it makes the answer incomplete."""
