"""App Store: customer reviews from Apple's public feed or, with a key, from App Store Connect."""

from __future__ import annotations

from gate.ports import About
from gate.sources.appstore.options import Options
from gate.sources.appstore.source import Source

__all__ = ["ABOUT", "Options", "Source"]

ABOUT = About(
    channel="App Store: reviews with stars, title and text, and in the public feed the version",
    auth="none for the public feed; App Store Connect: an API key (issuer, key id, private key) with Customer Support",
    cost="free: 1 to 2 requests a country and poll, up to 10 when there is much to read",
    delay="hours to days: useless for a window under a day, good for a slow rollout",
    limits="public feed: the newest 500 a country; App Store Connect: all there are, 3,600 requests an hour",
    stored="what the policy keeps of any mention",
    terms="Apple's developer agreement; the public feed is undocumented and may change",
)
