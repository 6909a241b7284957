"""X (Twitter): recent search through tweepy and, if wanted, the filtered stream, within a budget of paid reads."""

from __future__ import annotations

from gate.ports import About
from gate.sources.x.options import Budget, Options
from gate.sources.x.source import Source

ABOUT = About(
    channel="X (Twitter): public posts of the last seven days",
    auth="app-only bearer token of a developer account with credits",
    cost="$0.005 a post, $0.010 an author if `author_details`, $0.005 a count; capped by `budget`",
    delay="30 seconds; with `mode: stream` a few",
    limits="450 searches in 15 minutes, 100 posts each; 7 days back; one stream an app",
    stored="id, hashed author, score and times; text only if the policy keeps it, and then it must go when X deletes it",
    terms="stored posts are deleted within 24 hours of their deletion on X; no redistribution but ids; no tracking of users",
)

__all__ = ["ABOUT", "Budget", "Options", "Source"]
