"""What users write about Reddit in a policy, and what they should know of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gate.http import address_problem
from gate.ports import About, Secret

ABOUT = About(
    channel="Reddit: posts found by a search, or all posts or comments of some subreddits",
    auth="keys of an app that Reddit approved by hand; without them public feeds, which show less",
    cost="free for uses that Reddit approved as such; 1 request for each 100 posts",
    delay="seconds for subreddits, minutes for the search",
    limits="100 requests a minute with keys, and the newest 1,000 of any list; feeds a few a minute and 25 to 100 posts",
    stored="what the policy keeps of any mention; what is deleted on Reddit must be deleted here",
    terms="Responsible Builder Policy and Data API Terms: approval first, no matching of users across services",
)
_SUBREDDIT = re.compile(r"[A-Za-z0-9_]{2,21}")


@dataclass(frozen=True, slots=True)
class Options:
    """One search, or one list."""

    read: Literal["search", "posts", "comments"] = "search"
    """Posts that a search finds; all new posts, or all new comments, of `subreddits`. Two sources hear two of these."""
    query: str = ""
    """What to search for; the policy's release where it is empty."""
    subreddits: tuple[str, ...] = ()
    """Where to listen, without r/; a search without them is of all of Reddit."""
    words: tuple[str, ...] = ()
    """Of all posts or comments hear only those with one of these, in any case."""
    client_id: str = ""
    """Id of the app; without it the public feeds are read: no votes, and the newest posts only."""
    client_secret: Secret | None = None
    """Secret of the app, as a reference: `${NAME}`."""
    contact: str = ""
    """Reddit user who answers for the app, without u/; Reddit wants the name in every request."""
    max_pages: int = 10
    """Pages of 100 posts read in one poll; what is left is read by the next poll."""
    oauth_url: str = "https://oauth.reddit.com"
    """Address of the API."""
    reddit_url: str = "https://www.reddit.com"
    """Address of the login and of the feeds."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: half of the keys, names that are none, or nowhere to listen.
        """
        for name in ("oauth_url", "reddit_url"):
            if problem := address_problem(getattr(self, name), option=name):
                raise ValueError(problem)
        if problem := self._problem():
            raise ValueError(problem)

    def _problem(self) -> str:
        if bool(self.client_id) != bool(self.client_secret):
            return "client_id and client_secret belong together: give both, or neither to read the public feeds"
        odd = [name for name in self.subreddits if not _SUBREDDIT.fullmatch(name)]
        if odd:
            return f"subreddits must be names without r/, unlike {odd[0]!r}"
        if self.read != "search" and not self.subreddits:
            return "subreddits must say where to listen, unless read is search"
        if self.contact and not re.fullmatch(r"[A-Za-z0-9_-]{2,24}", self.contact):
            return "contact must be the name of a Reddit user, without u/"
        if not all(word.strip() for word in self.words):
            return "words must not hold an empty word: every post has it"
        return "" if self.max_pages > 0 else "max_pages must be at least 1"
