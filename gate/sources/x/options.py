"""What users may write under ``type: x``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gate import model
from gate.http import address_problem
from gate.ports import Secret

READ_USD = 0.005
"""X's price of one post returned by search, pay-per-use, 2026."""
USER_USD = 0.010
"""X's price of one author returned beside the posts."""
PROBE_USD = 0.005
"""X's price of one request for counts, whatever it counts."""
SMALLEST_PAGE = 10
LARGEST_PAGE = 100
LONGEST_QUERY = 4096
LONGEST_BACKFILL = 5


@dataclass(frozen=True, slots=True)
class Budget(model.Budget):
    """What may be spent at X: for posts, authors and probes together."""

    reads: int = 2000
    """Posts that one run may be delivered, baseline and window together."""

    def __post_init__(self) -> None:
        """Refuse a budget that buys nothing.

        Raises:
            ValueError: a limit that allows no single page.
        """
        model.Budget.__post_init__(self)
        for name, limit in (("reads", self.reads), ("reads_per_day", self.reads_per_day)):
            if limit is not None and limit < SMALLEST_PAGE:
                message = f"{name} must be at least {SMALLEST_PAGE}, the smallest page X sells"
                raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Options:
    """Recent search on X: the last seven days, from 30 seconds ago backwards; or the stream beside it."""

    query: str | None = None
    """Search query in X's own syntax; without it, the policy's release."""
    bearer_token: Secret = Secret("${X_BEARER_TOKEN}")
    """App-only bearer token."""
    base_url: str = "https://api.x.com"
    """Address of the API, for a proxy or a test; http only on this machine."""
    budget: Budget = field(default_factory=Budget)
    """What may be spent, by a run and in a day."""
    page_size: int = LARGEST_PAGE
    """Posts asked for at once, 10 to 100."""
    max_pages: int = 10
    """Pages read in one poll; what is left is read by the next poll."""
    author_details: bool = False
    """Also buy age and followers of authors, which ``min_account_age`` needs; it triples the price."""
    probe: bool = True
    """Ask for counts before the first search of a period, to compare the volume with the budget."""
    query_limit: int = 512
    """Longest query your access level takes; 4096 with enterprise access."""
    mode: Literal["search", "stream"] = "search"
    """``stream`` hears posts within seconds, by a rule that is removed afterwards; what was written before, and while
    the connection was down, is searched for."""
    backfill_minutes: int = 0
    """What X is to send again after a connection broke, 1 to 5 minutes, where your access level allows it."""
    buffer: int = 10_000
    """Posts kept between two polls of a stream; of more, the rest is searched for."""

    def __post_init__(self) -> None:
        """Refuse what X would refuse.

        Raises:
            ValueError: the first thing that is wrong.
        """
        if problem := _problem(self):
            raise ValueError(problem)


def _problem(options: Options) -> str:
    query = options.query
    if not 1 <= options.query_limit <= LONGEST_QUERY:
        return f"query_limit must be 1 to {LONGEST_QUERY}"
    if query is not None and not query.strip():
        return "query must not be empty; leave it out to search for the release"
    if query is not None and len(query) > options.query_limit:
        return f"query has {len(query)} characters; your access level takes {options.query_limit} (query_limit)"
    if not SMALLEST_PAGE <= options.page_size <= LARGEST_PAGE:
        return f"page_size must be {SMALLEST_PAGE} to {LARGEST_PAGE}"
    if options.max_pages < 1:
        return "max_pages must be at least 1"
    if not 0 <= options.backfill_minutes <= LONGEST_BACKFILL:
        return f"backfill_minutes must be 0 to {LONGEST_BACKFILL}"
    if options.buffer < 1:
        return "buffer must be at least 1"
    return address_problem(options.base_url, option="base_url")
