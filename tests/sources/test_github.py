"""Source ``github``: whose words count, what an unchanged list costs, searches, and what GraphQL says with status 200."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gate.errors import SourceDown, SourceRefused
from gate.http import RateLimited
from gate.ports import Secret
from gate.sources.github import Options
from tests.replies.github import CHANNELS, REPOSITORY, answer, base_of, channel, comment, issue, said, stamp
from tests.servers.http_server import Reply
from tests.sources.conformance import NOW, SINCE, UNTIL, Post, Service, ask, ask_until_complete, numbers, posts

if TYPE_CHECKING:
    from tests.servers.http_server import Recorded

TOKEN = Secret("${GITHUB_TOKEN}")


def service(some: list[Post], size: int = 100, **more: Any) -> Service:  # noqa: ANN401  # any option
    """Put GitHub on a service with these posts."""
    where = {} if "query" in more else {"repositories": (REPOSITORY,)}
    return Service("github", replace(channel(**where, **more), size=size), some)


def test_issues_and_comments_of_a_repository() -> None:
    """An issue is its title and text; it and the comments on it belong to one conversation."""
    hub = service(posts(2))
    with hub.server() as server:
        said_of_it, opened = ask(hub.source(server)).mentions
    assert (said_of_it.id, said_of_it.text) == ("comment-90001", "post 1: it works")
    assert said_of_it.conversation == "brimly/app#7"
    assert (opened.id, opened.text) == ("issue-90002", "It is about <Login>\npost 2: it works")
    assert (opened.conversation, opened.author, opened.likes) == ("brimly/app#2", "1002", 2)
    assert opened.labels == {"repository": "brimly/app"}


def told(request: Recorded, _number: int) -> Reply | None:
    """Answer with what is no user's word, and with one that is."""
    at, base = SINCE, base_of(request)
    if request.path.endswith("/comments"):
        pull = f"https://github.com/{REPOSITORY}/pull/9#issuecomment-1"
        quoted = "<blockquote><p>it is bad</p></blockquote><p>post 14: no</p><pre>Traceback</pre>"
        return Reply.of(
            [
                comment(Post(11, at, "post 11: on a pull request"), base, html_url=pull),
                comment(Post(12, at, "post 12: by the staff"), base, author_association="MEMBER"),
                comment(Post(13, at, "post 13: by a deleted account"), base, user=None),
                comment(Post(14, at, ""), base, body_html=quoted),
            ]
        )
    bot = {"login": "stale[bot]", "id": 5, "type": "Bot"}
    return Reply.of(
        [
            issue(Post(1, at, "post 1: a pull request"), base, pull_request={"url": "…"}),
            issue(Post(2, at, "post 2: by a machine"), base, user=bot),
            issue(Post(3, at, "post 3: by its owner"), base, author_association="OWNER"),
            issue(Post(4, at, "post 4: by a user"), base),
            issue(Post(5, at, "post 5: without a text"), base, title="post 5: title alone", body_html=None, body=None),
        ]
    )


@pytest.mark.parametrize(("staff", "wanted"), [(False, [4, 5, 13, 14]), (True, [3, 4, 5, 12, 13, 14])])
def test_only_what_users_say_is_heard(staff: bool, wanted: list[int]) -> None:  # noqa: FBT001  # a column of the table
    """Left out are pull requests, machines and, unless wanted, the staff; quotes and logs are nobody's mood."""
    hub = service([], staff=staff)
    hub.instead = told
    with hub.server() as server:
        mentions = ask(hub.source(server)).mentions
    assert sorted(numbers(mentions)) == wanted
    by_number = dict(zip(numbers(mentions), mentions, strict=True))
    assert by_number[14].text == "post 14: no"
    assert by_number[13].author == ""


def test_an_old_issue_that_somebody_touches_is_not_new() -> None:
    """What counts is when it was written, not when it was last changed."""
    old = Post(2, SINCE - timedelta(days=300), "post 2: long ago")
    hub = service([old])
    hub.instead = lambda request, _number: (
        Reply.of([issue(old, base_of(request), updated_at=stamp(NOW))]) if request.path.endswith("/issues") else None
    )
    with hub.server() as server:
        fetch = ask(hub.source(server))
    assert (fetch.mentions, fetch.complete) == ((), True)


def test_a_list_that_did_not_change_is_asked_for_by_its_mark() -> None:
    """The second poll asks with the ETag of the first, and a 304 is a complete answer."""
    hub = service(posts(4))

    def marked(request: Recorded, _number: int) -> Reply | None:
        mark = f'W/"{request.path}"'
        if request.headers.get("if-none-match") == mark:
            return Reply(304, headers={"etag": mark})
        true = answer(request, hub.posts, 100)
        return replace(true, headers={**true.headers, "etag": mark})

    hub.instead = marked
    with hub.server() as server:
        source = hub.source(server)
        first = ask(source)
        hub.clock.wait(timedelta(minutes=1))
        second = ask(source, first.cursor)
    assert len(first.mentions) == 4
    assert (second.mentions, second.complete) == ((), True)
    assert [request.headers.get("if-none-match") is not None for request in hub.asked] == [False, False, True, True]


def test_several_repositories_are_read_one_after_the_other() -> None:
    """A poll cut between repositories goes on there, and reads each post once."""
    names = ("brimly/app", "brimly/api")
    hub = Service("github", replace(channel(repositories=names, max_pages=2), size=2), [])

    def of_two(request: Recorded, _number: int) -> Reply:
        api = request.path.startswith("/repos/brimly/api/")
        return answer(request, [post for post in posts(16) if (post.number > 8) == api], 2)

    hub.instead = of_two
    with hub.server() as server:
        fetches = ask_until_complete(hub.source(server))
    came = [number for fetch in fetches for number in numbers(fetch.mentions)]
    assert sorted(came) == list(range(1, 17))
    assert len(fetches) > 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"query": "brimly crash"}, "brimly crash is:issue created:2026-03-10T14:00:00Z..2026-03-10T14:25:01Z"),
        (
            {"query": "crash", "repositories": ("brimly/app",)},
            "crash repo:brimly/app is:issue created:2026-03-10T14:00:00Z..2026-03-10T14:25:01Z",
        ),
    ],
)
def test_what_is_searched(more: dict[str, Any], words: str) -> None:
    """A search asks for issues alone, by when they were created, in the repositories where there are some."""
    hub = service([], **more)
    with hub.server() as server:
        ask(hub.source(server))
    assert hub.asked[0].query["q"] == words


def test_a_search_finds_more_than_its_thousand() -> None:
    """Pages of a search end at 1,000 hits; no page but the first of each stretch is asked for, and nothing is lost."""
    hub = service(posts(1200), query="brimly")
    with hub.server() as server:
        fetches = ask_until_complete(hub.source(server))
    assert sorted(number for fetch in fetches for number in numbers(fetch.mentions)) == list(range(1, 1201))
    assert all("page" not in request.query for request in hub.asked)


def test_a_search_that_ran_out_of_time_is_an_outage() -> None:
    """GitHub says with status 200 that it found only a part: that is not all there is."""
    hub = service([], query="brimly")
    hub.always(Reply.of({"total_count": 0, "incomplete_results": True, "items": []}))
    with hub.server() as server, pytest.raises(SourceDown, match="only a part"):
        ask(hub.source(server))


def graphql(nodes: list[dict[str, Any]]) -> Reply:
    """Answer with discussions."""
    about = {"hasNextPage": False, "endCursor": None}
    return Reply.of({"data": {"repository": {"discussions": {"pageInfo": about, "nodes": nodes}}}})


def test_comments_and_replies_on_discussions() -> None:
    """What is said in an old discussion is heard, with who says it and how old that account is."""
    reply = said(Post(3, SINCE, "post 3: a reply"))
    staff = said(Post(4, SINCE, "post 4: by the staff"), authorAssociation="OWNER")
    first = said(Post(2, SINCE, "post 2: a comment"), replies={"nodes": [reply, staff]})
    bot = said(Post(5, SINCE, "post 5: by a machine"), author={"__typename": "Bot", "login": "helper"})
    old = said(
        Post(1, SINCE - timedelta(days=99), "post 1: old"),
        number=5,
        title="Ideas",
        updatedAt=stamp(SINCE),
        comments={"pageInfo": {"hasPreviousPage": True}, "nodes": [first, bot]},
    )
    hub = service([], issues=False, comments=False, discussions=True)
    hub.always(graphql([old]))
    with hub.server() as server:
        fetch = ask(hub.source(server))
        asked = json.loads(hub.asked[0].body)
    assert numbers(fetch.mentions) == [2, 3]
    assert {mention.conversation for mention in fetch.mentions} == {"brimly/app#5"}
    assert fetch.mentions[0].author == "1002"
    assert fetch.mentions[0].author_created_at == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert asked["variables"] == {"owner": "brimly", "name": "app", "after": None}
    assert (fetch.complete, fetch.reason) == (False, "of discussion #5 only the newest 50 comments are read")


@pytest.mark.parametrize("more", [True, False])
def test_replies_that_are_not_shown_are_told(*, more: bool) -> None:
    """Of a comment with more replies than one answer holds, the poll says that some are missing."""
    replies = {"pageInfo": {"hasPreviousPage": more}, "nodes": [said(Post(3, SINCE, "post 3: a reply"))]}
    first = said(Post(2, SINCE, "post 2: a comment"), replies=replies)
    about = {"number": 5, "title": "Ideas", "updatedAt": stamp(SINCE), "comments": {"pageInfo": {}, "nodes": [first]}}
    hub = service([], issues=False, comments=False, discussions=True)
    hub.always(graphql([said(Post(1, SINCE - timedelta(days=99), "post 1: old"), **about)]))
    with hub.server() as server:
        fetch = ask(hub.source(server))
    missing = "of discussion #5 only the newest 10 replies to a comment are read" if more else ""
    assert (numbers(fetch.mentions), fetch.complete, fetch.reason) == ([2, 3], not more, missing)


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("NOT_FOUND", SourceRefused),
        ("INSUFFICIENT_SCOPES", SourceRefused),
        ("RATE_LIMITED", RateLimited),
        ("", SourceDown),
    ],
)
def test_errors_that_graphql_gives_with_status_200(kind: str, raised: type[Exception]) -> None:
    """They are errors: refused for good, a rate limit, or an outage, in GitHub's words."""
    hub = service([], issues=False, comments=False, discussions=True)
    hub.always(Reply.of({"data": None, "errors": [{"type": kind, "message": "the words of GitHub"}]}))
    with hub.server() as server, pytest.raises(raised, match="the words of GitHub"):
        ask(hub.source(server))


def test_discussions_of_an_enterprise_server() -> None:
    """There REST is below /api/v3, and GraphQL beside it."""
    hub = service([], issues=False, comments=False, discussions=True)
    with hub.server() as server:
        more: dict[str, Any] = {"issues": False, "comments": False, "discussions": True}
        options = Options(repositories=(REPOSITORY,), token=TOKEN, base_url=f"{server.url}/api/v3", **more)
        hub.channel = replace(hub.channel, options=lambda _url: options)
        hub.always(graphql([]))
        assert ask(hub.source(server)).complete
    assert hub.asked[0].path == "/api/graphql"


def test_check_says_what_is_switched_off() -> None:
    """``gate doctor`` sees a repository without issues, the quota, and that there is no token."""
    hub = Service("github", CHANNELS["repositories"], [])
    hub.channel = replace(hub.channel, options=lambda url: Options(repositories=(REPOSITORY,), base_url=url))
    about = {"has_issues": False}
    hub.always(Reply.of(about, x_ratelimit_remaining="59", x_ratelimit_limit="60"))
    with hub.server() as server:
        first, cost = hub.source(server).check()
    assert "brimly/app (issues switched off there); without a token" in first.detail
    assert "59 of 60 requests left" in first.detail
    assert "60 an hour" in cost.detail


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({}, "repositories"),
        ({"repositories": ("brimly",)}, "repositories"),
        ({"repositories": ("../..",)}, "repositories"),
        ({"repositories": ("a/b",), "discussions": True}, "discussions"),
        ({"repositories": ("a/b",), "issues": False, "comments": False}, "issues"),
        ({"query": "x", "issues": False}, "query"),
        ({"repositories": ("a/b",), "max_pages": 0}, "max_pages"),
        ({"repositories": ("a/b",), "base_url": "ftp://x"}, "base_url"),
    ],
)
def test_options_that_cannot_work(more: dict[str, Any], named: str) -> None:
    """Each is refused by name before anything is asked."""
    with pytest.raises(ValueError, match=f"^{named}"):
        Options(**more)


def test_the_end_of_the_period_is_not_read() -> None:
    """Issues newer than the period are passed over on the way to it."""
    hub = service(posts(40, start=SINCE, end=NOW), size=5)
    with hub.server() as server:
        fetch = ask(hub.source(server))
    assert fetch.complete
    assert sorted(numbers(fetch.mentions)) == [post.number for post in hub.posts if post.at < UNTIL]
