"""Mastodon and what speaks its API: public posts with a hashtag, on one server or several."""

from __future__ import annotations

from gate.ports import About
from gate.sources.mastodon.options import Options
from gate.sources.mastodon.source import Source

ABOUT = About(
    channel="Mastodon, GoToSocial and others of the fediverse: public posts with a hashtag, or full-text search",
    auth="none on many servers; else an access token of each server with `read:statuses` (and `read:search`)",
    cost="free; a look asks each server 1 to `max_pages` times",
    delay="seconds on a post's own server, up to minutes on others",
    limits="300 requests in 5 minutes; a server knows only what reached it, so name several",
    stored="what the policy keeps of any mention; a post seen on several servers once, by its URI; each server named tells which of its own were deleted",
    terms="those of each server; many ask not to collect posts beyond a stated use",
)

__all__ = ["ABOUT", "Options", "Source"]
