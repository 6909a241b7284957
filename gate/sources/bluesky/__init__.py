"""Bluesky: public posts found by search, or heard on the network's stream as they are written."""

from __future__ import annotations

from gate.ports import About
from gate.sources.bluesky.options import Options
from gate.sources.bluesky.source import Source

ABOUT = About(
    channel="Bluesky: public posts, by search or on the Jetstream stream (`stream: true`)",
    auth="an account's app password, from Settings → App passwords; none for the stream",
    cost="free; a search asks 1 to `max_pages` times a look, the stream brings every post there is (some 100 KB/s)",
    delay="seconds to a minute by search, seconds on the stream",
    limits="3,000 requests in 5 minutes; 30 logins in 5 minutes, 300 a day (one a run is made)",
    stored="what the policy keeps of any mention; what was deleted can be asked for by id, with an account",
    terms="Bluesky's developer guidelines: honour deletions; large-scale polling of search is unwelcome",
)

__all__ = ["ABOUT", "Options", "Source"]
