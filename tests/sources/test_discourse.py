"""Source ``discourse``: which posts of a forum are users' own words about the product."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gate.ports import Secret
from gate.sources.discourse import Options
from tests.replies.discourse import CHANNEL, listed, post_of
from tests.sources.conformance import NOW, SINCE, UNTIL, Post, Service, ask, numbers, posts

if TYPE_CHECKING:
    from tests.servers.http_server import Recorded


def forum(some: list[Post], size: int = 50, **more: Any) -> Service:  # noqa: ANN401  # any option
    """Put a forum on a service with these posts."""
    return Service(
        "discourse", replace(CHANNEL, size=size, options=lambda url: Options(server=url, **more)), some
    )  # fmt: skip


def test_a_topic_opens_with_its_title() -> None:
    """The first post of a topic is its title and text, an answer its text alone; both belong to the topic."""
    talk = forum(posts(3))
    with talk.server() as server:
        answer, _, opening = ask(talk.source(server)).mentions
        url = server.url
    assert (answer.text, answer.conversation) == ("post 1: it works", "700")
    assert (opening.text, opening.conversation) == ("Brimly 3\npost 3: it works", "703")
    assert (opening.author, opening.likes, opening.labels) == ("1003", 3, {"category": "4"})
    assert opening.url == f"{url}/t/703/1"


def test_only_what_a_user_says_is_heard() -> None:
    """Left out are machines, what moderators hid, the staff unless wanted, and in a text what others said before."""
    told = [
        post_of(Post(1, SINCE, "post 1: by the machine"), user_id=-1),
        post_of(Post(2, SINCE, "post 2: hidden"), hidden=True),
        post_of(Post(3, SINCE, "post 3: by the staff"), staff=True),
        post_of(
            Post(4, SINCE, ""),
            cooked='<aside class="quote"><blockquote>it is bad</blockquote></aside><p>post 4: no!</p><pre>log</pre>',
        ),
    ]
    for staff, wanted in ((False, [4]), (True, [3, 4])):
        talk = forum([], staff=staff)
        talk.instead = lambda request, _number: listed(told, request.query.get("before"), 50)
        with talk.server() as server:
            mentions = ask(talk.source(server)).mentions
        assert sorted(numbers(mentions)) == wanted
        assert mentions[-1].text == "post 4: no!"


def test_words_are_sought_in_texts_and_titles() -> None:
    """With ``words`` only posts that hold one of them are heard; case does not matter."""
    some = [Post(1, SINCE, "post 1: the LOGIN fails"), Post(2, SINCE, "post 2: fine")]
    talk = forum(some, words=("login", "crash"))
    with talk.server() as server:
        assert numbers(ask(talk.source(server)).mentions) == [1]
    talk = forum(some, words=("brimly",))
    with talk.server() as server:
        assert numbers(ask(talk.source(server)).mentions) == [1, 2]


def test_pages_of_other_matters_end_where_the_period_begins() -> None:
    """Even if no post holds the words, a poll stops at the first page from before the period."""
    long_ago = posts(300, start=SINCE - timedelta(days=3), end=UNTIL)
    talk = forum(long_ago, size=10, words=("login",))
    with talk.server() as server:
        fetch = ask(talk.source(server))
    assert fetch.complete
    assert len(talk.asked) <= 3


@pytest.mark.parametrize(("key", "settled"), [(None, NOW - timedelta(minutes=1)), (Secret("${FORUM_KEY}"), None)])
def test_without_a_key_the_last_minute_is_not_settled(key: Secret | None, settled: object) -> None:
    """A forum answers strangers from a cache that may be a minute old; the end of the window waits for it."""
    talk = forum(posts(2), key=key)
    with talk.server() as server:
        fetch = ask(talk.source(server), until=NOW)
        headers = talk.asked[0].headers
    assert fetch.settled_until == settled
    assert headers.get("api-username") == ("system" if key else None)


def test_check_says_as_whom_it_reads() -> None:
    """``gate doctor`` says how many posts are wanted, and what is not seen without a key."""
    talk = forum(posts(4), words=("post 1:", "post 2:"))
    with talk.server() as server:
        first = talk.source(server).check()[0]
    assert first.detail == "2 of the newest 4 posts are wanted; read without a key: public categories only"


def test_a_post_of_another_shape_is_counted() -> None:
    """What is no post is unreadable, and paging goes on below it."""

    def odd(request: Recorded, _number: int) -> Any:  # noqa: ANN401  # a reply
        shown = [post_of(Post(number, SINCE, f"post {number}: ok")) for number in (1, 2, 3)]
        shown[1]["created_at"] = None
        return listed(shown, request.query.get("before"), 2)

    talk = forum([])
    talk.instead = odd
    with talk.server() as server:
        fetch = ask(talk.source(server))
    assert numbers(fetch.mentions) == [1, 3]
    assert len(fetch.unreadable) == 1
    assert fetch.complete


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"server": "forum.example"}, "server"),
        ({"username": ""}, "username"),
        ({"words": ("a", " ")}, "words"),
        ({"max_pages": 0}, "max_pages"),
    ],
)
def test_options_that_cannot_work(more: dict[str, Any], named: str) -> None:
    """Each is refused by name before anything is asked."""
    with pytest.raises(ValueError, match=f"^{named}"):
        Options(**{"server": "https://forum.example", **more})
