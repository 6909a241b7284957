"""Source ``reddit``: its login, what it shows at most, whose words count, and the feeds for who has no keys."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gate.errors import SourceRefused
from gate.ports import Secret
from gate.sources.reddit import Options
from tests.replies.reddit import ISSUED, LOGIN, answer, by_api, by_feed, comment, link
from tests.servers.http_server import Reply
from tests.sources.conformance import NOW, SINCE, TOKEN, Post, Service, ask, ask_until_complete, numbers, posts

if TYPE_CHECKING:
    from tests.servers.http_server import Recorded

IN_BRIMLY: dict[str, Any] = {"subreddits": ("brimly",)}


def reddit(some: list[Post], size: int = 100, **more: Any) -> Service:  # noqa: ANN401  # any option
    """Put the API on a service with these posts."""
    return Service("reddit", replace(by_api(**more), size=size), some)


def listed(*children: dict[str, Any]) -> Reply:
    """Answer with one page."""
    return Reply.of({"kind": "Listing", "data": {"after": None, "children": list(children)}})


def test_the_app_logs_in_once_a_day() -> None:
    """The first poll logs in with the app's keys; later ones use the token until its last minute."""
    site = reddit(posts(1))
    with site.server() as server:
        source = site.source(server)
        for hours in (0, 1, 22.99, 1):
            site.clock.wait(timedelta(hours=hours))
            ask(source)
        logins = [request for request in server.requests if request.path == LOGIN]
    assert len(logins) == 2
    assert logins[0].headers["authorization"] == f"Basic {b64encode(f'app:{TOKEN}'.encode()).decode()}"
    assert logins[0].body == b"grant_type=client_credentials"


def test_a_token_that_ends_before_its_time_is_renewed() -> None:
    """A 401 to a token leads to one more login, and the poll is whole."""
    site = reddit(posts(3))
    refused = Reply.of({"message": "Unauthorized", "error": 401}, 401)
    site.instead = lambda request, number: refused if request.path != LOGIN and number == 0 else None
    with site.server() as server:
        fetch = ask(site.source(server))
    assert (len(fetch.mentions), fetch.complete) == (3, True)
    assert fetch.cost.requests == 4


def test_a_login_that_refuses_with_status_200() -> None:
    """OAuth's own errors come with status 200: they are refusals, and the hint names the key."""
    site = reddit([])
    site.always(Reply.of({"error": "unsupported_grant_type"}))
    with site.server() as server, pytest.raises(SourceRefused, match="unsupported_grant_type") as raised:
        ask(site.source(server))
    assert "${REDDIT_SECRET}" in raised.value.hint


def test_the_keys_do_not_travel_to_the_api() -> None:
    """The app's secret goes to the login alone, the issued token to the API alone."""
    site = reddit(posts(1))
    with site.server() as server:
        ask(site.source(server))
        to_login, to_api = server.requests
    assert ISSUED not in str(to_login.headers)
    assert to_api.headers["authorization"] == f"Bearer {ISSUED}"
    assert TOKEN not in f"{to_api.target}{to_api.headers}"


@pytest.mark.parametrize(
    ("more", "path", "query"),
    [
        ({}, "/search", {"q": "#brimly", "sort": "new", "t": "day", "type": "link"}),
        ({"query": '"brimly app"', **IN_BRIMLY}, "/r/brimly/search", {"q": '"brimly app"', "restrict_sr": "true"}),
        ({"read": "posts", "subreddits": ("brimly", "apps")}, "/r/brimly+apps/new", {"limit": "100", "raw_json": "1"}),
        ({"read": "comments", **IN_BRIMLY}, "/r/brimly/comments", {"limit": "100"}),
    ],
)
def test_what_is_asked(more: dict[str, Any], path: str, query: dict[str, str]) -> None:
    """Each way to read has its own list, newest first."""
    site = reddit([], **more)
    with site.server() as server:
        ask(site.source(server))
    assert site.asked[0].path == path
    assert query.items() <= site.asked[0].query.items()


def test_a_name_stands_in_every_request() -> None:
    """Reddit wants to know which program asks, and who answers for it."""
    site = reddit([], contact="brimly_team")
    with site.server() as server:
        ask(site.source(server))
        agents = {request.headers["user-agent"] for request in server.requests}
    (agent,) = agents
    assert agent.startswith("python:sentiment-gate:v")
    assert agent.endswith(" (by /u/brimly_team)")


def test_older_than_the_newest_thousand_is_lost_and_told() -> None:
    """Reddit shows 1,000 posts of a list; if the period began before them, the fetch is not complete, and says why."""
    site = reddit(posts(1300), max_pages=20, read="posts", **IN_BRIMLY)
    with site.server() as server:
        fetches = ask_until_complete(site.source(server))
    assert sum(len(fetch.mentions) for fetch in fetches) == 1000
    assert (fetches[-1].complete, fetches[-1].permanent) == (False, True)
    assert "newest 1,000 only" in fetches[-1].reason


def test_a_short_list_is_all_there_is() -> None:
    """A search that ends after a few posts has found all, even if the period began before them."""
    site = reddit(posts(250))
    with site.server() as server:
        fetch = ask(site.source(server))
    assert (len(fetch.mentions), fetch.complete) == (250, True)


def test_only_what_users_say_is_heard() -> None:
    """Left out are removed and deleted posts and the moderators' machine; quotes of others are not one's own words."""
    quoted = '<div class="md"><blockquote><p>it is bad</p></blockquote><p>post 5: no</p></div>'
    site = reddit([], read="comments", **IN_BRIMLY)
    items = [
        comment(Post(1, SINCE, "[removed]")),
        comment(Post(2, SINCE, "[deleted]")),
        comment(Post(3, SINCE, "post 3: read the rules"), author="AutoModerator"),
        link(Post(4, SINCE, "post 4: spam"), removed_by_category="moderator"),
        comment(Post(5, SINCE, "x"), body_html=quoted),
        link(Post(6, SINCE, ""), title="post 6: a link", selftext_html=None),
    ]
    site.instead = lambda request, _number: None if request.path == LOGIN else listed(*items)
    with site.server() as server:
        fetch = ask(site.source(server))
    assert sorted(numbers(fetch.mentions)) == [5, 6]
    assert {mention.text for mention in fetch.mentions} == {"post 5: no", "post 6: a link"}
    assert fetch.unreadable == ()


def test_posts_and_comments_belong_to_threads() -> None:
    """A post is its title and text and its own thread; a comment belongs to the post; authors are ids."""
    site = reddit(posts(1))
    with site.server() as server:
        (post,) = ask(site.source(server)).mentions
        site.instead = lambda request, _number: None if request.path == LOGIN else listed(comment(site.posts[0]))
        (said,) = ask(site.source(server)).mentions
    assert post.text == "Is it me & you?\npost 1: it works"
    assert (post.conversation, post.author, post.likes) == ("t3_00001", "t2_u1", 4)
    assert (said.text, said.conversation) == ("post 1: it works", "t3_zzz")
    assert said.labels == {"subreddit": "brimly"}
    assert post.url == "https://www.reddit.com/r/brimly/comments/00001/is_it_me/"


def test_words_choose_among_all_comments() -> None:
    """With ``words`` only comments that hold one of them are heard, and the poll still ends where the period begins."""
    long_ago = posts(400, start=SINCE - timedelta(days=2), end=NOW)
    site = reddit(long_ago, size=50, read="comments", words=("POST 399:",), **IN_BRIMLY)
    with site.server() as server:
        fetch = ask(site.source(server), until=NOW)
    assert numbers(fetch.mentions) == [399]
    assert fetch.complete
    assert len(site.asked) == 1


def test_a_list_of_other_matters_that_ends_too_soon_is_told() -> None:
    """If none of the newest 1,000 comments holds the words, and all are newer than the period's start, it is not complete."""
    site = reddit(posts(1300), max_pages=20, read="comments", words=("login",), **IN_BRIMLY)
    with site.server() as server:
        fetches = ask_until_complete(site.source(server))
    assert [fetch.mentions for fetch in fetches] == [()] * len(fetches)
    assert not fetches[-1].complete
    assert "newest 1,000 only" in fetches[-1].reason


def test_the_search_is_late() -> None:
    """The last minutes of a search are not settled, those of a list are."""
    for more, late in (({}, True), ({"read": "posts", **IN_BRIMLY}, False)):
        site = reddit(posts(1), **more)
        with site.server() as server:
            fetch = ask(site.source(server), until=NOW)
        assert (fetch.settled_until is not None) == late


def feed_of(some: list[Post], **more: Any) -> Service:  # noqa: ANN401  # any option
    """Put the public feeds on a service with these posts."""
    return Service("reddit", by_feed(**more), some)


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({}, "/search.rss"),
        (IN_BRIMLY, "/r/brimly/search.rss"),
        ({"read": "posts", **IN_BRIMLY}, "/r/brimly/new.rss"),
        ({"read": "comments", **IN_BRIMLY}, "/r/brimly/comments/.rss"),
    ],
)
def test_without_keys_the_feeds_are_read(more: dict[str, Any], path: str) -> None:
    """Without keys the same lists come as feeds, without Reddit's own words around the users'; it is told once."""
    site = feed_of(posts(2), **more)
    with site.server() as server:
        source = site.source(server)
        first, second = ask(source), ask(source)
    comments = more.get("read") == "comments"
    mention = first.mentions[0]
    assert site.asked[0].path == path
    assert mention.text == ("" if comments else "Is it me & you?\n") + "post 1: it works"
    assert mention.conversation == ("t3_zzz" if comments else "t3_00001")
    assert (mention.author, mention.labels) == ("u1", {"subreddit": "brimly"})
    assert "no keys" in first.notes[0]
    assert second.notes == ()


@pytest.mark.parametrize(("count", "lost"), [(20, ""), (130, "newest 100 posts only")])
def test_a_feed_that_is_full_may_hide_more(count: int, lost: str) -> None:
    """If all a feed can hold is newer than the start of the period, older posts are lost, and that is told."""
    site = feed_of(posts(count, start=SINCE + timedelta(seconds=30)))
    with site.server() as server:
        fetch = ask(site.source(server))
    assert len(fetch.mentions) == min(count, 100)
    assert fetch.complete == (not lost)
    assert lost in fetch.reason


def test_check_says_how_it_reads() -> None:
    """``gate doctor`` says whether keys are accepted and what is left, or that without keys less is heard."""
    site, public = reddit(posts(1)), feed_of(posts(1))
    with site.server() as server:
        keyed = site.source(server).check()
    with public.server() as server:
        keyless = public.source(server).check()
    assert "the keys are accepted; 996" in keyed[0].detail
    assert "no keys" in keyless[0].detail
    assert [check.ok for check in (*keyed, *keyless)] == [True] * 4


def test_check_long_after_it_was_made() -> None:
    """The time for a check begins with the check, for the login too."""
    site = reddit(posts(1))
    with site.server() as server:
        source = site.source(server)
        site.clock.wait(timedelta(hours=1))
        assert all(check.ok for check in source.check())


def test_a_private_subreddit_is_named_in_the_hint() -> None:
    """A 403 from the API is about the place, not about the keys."""

    def private(request: Recorded, _number: int) -> Reply:
        told = Reply.of({"reason": "private", "message": "Forbidden", "error": 403}, 403)
        return answer(request, [], 3) if request.path == LOGIN else told

    site = reddit([], read="posts", **IN_BRIMLY)
    site.instead = private
    with site.server() as server, pytest.raises(SourceRefused) as raised:
        ask(site.source(server))
    assert "subreddits" in raised.value.hint


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"client_id": "a"}, "client_id"),
        ({"client_secret": Secret("${A}")}, "client_id"),
        ({"subreddits": ("r/brimly",)}, "subreddits"),
        ({"read": "comments"}, "subreddits"),
        ({"contact": "u/x y"}, "contact"),
        ({"words": ("",)}, "words"),
        ({"max_pages": 0}, "max_pages"),
        ({"oauth_url": "http://reddit.example"}, "oauth_url"),
    ],
)
def test_options_that_cannot_work(more: dict[str, Any], named: str) -> None:
    """Each is refused by name before anything is asked."""
    with pytest.raises(ValueError, match=f"^{named}"):
        Options(**more)
