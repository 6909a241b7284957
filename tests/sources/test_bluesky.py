"""Source ``bluesky`` by search: on a real network, and where a server must misbehave on one of ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.errors import SourceRefused
from gate.model import Request
from gate.ports import SourceContext
from gate.sources.bluesky import Options, Source
from gate.sources.bluesky.session import Session
from tests.replies.bluesky import ACCESS, HANDLE, LOGIN, REFRESH, RENEW, SEARCH, answer, problem, record, session, view
from tests.servers.http_server import Recorded, Reply, Server
from tests.sources.conformance import TOKEN, Post
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from tests.servers.bluesky import Account, Bluesky

MINUTE = timedelta(minutes=1)


def source_at(
    server: str, handle: str, password: str, query: str, *, now: datetime | None = None, pages: int = 10
) -> Source:
    """Build a source that searches as an account."""
    clock = ManualClock(now or DEPLOY + 60 * MINUTE)
    context = SourceContext("bluesky", query, Path(), "", lambda _reference: password, clock)
    return Source(Options(server=server, handle=handle, max_pages=pages), context)


def real(network: Bluesky, account: Account, query: str) -> Source:
    """Build a source with an app password of a real account."""
    return source_at(network.pds, account.handle, account.app_password(f"gate {query}"), query)


def hour(cursor: str | None = None, *, minutes: int = 60) -> Request:
    """Ask for the hour after the deploy, or the beginning of it."""
    return Request(DEPLOY, DEPLOY + minutes * MINUTE, cursor, timedelta(seconds=20))


def test_real_posts_are_found_whole(bluesky_server: Bluesky) -> None:
    """What accounts of a real network post in the period is found, with all that is known of it."""
    ann, bob = bluesky_server.account(), bluesky_server.account()
    first = ann.post("höchst kaputt 🎉 <b> &amp; \u202eevil #wholly", at=DEPLOY, langs=("de-AT",))
    root = {"uri": first, "cid": bluesky_server_cid(bluesky_server, first)}
    second = bob.post("same here #wholly", at=DEPLOY + MINUTE, reply_to={"root": root, "parent": root})
    ann.post("too early #wholly", at=DEPLOY - MINUTE)
    ann.post("too late #wholly", at=DEPLOY + 60 * MINUTE)
    bluesky_server.settle()
    fetch = real(bluesky_server, ann, "#wholly").fetch(hour())
    one, two = fetch.mentions
    assert (one.id, one.text, one.lang) == (first, "höchst kaputt 🎉 <b> &amp; \u202eevil #wholly", "de")
    assert (one.author, two.author) == (ann.did, bob.did)
    assert (two.id, two.labels, one.labels) == (second, {"kind": "reply"}, {"kind": "post"})
    assert one.conversation == two.conversation == first
    assert (one.created_at, two.created_at) == (DEPLOY, DEPLOY + MINUTE)
    assert one.url == f"https://bsky.app/profile/{ann.did}/post/{first.rpartition('/')[2]}"
    assert fetch.complete


def bluesky_server_cid(network: Bluesky, uri: str) -> str:
    """Return the hash of a post, which replies must name."""
    network.settle()
    (found,) = [post["cid"] for post in network.search("#wholly")["posts"] if post["uri"] == uri]
    return str(found)


def test_real_pages_do_not_overlap(bluesky_server: Bluesky, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over pages and polls of a real network each post comes once, oldest first, and what is deleted no longer."""
    monkeypatch.setattr("gate.sources.bluesky.search.MOST", 4)
    account = bluesky_server.account()
    uris = [account.post(f"post {each} #pageful", at=DEPLOY + each * MINUTE) for each in range(10)]
    account.delete(uris[3])
    bluesky_server.settle()
    source = real(bluesky_server, account, "#pageful")
    first = source.fetch(hour(minutes=30))
    late = [account.post(f"post {each} #pageful", at=DEPLOY + each * MINUTE) for each in (29, 31)]
    bluesky_server.settle()
    second = source.fetch(hour(first.cursor))
    third = source.fetch(hour(second.cursor))
    assert [mention.id for mention in first.mentions] == uris[:3] + uris[4:]
    assert first.cost.requests == 4  # a login and three pages
    assert [mention.id for mention in second.mentions] == late
    assert third.mentions == ()
    assert all(fetch.complete for fetch in (first, second, third))


def test_real_login_that_fails(bluesky_server: Bluesky) -> None:
    """A revoked or mistyped app password is refused at the login; doctor says which option and what to do."""
    account = bluesky_server.account()
    source = source_at(bluesky_server.pds, account.handle, "aaaa-bbbb-cccc-dddd", "#anything")
    with pytest.raises(SourceRefused, match="does not accept the key") as refused:
        source.fetch(hour())
    assert "${BLUESKY_APP_PASSWORD}" in refused.value.hint
    assert "aaaa-bbbb" not in str(vars(refused.value))
    assert [check.ok for check in source.check()] == [False]


def test_real_doctor(bluesky_server: Bluesky) -> None:
    """With a good app password doctor logs in, searches once and says what a look costs."""
    account = bluesky_server.account()
    clockless = [check for check in real(bluesky_server, account, "#doctored").check() if check.what != "clock"]
    assert [(check.what, check.ok) for check in clockless] == [("Bluesky", True), ("cost", True)]
    assert "'#doctored' finds nothing yet" in clockless[0].detail


def test_a_real_session_is_renewed_and_ends_with_its_password(bluesky_server: Bluesky) -> None:
    """A token the real server takes no more is renewed in passing; with the app password revoked it is refused."""
    account = bluesky_server.account()
    password = account.app_password("renewed")
    options = Options(server=bluesky_server.pds, handle=account.handle)
    clock = ManualClock(DEPLOY)
    opened = Session(options, SourceContext("bluesky", "", Path(), "", lambda _reference: password, clock))
    query = {"q": "#renewed"}
    assert opened.get("app.bsky.feed.searchPosts", query).json_list("posts") == []
    opened.client.authorize("nonsense")
    assert opened.get("app.bsky.feed.searchPosts", query).json_list("posts") == []
    assert opened.client.requests == 5  # login, search, refusal, renewal, search
    account.call("com.atproto.server.revokeAppPassword", name="renewed")
    opened.client.authorize("nonsense")
    with pytest.raises(SourceRefused, match="does not accept the key"):
        opened.get("app.bsky.feed.searchPosts", query)


class Expiring:
    """A server whose tokens expire, and whose refresh token may be revoked."""

    def __init__(self, *, revoked: bool) -> None:
        """Start with the first token good."""
        self.good = f"Bearer {ACCESS}-1"
        self.revoked = revoked

    def answer(self, request: Recorded) -> Reply:
        """Answer as the API does."""
        if request.path == RENEW:
            if request.body:
                return problem(400, "InvalidRequest", "A request body was provided when none was expected")
            if self.revoked or request.headers["authorization"] != f"Bearer {REFRESH}-1":
                return problem(400, "ExpiredToken", "Token has been revoked")
            self.good = f"Bearer {ACCESS}-2"
            return session(2)
        if request.path == LOGIN:
            number = 1 if self.good.endswith("-1") else 3
            self.good = f"Bearer {ACCESS}-{number}"
            return session(number)
        if request.headers["authorization"] != self.good:
            return problem(400, "ExpiredToken", "Token has expired")
        return answer(request, [Post(1, DEPLOY, "post 1")], 3)


@pytest.mark.parametrize(("revoked", "paths"), [(False, [RENEW]), (True, [RENEW, LOGIN])], ids=["renewed", "anew"])
def test_an_expired_token_is_renewed(revoked: bool, paths: list[str]) -> None:  # noqa: FBT001  # a table
    """A session whose token has expired is renewed within the poll, and opened anew only where that is refused."""
    service = Expiring(revoked=revoked)
    with Server(answer=service.answer) as server:
        source = source_at(server.url, HANDLE, TOKEN, "brimly")
        first = source.fetch(hour())
        service.good = "expired-2"
        second = source.fetch(hour(first.cursor))
    asked = [request.path for request in server.requests]
    assert asked == [LOGIN, SEARCH, SEARCH, *paths, SEARCH]
    assert (len(first.mentions), len(second.mentions), second.complete) == (1, 0, True)


def test_one_login_serves_the_run() -> None:
    """However many polls, there is one login: an account has 300 a day."""
    with Server(answer=lambda request: answer(request, [], 3)) as server:
        source = source_at(server.url, f"@{HANDLE} ", TOKEN, "brimly")
        cursor = None
        for _ in range(5):
            cursor = source.fetch(hour(cursor)).cursor
        assert source.check()[0].ok
    assert [request.path for request in server.requests].count(LOGIN) == 1
    assert json.loads(server.requests[0].body)["identifier"] == HANDLE


def test_times_that_authors_invent() -> None:
    """Neither a time ahead of the clock nor one that cannot be read moves a post past the moment it was seen."""
    posts = [Post(number, DEPLOY + number * MINUTE, f"post {number}") for number in (1, 2, 3)]
    views = [view(post) for post in posts]
    views[0]["record"]["createdAt"] = "2036-01-01T00:00:00Z"
    views[1]["record"]["createdAt"] = "yesterday"
    views[2]["record"]["createdAt"] = "2001-01-01T00:00:00Z"
    with Server(session(), Reply.of({"posts": views[::-1]})) as server:
        fetch = source_at(server.url, HANDLE, TOKEN, "brimly").fetch(hour())
    assert [(each.text, each.created_at) for each in fetch.mentions] == [(post.text, post.at) for post in posts[:2]]


def test_what_search_says_of_a_post() -> None:
    """Likes, reposts, quotes, the age of the account; several languages are none."""
    embed = {"$type": "app.bsky.embed.record", "record": {"uri": "at://did:plc:x/app.bsky.feed.post/3", "cid": "bafy"}}
    post = Post(1, DEPLOY, "look at this")
    shown = view(post, record=record(post, embed=embed, langs=["en", "de"]), likeCount=3, repostCount=2)
    with Server(session(), Reply.of({"posts": [shown]})) as server:
        (mention,) = source_at(server.url, HANDLE, TOKEN, "brimly").fetch(hour()).mentions
    assert (mention.likes, mention.reposts, mention.lang, mention.labels["kind"]) == (3, 2, "", "quote")
    assert mention.author_created_at == datetime(2023, 5, 4, 10, tzinfo=UTC)


def test_nothing_to_look_for() -> None:
    """Without a query and a release nothing is asked, and the hint says what to write."""
    with Server(session()) as server:
        source = source_at(server.url, HANDLE, TOKEN, "")
        with pytest.raises(SourceRefused, match="nothing to look for"):
            source.fetch(hour())
        assert [check.ok for check in source.check()] == [False]
    assert server.requests == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "handle must be given"),
        ({"handle": "a.test", "server": "http://pds.example"}, "server must use https"),
        ({"stream": True, "jetstream": "ws://stream.example/subscribe"}, "jetstream must use wss"),
        ({"handle": "a.test", "max_pages": 0}, "max_pages"),
    ],
)
def test_options_that_cannot_work(options: dict[str, object], said: str) -> None:
    """What cannot work is refused when the policy is read."""
    with pytest.raises(ValueError, match=said):
        Options(**options)  # type: ignore[arg-type]
