"""tweepy, made safe to poll with; and the stream, without tweepy.

tweepy 4.17 has no timeout, sleeps and recurses on rate limits when asked to wait, and writes the
bearer token to its debug log. So it gets a guarded session, never waits, and is given a stand-in
for the token: the real one is added on the wire.

Its StreamingClient cannot be made safe: it connects again by itself after sleeps of up to 320 seconds that nothing
interrupts, and hears that it is to stop only at the next line. So the stream is a request of our own, and its rules
go through tweepy's guarded session as plain requests.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import requests

from gate.errors import SourceRefused
from gate.http import Adapter, Deadline, Limits, Lines, StreamAdapter, guard, json_object, reset_at, session
from gate.sources.x.refusals import TOO_MANY, limited, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from gate.ports import Clock

BUILT_IN_HOST = "https://api.twitter.com"
STREAM = "/2/tweets/search/stream"
RULES = f"{STREAM}/rules"
SILENCE = 30.0
"""Seconds. X sends a sign of life every 20, often a little later."""
POST_FIELDS = [
    "author_id",
    "conversation_id",
    "created_at",
    "lang",
    "note_tweet",
    "public_metrics",
    "referenced_tweets",
]
USER_FIELDS = ["created_at", "public_metrics"]


class Client:
    """The two calls we make, each answered with a JSON object or one of our errors."""

    def __init__(self, base_url: str, token: str, *, key: str, clock: Clock, public_only: bool = False) -> None:
        """Build tweepy's client around our session; ``key`` is the token's reference, for hints."""
        import tweepy

        headers = {"Authorization": f"Bearer {token}"}
        limits = Limits(read=SILENCE)
        given: dict[str, Any] = {
            "alias": BUILT_IN_HOST,
            "headers": headers,
            "secrets": (token,),
            "public_only": public_only,
        }
        self._adapter = Adapter(base_url, **given)
        self._streaming = StreamAdapter(base_url, **given, limits=limits)
        self._tweepy = tweepy.Client("held-back", return_type=dict, wait_on_rate_limit=False)
        guard(self._tweepy.session, self._adapter).hooks["response"].append(self._judge)
        self._clock = clock
        self._key = key
        self._blocked: dict[str, datetime] = {}
        self.headers: Mapping[str, str] = {}
        """Headers of the last reply: quota and server time, for ``check``."""

    def give(self, timeout: timedelta) -> None:
        """Start the time within which the coming calls must be back, all together."""
        self._adapter.deadline = Deadline(self._clock, timeout)

    def search(self, query: str, *, authors: bool, **bounds: object) -> dict[str, Any]:
        """Return one page of recent search.

        Raises:
            SourceRefused: no key, no access, no money, or a query X does not take.
            SourceDown: no proper answer, or a rate limit.
        """
        if authors:
            bounds |= {"expansions": ["author_id"], "user_fields": USER_FIELDS}
        call = partial(self._tweepy.search_recent_tweets, query, tweet_fields=POST_FIELDS, **bounds)
        return self._call("/2/tweets/search/recent", call)

    def count(self, query: str, **bounds: object) -> dict[str, Any]:
        """Return counts of recent posts, by hour.

        Raises:
            SourceRefused: as for ``search``.
            SourceDown: as for ``search``.
        """
        call = partial(self._tweepy.get_recent_tweets_count, query, granularity="hour", **bounds)
        return self._call("/2/tweets/counts/recent", call)

    def lookup(self, ids: Sequence[str]) -> dict[str, Any]:
        """Return the posts with these ids, 100 at most, and an error for each that may not be shown.

        Raises:
            SourceRefused: as for ``search``.
            SourceDown: as for ``search``.
        """
        return self._call("/2/tweets", partial(self._tweepy.get_tweets, list(ids)))

    def rules(self) -> dict[str, Any]:
        """Return the rules of the app's stream.

        Raises:
            SourceRefused: as for ``search``.
            SourceDown: as for ``search``.
        """
        return self._call(RULES, lambda: self._tweepy.session.get(f"{BUILT_IN_HOST}{RULES}").json())

    def change_rules(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """Add rules to the stream or take them away, and return what came of it.

        Raises:
            SourceRefused: as for ``search``.
            SourceDown: as for ``search``.
        """
        return self._call(RULES, lambda: self._tweepy.session.post(f"{BUILT_IN_HOST}{RULES}", json=change).json())

    def stream(self, *, authors: bool, backfill: int) -> Lines:
        """Connect to the stream; its lines stand for themselves, with no time limit but that of silence.

        Raises:
            SourceRefused: as for ``search``.
            SourceDown: as for ``search``, or there is a connection already.
        """
        query = {"tweet.fields": ",".join(POST_FIELDS)}
        if authors:
            query |= {"expansions": "author_id", "user.fields": ",".join(USER_FIELDS)}
        if backfill:
            query["backfill_minutes"] = str(backfill)
        # Compressed, a sign of life would wait in a buffer.
        headers = {"Accept-Encoding": "identity"}
        response = session(self._streaming).get(
            f"{BUILT_IN_HOST}{STREAM}", params=query, headers=headers, stream=True, allow_redirects=False
        )
        if not response.ok or response.is_redirect:
            raise refusal(response, self._clock.now(), self._key)
        return self._streaming.lines(response)

    def close(self) -> None:
        """Close the connections."""
        self._tweepy.session.close()

    def _call(self, path: str, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        until = self._blocked.get(path)
        if until and self._clock.now() < until:
            # Asking before the reset is refused for certain, and a busy caller may ask at once.
            raise limited(until, self._clock.now())
        try:
            return call()
        except requests.TooManyRedirects:
            message = "X redirects in a circle"
            raise SourceRefused(message, hint="check base_url") from None

    def _judge(self, response: requests.Response, *_: object, **__: object) -> None:
        """Judge a reply before tweepy does."""
        if response.is_redirect:
            return
        self.headers = response.headers
        if response.ok:
            json_object(response, "X")
            return
        now = self._clock.now()
        fault = refusal(response, now, self._key)
        reset = reset_at(response.headers, now)
        if response.status_code == TOO_MANY and reset and not fault.permanent:
            self._blocked[response.request.path_url.split("?")[0]] = reset
        raise fault
