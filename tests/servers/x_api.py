"""A look-alike of X's recent search and counts, written by us to their documentation.

Stateful: posts are added, found newest first, paged, counted and rate-limited, and requests that
X would refuse are refused in X's words' shape. Both generations of field names are spoken.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from tests.servers.http_server import Recorded, Reply, Server

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "invented-bearer-token-of-the-tests"
SEARCH = "/2/tweets/search/recent"
COUNTS = "/2/tweets/counts/recent"
EPOCH_MILLISECONDS = 1_288_834_974_657
NEW_NAMES = {
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "retweet_count": "repost_count",
    "tweet_count": "post_count",
    "total_tweet_count": "total_post_count",
}


def at_id(moment: datetime) -> int:
    """Return the first id of that millisecond, as X numbers posts."""
    milliseconds = round(moment.timestamp() * 1000) - EPOCH_MILLISECONDS
    return milliseconds << 22


def stamp(moment: datetime) -> str:
    """Write a time as X does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: object) -> Reply:
    """Build an error reply in the shape of RFC 7807, which X uses."""
    body = {"title": title, "detail": detail, "type": kind, "status": status, **more}
    return Reply(status, json.dumps(body).encode(), {"content-type": "application/problem+json"})


@dataclass
class XApi:
    """The state behind the look-alike; ``server()`` puts it on a socket."""

    now: Callable[[], datetime]
    naming: Literal["tweet", "post"] = "tweet"
    token: str = TOKEN
    posts: list[dict[str, Any]] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=lambda: {SEARCH: 450, COUNTS: 300})
    """Requests left in this window, by path."""
    reset: datetime | None = None
    before_answer: Callable[[Recorded], Reply | None] = lambda _request: None
    """Called first; what it returns is answered instead."""
    sold: int = 0
    """Posts returned: what X would bill."""
    _tokens: dict[str, int] = field(default_factory=dict)

    def server(self) -> Server:
        """Return a server that answers from this state."""
        return Server(answer=self.answer)

    def write(self, at: datetime, text: str = "acme24 works", **fields: object) -> str:
        """Add a post and return its id."""
        number = len(self.posts)
        post_id = str(at_id(at) + number % 4096)
        post = {
            "id": post_id,
            "text": text,
            "edit_history_tweet_ids": [post_id],
            "author_id": str(1000 + number),
            "conversation_id": post_id,
            "created_at": stamp(at),
            "lang": "en",
            "public_metrics": {
                "retweet_count": 0,
                "reply_count": 0,
                "like_count": 0,
                "quote_count": 0,
                "bookmark_count": 0,
                "impression_count": 0,
            },
        }
        self.posts.append(post | fields)
        self.posts.sort(key=lambda each: -int(each["id"]))
        return post_id

    def answer(self, request: Recorded) -> Reply:
        """Answer one request as X documents it."""
        reply = self.before_answer(request) or self._refusal(request)
        if reply is None:
            reply = self._search(request.query) if request.path == SEARCH else self._counts(request.query)
        return replace(reply, headers=self._rate_headers(request.path) | dict(reply.headers))

    def _rate_headers(self, path: str) -> dict[str, str]:
        reset = self.reset or self.now() + timedelta(minutes=15)
        return {
            "x-rate-limit-limit": "300" if path == COUNTS else "450",
            "x-rate-limit-remaining": str(max(self.limits.get(path, 0), 0)),
            "x-rate-limit-reset": str(int(reset.timestamp())),
            "date": self.now().strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }

    def _refusal(self, request: Recorded) -> Reply | None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return problem(401, "Unauthorized", "Unauthorized")
        if request.path not in {SEARCH, COUNTS}:
            return problem(404, "Not Found", "Not Found")
        self.limits[request.path] -= 1
        if self.limits[request.path] < 0:
            return problem(429, "Too Many Requests", "Too Many Requests")
        for name, value, wrong in self._faults(request.query):
            errors = [{"parameters": {name: [value]}, "message": wrong}]
            kind = "https://api.twitter.com/2/problems/invalid-request"
            detail = "One or more parameters to your request was invalid."
            return problem(400, "Invalid Request", detail, kind, errors=errors)
        return None

    def _faults(self, query: dict[str, str]) -> list[tuple[str, str, str]]:
        faults = []
        now, oldest = self.now(), self.now() - timedelta(days=7)
        if not 1 <= len(query.get("query", "")) <= 512:
            faults.append(("query", query.get("query", ""), "The query must be 1 to 512 characters long."))
        if {"since_id", "until_id"} & query.keys() and {"start_time", "end_time"} & query.keys():
            faults.append(("since_id", "", "Invalid use of ids in conjunction with 'start_time' or 'end_time'."))
        if "since_id" in query and int(query["since_id"]) < at_id(oldest):
            faults.append(("since_id", query["since_id"], "'since_id' must be larger: seven days at most."))
        if "start_time" in query and datetime.fromisoformat(query["start_time"]) < oldest:
            faults.append(("start_time", query["start_time"], "'start_time' must be within seven days."))
        if "end_time" in query and datetime.fromisoformat(query["end_time"]) > now - timedelta(seconds=10):
            faults.append(("end_time", query["end_time"], "'end_time' must be at least 10 seconds ago."))
        if not 10 <= int(query.get("max_results", "10")) <= 100:
            faults.append(("max_results", query["max_results"], "'max_results' must be 10 to 100."))
        if "next_token" in query and query["next_token"] not in self._tokens:
            faults.append(("next_token", query["next_token"], "The 'next_token' is unknown."))
        return faults

    def _found(self, query: dict[str, str]) -> list[dict[str, Any]]:
        low = int(query.get("since_id", "0"))
        high = int(query.get("until_id", str(at_id(self.now() - timedelta(seconds=30)))))
        if "start_time" in query:
            low = at_id(datetime.fromisoformat(query["start_time"])) - 1
        if "end_time" in query:
            high = at_id(datetime.fromisoformat(query["end_time"]))
        words = [word.strip('"#()').casefold() for word in query["query"].split() if ":" not in word and word != "OR"]
        return [
            post
            for post in self.posts
            if low < int(post["id"]) < high and any(word in post["text"].casefold() for word in words)
        ]

    def _search(self, query: dict[str, str]) -> Reply:
        found = self._found(query)
        start = self._tokens.get(query.get("next_token", ""), None)
        if start is not None:
            found = [post for post in found if int(post["id"]) < start]
        shown = found[: int(query.get("max_results", "10"))]
        self.sold += len(shown)
        wanted = {"id", "text", "edit_history_tweet_ids", *query.get("tweet.fields", "").split(",")}
        body: dict[str, Any] = {"meta": {"result_count": len(shown)}}
        if shown:
            body["data"] = [{name: value for name, value in post.items() if name in wanted} for post in shown]
            body["meta"] |= {"newest_id": shown[0]["id"], "oldest_id": shown[-1]["id"]}
        if shown and query.get("expansions") == "author_id":
            body["includes"] = {"users": [self._user(each) for each in sorted({post["author_id"] for post in shown})]}
        if len(found) > len(shown):
            token = f"b26v89c19zqg8o3{len(self._tokens):x}"
            self._tokens[token] = int(shown[-1]["id"])
            body["meta"]["next_token"] = token
        return Reply.of(self.named(body))

    def _counts(self, query: dict[str, str]) -> Reply:
        found = self._found(query)
        buckets: dict[datetime, int] = {}
        for post in found:
            hour = datetime.fromisoformat(post["created_at"]).replace(minute=0, second=0)
            buckets[hour] = buckets.get(hour, 0) + 1
        data = [
            {"start": stamp(hour), "end": stamp(hour + timedelta(hours=1)), "tweet_count": count}
            for hour, count in sorted(buckets.items())
        ]
        body: dict[str, Any] = {"meta": {"total_tweet_count": len(found)}}
        return Reply.of(self.named(body | ({"data": data} if data else {})))

    def _user(self, user_id: str) -> dict[str, Any]:
        return {
            "id": user_id,
            "name": "Somebody Invented",
            "username": f"invented{user_id}",
            "created_at": "2019-05-04T10:00:00.000Z",
            "public_metrics": {"followers_count": 12, "following_count": 3, "tweet_count": 45, "listed_count": 0},
        }

    def named(self, value: Any) -> Any:  # noqa: ANN401  # any JSON
        """Return it in the generation of names that is spoken."""
        if self.naming == "tweet":
            return value
        if isinstance(value, dict):
            return {NEW_NAMES.get(name, name): self.named(each) for name, each in value.items()}
        return [self.named(each) for each in value] if isinstance(value, list) else value
