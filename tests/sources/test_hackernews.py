"""Source ``hackernews``: what is special about its search, and the age of accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gate.sources.hackernews import Options
from tests.replies.hackernews import ACCOUNT_MADE, CEILING, CHANNEL, options
from tests.servers.http_server import Recorded, Reply
from tests.sources.conformance import SINCE, Post, Service, ask, ask_until_complete, numbers, posts


def service(some: list[Post], size: int = 100, **more: Any) -> Service:  # noqa: ANN401  # any option
    """Put the search on a service with these posts."""
    return Service("hackernews", replace(CHANNEL, size=size, options=lambda url: options(url, **more)), some)


def test_more_posts_than_the_search_shows_of_one_query() -> None:
    """Beyond the 1,000 hits where page numbers end, posts still come, each once."""
    hacker_news = service(posts(CEILING + 300))
    with hacker_news.server() as server:
        fetches = ask_until_complete(hacker_news.source(server))
    came = [number for fetch in fetches for number in numbers(fetch.mentions)]
    assert sorted(came) == [post.number for post in hacker_news.posts]
    assert all("page" not in request.query for request in hacker_news.asked)


def test_posts_of_one_second_on_two_pages() -> None:
    """A page that ends amid a second loses nothing of that second."""
    times = [SINCE + timedelta(seconds=number // 3) for number in range(12)]
    hacker_news = service([Post(number, at, f"post {number}: ok") for number, at in enumerate(times, 1)], size=4)
    with hacker_news.server() as server:
        fetch = ask(hacker_news.source(server))
    assert fetch.complete
    assert sorted(numbers(fetch.mentions)) == list(range(1, 13))


def test_more_posts_in_a_second_than_a_page_holds() -> None:
    """What cannot be asked for in any way is told, not left out in silence."""
    hacker_news = service([Post(number, SINCE, f"post {number}: ok") for number in range(1, 9)], size=4)
    with hacker_news.server() as server:
        fetch = ask(hacker_news.source(server))
    assert len(fetch.mentions) == 4
    assert not fetch.complete
    assert "could not be read" in fetch.reason


def test_stories_and_comments() -> None:
    """A story is its title and text, a comment its text; both belong to the story, and say who wrote them."""
    hacker_news = service(posts(3))
    with hacker_news.server() as server:
        comment, _, story = ask(hacker_news.source(server)).mentions
    assert comment.text == "post 1: it works"
    assert (comment.conversation, comment.author) == ("40000000", "u1")
    assert story.text == "Brimly\npost 3: it works"
    assert (story.conversation, story.likes) == ("40000003", 12)
    assert story.url == "https://news.ycombinator.com/item?id=40000003"


@pytest.mark.parametrize(
    ("more", "name", "value"),
    [
        ({}, "query", "#brimly"),
        ({"query": '"brimly 3"'}, "query", '"brimly 3"'),
        ({}, "tags", "(story,comment)"),
        ({"comments": False}, "tags", "(story)"),
        ({}, "typoTolerance", "false"),
        ({"threads": False}, "restrictSearchableAttributes", "title,story_text,comment_text,url"),
    ],
)
def test_what_is_asked(more: dict[str, Any], name: str, value: str) -> None:
    """The query is the policy's release unless there is one; look-alikes and other places are not searched."""
    hacker_news = service([], **more)
    with hacker_news.server() as server:
        ask(hacker_news.source(server))
    assert hacker_news.asked[0].query[name] == value


def test_age_of_accounts_costs_a_request_an_author_once() -> None:
    """With ``author_age`` each author is asked for once, up to ``max_authors`` a poll, and the cost says so."""
    some = [replace(post, author=f"u{post.number % 3}") for post in posts(9)]
    hacker_news = service(some, author_age=True, max_authors=2)
    with hacker_news.server() as server:
        source = hacker_news.source(server)
        first, second = ask(source), ask(source)
        users = [request for request in server.requests if request.path.startswith("/v0/user/")]
    known = {mention.author for mention in first.mentions if mention.author_created_at}
    assert len(known) == 2
    assert {mention.author_created_at for mention in first.mentions} == {
        datetime.fromtimestamp(ACCOUNT_MADE, UTC), None
    }  # fmt: skip
    assert first.cost.requests == 3
    assert {mention.author for mention in second.mentions if mention.author_created_at} == {"u0", "u1", "u2"}
    assert len(users) == 3


@pytest.mark.parametrize("reply", [Reply(503), Reply(200, b"null"), Reply(404)])
def test_an_account_that_cannot_be_asked_for_is_no_fault_of_the_poll(reply: Reply) -> None:
    """Ages that cannot be had leave the mentions whole, and nothing incomplete."""

    def instead(request: Recorded, _number: int) -> Reply | None:
        return reply if request.path.startswith("/v0/user/") else None

    hacker_news = service(posts(4), author_age=True)
    hacker_news.instead = instead
    with hacker_news.server() as server:
        fetch = ask(hacker_news.source(server))
    assert (len(fetch.mentions), fetch.complete) == (4, True)
    assert all(mention.author_created_at is None for mention in fetch.mentions)
    assert bool(fetch.notes) == (reply.status != 200)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"stories": False, "comments": False}, "comments"),
        ({"max_pages": 0}, "max_pages"),
        ({"base_url": "http://elsewhere.example"}, "base_url"),
        ({"users_url": "nowhere"}, "users_url"),
    ],
)
def test_options_that_cannot_work(more: dict[str, Any], named: str) -> None:
    """Each is refused by name before anything is asked."""
    with pytest.raises(ValueError, match=f"^{named}"):
        Options(**more)
