"""Google Play: reviews of one's own app, by the official API."""

from __future__ import annotations

from gate.ports import About
from gate.sources.googleplay.options import Options
from gate.sources.googleplay.source import Source

__all__ = ["ABOUT", "Options", "Source"]

ABOUT = About(
    channel="Google Play: reviews with stars, version and device",
    auth="the key file (JSON) of a Google service account with the right to reply to reviews",
    cost="free: 1 request a poll, more after a pause, and 1 an hour for a token",
    delay="minutes to hours, sometimes a day",
    limits="the last week only, reviews with a text only; 200 requests an hour",
    stored="what the policy keeps of any mention",
    terms="Google Play's developer terms: for supporting one's own users",
)
