"""Posts and comments on Reddit, by its API or, without keys, by its public feeds.

Not by praw: prawcore waits by ``time.sleep`` (until a rate limit ends, and up to ten seconds between two requests while
there is none), so that neither the time of a poll nor Ctrl-C ends it, and its errors hold the request with the token.
What is needed of the API is one login and one list.
"""

from gate.sources.reddit.options import ABOUT, Options
from gate.sources.reddit.source import Source

__all__ = ["ABOUT", "Options", "Source"]
