"""Source ``mastodon``: on servers that keep state as real ones do, and on scripted ones where they must misbehave."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.clock import SystemClock
from gate.errors import PolicyFault, SourceDown, SourceRefused
from gate.model import Request
from gate.policy import load_text
from gate.ports import Secret, SourceContext
from gate.sources.mastodon import Options, Source
from tests.replies.mastodon import account, answer, status
from tests.servers.http_server import Recorded, Reply, Server
from tests.servers.mastodon import mastodon
from tests.sources.conformance import Post
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.model import Fetch
    from gate.ports import Clock
    from tests.servers.mastodon import Mastodon

MINUTE = timedelta(minutes=1)
TIMEOUT = timedelta(seconds=20)


def source_at(*servers: str, release: str = "#brimly", clock: Clock | None = None, **options: Any) -> Source:  # noqa: ANN401
    """Build a source on one server or several."""
    given: dict[str, Any] = {"server": servers[0]} if len(servers) == 1 else {"servers": servers}
    context = SourceContext(
        "mastodon", release, Path(), "", lambda _reference: "invented-token", clock or ManualClock(DEPLOY + 60 * MINUTE)
    )
    return Source(Options(**given, **options), context)


def hour(cursor: str | None = None) -> Request:
    """Ask for the hour after the deploy."""
    return Request(DEPLOY, DEPLOY + 60 * MINUTE, cursor, TIMEOUT)


def today(cursor: str | None = None) -> Request:
    """Ask for what servers keep that know only the real time."""
    now = SystemClock().now()
    return Request(now - timedelta(hours=6), now + MINUTE, cursor, TIMEOUT)


def serving(*statuses: dict[str, Any]) -> Server:
    """Serve one page, the newest first."""
    newer = '<https://a.example/?min_id=x>; rel="prev"'
    return Server(Reply.of(sorted(statuses, key=lambda each: each["created_at"], reverse=True), link=newer))


def texts(fetch: Fetch) -> list[str]:
    """Return what was said."""
    return [mention.text for mention in fetch.mentions]


def posts(*minutes: int) -> list[Post]:
    """Return posts written so long after the deploy."""
    return [Post(number, DEPLOY + number * MINUTE, f"post {number}", f"u{number}") for number in minutes]


def test_posts_pages_and_deletions(mastodon_server: Mastodon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over pages and polls each post comes once, oldest first, and what was deleted no longer."""
    monkeypatch.setattr("gate.sources.mastodon.server.MOST", 4)
    posted = [each.post(f"post {each.name} #paging") for each in mastodon_server.accounts[:10]]
    mastodon_server.accounts[3].delete(posted.pop(3)["id"])
    source = source_at(mastodon_server.url, tag="paging", clock=SystemClock())
    request = today()
    first = source.fetch(request)
    posted += [each.post(f"again {each.name} #paging") for each in mastodon_server.accounts[:3]]
    second = source.fetch(Request(request.since, request.until, first.cursor, TIMEOUT))
    third = source.fetch(Request(request.since, request.until, second.cursor, TIMEOUT))
    assert [mention.id for mention in first.mentions + second.mentions] == [each["uri"] for each in posted]
    assert (len(first.mentions), len(third.mentions)) == (9, 0)
    assert all(fetch.complete for fetch in (first, second, third))
    assert first.cost.requests >= 3


def test_a_real_status(mastodon_server: Mastodon) -> None:
    """Text, language, thread, author and address of a status, and of a reply to it."""
    ann, bob = mastodon_server.accounts[:2]
    text = "höchst kaputt 🎉 2 < 3 & more #status_shape"
    first = ann.post(text, language="de")
    bob.post("same #status_shape", reply_to=first["id"])
    source = source_at(mastodon_server.url, release="#status_shape", clock=SystemClock())
    one, two = source.fetch(today()).mentions
    assert (one.text, one.lang, one.url) == (text, "de", first["url"])
    assert one.conversation == two.conversation
    assert (one.labels, two.labels) == ({"kind": "post"}, {"kind": "reply"})
    assert one.author != two.author
    assert one.author_created_at is not None
    assert one.author_followers == 0
    assert one.created_at == datetime.fromisoformat(first["created_at"])


def test_a_rate_limit_ends_when_the_server_says() -> None:
    """The ISO 8601 time of a real 429 is understood: nothing is asked before it."""
    with mastodon("[ratelimit]\nenabled = true\nlimit = 2\nwindow_seconds = 300") as server:
        source = source_at(server.url, clock=SystemClock())
        said = []
        for _ in range(4):
            try:
                source.fetch(today())
            except SourceDown as fault:
                said.append(fault.message)
    assert len(said) == 2
    assert all("is reached until 20" in each for each in said)


def test_one_server_of_several_fails_and_comes_back(mastodon_server: Mastodon) -> None:
    """The others are heard, the poll is not complete and says who is missing; later the gap is filled."""
    ann = mastodon_server.accounts[0]
    ann.post("one #several")
    mastodon_server.fault("/api/v1/timelines/tag/several", type="status", status=404)
    other = status(Post(7, SystemClock().now().replace(microsecond=0) - MINUTE, "elsewhere"))
    try:
        with serving(other) as server:
            source = source_at(mastodon_server.url, server.url, tag="several", clock=SystemClock())
            request = today()
            first = source.fetch(request)
            mastodon_server.mend()
            source = source_at(mastodon_server.url, server.url, tag="several", clock=SystemClock())
            second = source.fetch(Request(request.since, request.until, first.cursor, TIMEOUT))
    finally:
        mastodon_server.mend()
    assert texts(first) == ["elsewhere"]
    assert not first.complete
    assert not first.permanent
    assert first.reason.startswith(mastodon_server.url.removeprefix("http://"))
    assert (texts(second), second.complete) == (["one #several"], True)


@pytest.fixture
def pair() -> Iterator[tuple[Server, Server, list[Post], list[Post]]]:
    """Serve two lists of posts; each server has ids of its own."""
    here: list[Post] = []
    there: list[Post] = []
    with (
        Server(answer=lambda request: answer(request, here, 3)) as one,
        Server(answer=lambda request: _with_other_ids(answer(request, there, 3))) as two,
    ):
        yield one, two, here, there


def _with_other_ids(reply: Reply) -> Reply:
    return Reply(reply.status, reply.body.replace(b'"acct": "u', b'"acct": "far@u'), reply.headers)


def test_one_post_on_several_servers(pair: tuple[Server, Server, list[Post], list[Post]]) -> None:
    """A post that several servers show comes once, within a poll and between polls."""
    one, two, here, there = pair
    here += posts(1, 2, 3, 58)
    there += posts(2, 3, 4)
    source = source_at(one.url, two.url)
    first = source.fetch(hour())
    there += posts(58, 59)
    second = source.fetch(hour(first.cursor))
    assert texts(first) == [f"post {number}" for number in (1, 2, 3, 4, 58)]
    assert texts(second) == ["post 59"]
    assert first.complete


def test_every_server_fails(pair: tuple[Server, Server, list[Post], list[Post]]) -> None:
    """With nobody to hear it is an outage; refused for good only if all refuse for good."""
    one, two, _, _ = pair
    one.answer = lambda _request: Reply.of({"error": "This method requires an authenticated user"}, 401)
    two.answer = lambda _request: Reply(503)
    with pytest.raises(SourceDown, match="not well"):
        source_at(one.url, two.url).fetch(hour())
    two.answer = one.answer
    with pytest.raises(SourceRefused, match="authenticated user") as refused:
        source_at(one.url, two.url).fetch(hour())
    assert "token" in refused.value.hint


def test_a_server_that_refuses_is_left_alone(pair: tuple[Server, Server, list[Post], list[Post]]) -> None:
    """A server that says no for good is not asked by every poll, but named by every one."""
    one, two, here, _ = pair
    here += posts(1)
    two.answer = lambda _request: Reply(403)
    source = source_at(one.url, two.url)
    first = source.fetch(hour())
    second = source.fetch(hour(first.cursor))
    assert len(two.requests) == 1
    assert first.reason == second.reason != ""


def test_ids_are_opaque() -> None:
    """Ids that are no numbers page as well: GoToSocial's are ULIDs."""
    pages = [
        Reply.of([status(post, id=f"01J{post.number:05}ZXY")], link='<https://a.example/?max_id=x>; rel="next"')
        for post in posts(2, 1)
    ]
    with Server(*pages, Reply.of([])) as server:
        fetch = source_at(server.url).fetch(hour())
    assert texts(fetch) == ["post 1", "post 2"]
    assert [request.query.get("max_id") for request in server.requests] == [None, "01J00002ZXY", "01J00001ZXY"]


def test_pages_go_on_where_a_proxy_took_the_links_away() -> None:
    """Without a Link header the next page is asked for by the last id, until one is empty."""
    pages = [Reply.of([status(post) for post in some]) for some in (posts(4, 3), posts(2, 1))]
    with Server(*pages, Reply.of([])) as server:
        fetch = source_at(server.url).fetch(hour())
    assert (texts(fetch), fetch.complete) == (["post 1", "post 2", "post 3", "post 4"], True)
    assert len(server.requests) == 3


def test_boosts_warnings_and_bots() -> None:
    """A boost is labelled, and its text is the boosted one's; a content warning is read with the text; bots are told."""
    one, two, three = posts(1, 2, 3)
    boosted = status(one, spoiler_text="About the <update>", favourites_count=5, reblogs_count=4, language="pt-BR")
    statuses = [
        boosted,
        status(two, reblog=boosted, content=""),
        status(three, account=account("u3", bot=True, created_at=None)),
    ]
    with serving(*statuses) as server:
        mentions = source_at(server.url).fetch(hour()).mentions
    assert (mentions[0].text, mentions[0].lang) == ("About the\npost 1", "pt")
    assert (mentions[0].likes, mentions[0].reposts) == (5, 4)
    assert mentions[1].text == "About the\npost 1"
    assert [each.labels for each in mentions] == [{"kind": "post"}, {"kind": "repost"}, {"kind": "post", "bot": "true"}]
    assert mentions[2].author_created_at is None


def test_a_post_that_took_its_time(pair: tuple[Server, Server, list[Post], list[Post]]) -> None:
    """A post that reaches the server minutes late is sorted in by when it was written; the next poll finds it there."""
    one, _, here, _ = pair
    here += posts(50, 59)
    source = source_at(one.url)
    first = source.fetch(hour())
    here += posts(55)
    assert texts(source.fetch(hour(first.cursor))) == ["post 55"]


def test_other_tags() -> None:
    """Further hashtags are sent as the API wants lists, without their signs."""
    with serving() as server:
        source_at(server.url, tag="#Brimly", any=("#acme", "acme24"), all=("bug",), none=("ad",)).fetch(hour())
    (asked,) = server.requests
    assert asked.path == "/api/v1/timelines/tag/Brimly"
    assert "any%5B%5D=acme&any%5B%5D=acme24&all%5B%5D=bug&none%5B%5D=ad" in asked.target


def searching(found: bool, page: list[dict[str, Any]]) -> Server:  # noqa: FBT001
    """Serve a search that works or finds nothing whatever is asked."""
    later = Reply.of({"accounts": [], "statuses": [], "hashtags": []})

    def search(request: Recorded) -> Reply:
        if request.query["q"] == "the":
            return Reply.of({"accounts": [], "statuses": page[:1] if found else [], "hashtags": []})
        return later if "max_id" in request.query else Reply.of({"accounts": [], "statuses": page, "hashtags": []})

    return Server(answer=search)


def test_full_text_search() -> None:
    """Where the server searches the full text, posts are found by it."""
    with searching(found=True, page=[status(post) for post in posts(2, 1)]) as server:
        source = source_at(server.url, search="acme app", token=Secret("${MASTODON_TOKEN}"))
        fetch = source.fetch(hour())
    assert (texts(fetch), fetch.complete) == (["post 1", "post 2"], True)
    assert {request.query["type"] for request in server.requests} == {"statuses"}


def test_a_server_without_full_text_search() -> None:
    """A server that finds nothing because it does not search is refused: its silence would look like calm."""
    with searching(found=False, page=[]) as server:
        source = source_at(server.url, search="acme app", token=Secret("${MASTODON_TOKEN}"))
        with pytest.raises(SourceRefused, match="does not search the full text"):
            source.fetch(hour())
        assert [check.ok for check in source.check()] == [False]


@pytest.mark.parametrize("release", ["acme app 2.4", "2024", ""])
def test_a_release_that_is_no_hashtag(release: str) -> None:
    """Without a hashtag nothing is asked; the hint names both ways out."""
    with serving() as server:
        with pytest.raises(SourceRefused, match="hashtag") as refused:
            source_at(server.url, release=release).fetch(hour())
        assert "search" in refused.value.hint
    assert server.requests == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "server must be given"),
        ({"server": "https://a.example", "servers": ("https://b.example",)}, "server must be given"),
        ({"server": "http://a.example"}, "server must use https"),
        ({"servers": ("https://a.example", "https://a.example/")}, "another one"),
        ({"server": "https://a.example", "tag": "two words"}, "tag must be a hashtag"),
        ({"servers": ("https://a.example",), "token": "${TOKEN}"}, "token belongs to one"),
        ({"servers": ("https://a.example",), "tokens": {"b.example": "${TOKEN}"}}, "none of the servers"),
        ({"server": "https://a.example", "search": "acme"}, "search needs a token"),
        ({"server": "https://a.example", "search": "acme", "tag": "acme", "token": "${TOKEN}"}, "narrowed"),
        ({"server": "https://a.example", "max_pages": 0}, "max_pages"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], said: str) -> None:
    """What cannot work is refused when the policy is read."""
    with pytest.raises(ValueError, match=said):
        Options(**options)


def test_each_server_gets_its_own_token() -> None:
    """A token goes to the server it is named for and to no other."""
    with serving() as one, serving() as two:
        host = one.url.removeprefix("http://")
        source_at(one.url, two.url, tokens={host: Secret("${TOKEN}")}).fetch(hour())
    assert one.requests[0].headers["authorization"] == "Bearer invented-token"
    assert "authorization" not in two.requests[0].headers


def test_doctor_asks_every_server(mastodon_server: Mastodon) -> None:
    """Each server has its line; one that is away fails alone."""
    with Server(Reply(404)) as away:
        checks = source_at(mastodon_server.url, away.url, clock=SystemClock()).check()
    assert [check.ok for check in checks] == [True, True, False]
    assert "#brimly" in checks[0].detail


def test_tokens_in_a_policy_are_references() -> None:
    """Tokens of several servers are named in the policy, by reference; the token itself is refused."""
    policy = (
        "version: 1\nrelease: '#brimly'\non: {inconclusive: hold, error: hold}\n"
        "sources: [{type: mastodon, servers: [https://a.example, https://b.example], tokens: {a.example: TOKEN}}]\n"
    )
    (spec,) = load_text(policy.replace("TOKEN", '"${A_TOKEN}"')).sources
    assert spec.options.token_of("a.example") == ("tokens.a.example", "${A_TOKEN}")
    assert spec.options.token_of("b.example") == ("token", None)
    with pytest.raises(PolicyFault, match=r"tokens\.a\.example: must be a reference"):
        load_text(policy.replace("TOKEN", "invented-token"))
