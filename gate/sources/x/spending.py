"""What a run has bought at X, and what its budget still allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.model import Cost, Room
from gate.sources.x.options import LARGEST_PAGE, PROBE_USD, READ_USD, SMALLEST_PAGE, USER_USD

if TYPE_CHECKING:
    from gate.sources.x.options import Budget


class Purse:
    """Counts posts and dollars over all periods of a run."""

    def __init__(self, budget: Budget, *, authors: bool) -> None:
        """Start with nothing spent."""
        self.reads = 0
        self.usd = 0.0
        self._budget = budget
        self.lasting = True
        """Whether what is used up stays so."""
        self._whose = ""
        self._most_reads: int | None = budget.reads
        self._most_usd = budget.usd
        self._post_usd = READ_USD + USER_USD if authors else READ_USD

    def catch_up(self, reads: int, usd: float) -> None:
        """Take over what a stored cursor knows was spent: the process may be a new one."""
        self.reads, self.usd = max(self.reads, reads), max(self.usd, usd)

    def open(self, room: Room) -> None:
        """Begin a poll. Where whoever asks counts what is spent, as for several runs at once, that is what holds."""
        counted = bool(room.whose)
        reads = None if room.reads is None else self.reads + room.reads
        usd = None if room.usd is None else self.usd + room.usd
        self._most_reads = reads if counted else self._budget.reads
        self._most_usd = usd if counted else self._budget.usd
        self.lasting = room.permanent or not counted
        self._whose = room.whose

    def room(self) -> int:
        """Return how many posts may still be bought; 0 when it is less than X's smallest page."""
        posts = LARGEST_PAGE * 1000 if self._most_reads is None else self._most_reads - self.reads
        if self._most_usd is not None:
            # The tiny addition undoes the rounding of sums of half cents.
            posts = min(posts, int((self._most_usd - self.usd) / self._post_usd + 1e-9))
        return posts if posts >= SMALLEST_PAGE else 0

    def affords_probe(self) -> bool:
        """Return whether a probe fits."""
        return self._most_usd is None or self.usd + PROBE_USD <= self._most_usd + 1e-9

    def pay(self, *, posts: int = 0, users: int = 0, probes: int = 0) -> Cost:
        """Book one request and return its cost."""
        usd = posts * READ_USD + users * USER_USD + probes * PROBE_USD
        self.reads += posts
        self.usd = round(self.usd + usd, 6)
        return Cost(requests=1, reads=posts, usd=usd)

    def price(self, posts: int) -> float:
        """Return what that many posts cost, in US dollars, each author counted as a new one."""
        return posts * self._post_usd

    def exhausted(self) -> str:
        """Say that no page can be bought any more, for people."""
        if self._whose:
            return f"what is left of the budget {self._whose} buys no page of X, which holds {SMALLEST_PAGE} posts"
        return f"the budget for X is used up ({self})"

    def __str__(self) -> str:
        """Say what is spent of what, for people."""
        posts = "" if self._most_reads is None else f" of {self._most_reads:,}"
        dollars = "" if self._most_usd is None else f" of {self._most_usd:.2f}"
        return f"{self.reads:,}{posts} posts, ${self.usd:.2f}{dollars}"
