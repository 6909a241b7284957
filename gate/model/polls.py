"""What is asked of a source in one poll, what that may cost, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.model.mentions import Mention, Unreadable
from gate.model.outcomes import Period

if TYPE_CHECKING:
    from datetime import datetime, timedelta


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
class Allowance:
    """How often a service lets itself be asked."""

    requests: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Rate:
    """What a source has lately delivered, and what that costs: from it ``gate doctor`` tells what a run will take."""

    mentions_per_hour: float | None = None
    """None where one cheap call does not tell."""
    mention: Cost = Cost()
    """Of one mention."""
    look: Cost = Cost(requests=1)
    """Of one look that finds as little as most do, whatever it brings."""
    allowed: Allowance | None = None
    """What the service allows, where that is known; of several servers, what each of them does."""
    free: bool = False
    """Whether nothing is ever billed."""


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
