"""What platforms say of posts that are no longer there: gone only where they say so, never because an answer is missing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from gate.errors import SourceRefused
from gate.ports import Deletions, SourceContext
from gate.sources.bluesky import Options as BlueskyOptions
from gate.sources.bluesky import Source as Bluesky
from tests.replies import bluesky, reddit
from tests.servers.http_server import Recorded, Reply, Server
from tests.sources.conformance import NOW, TOKEN, Service, posts
from tests.sources.test_bluesky import real
from tests.sources.test_mastodon import source_at
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from tests.servers.bluesky import Bluesky as Network
    from tests.servers.mastodon import Mastodon

NOT_FOUND = Reply.of({"error": "Record not found"}, 404)


def bluesky_at(url: str, handle: str = bluesky.HANDLE, **options: Any) -> Bluesky:  # noqa: ANN401  # any option
    """Build a source on a local server."""
    context = SourceContext("bluesky", "#brimly", Path(), "", lambda _reference: TOKEN, ManualClock(NOW))
    return Bluesky(BlueskyOptions(server=url, handle=handle, **options), context)


def uri(host: str, number: int) -> str:
    """Return the address of a status on a server."""
    return f"https://{host}/users/u1/statuses/{number}"


def asked_of(server: Server, ids: list[str], clock: ManualClock | None = None) -> tuple[set[str], int]:
    """Ask a Mastodon server; return the numbers of what is gone, and how many it did not answer for."""
    source = source_at(server.url, tag="brimly", clock=clock)
    assert isinstance(source, Deletions)
    said = source.gone(ids)
    return {each.rpartition("/")[2] for each in said.ids}, said.unanswered


def test_a_deleted_status_of_a_real_server(mastodon_server: Mastodon) -> None:
    """A deleted status is gone, the others are there."""
    host = mastodon_server.url.partition("//")[2]
    kept, deleted = (mastodon_server.accounts[0].post(f"{word} #forgetting")["id"] for word in ("kept", "deleted"))
    mastodon_server.accounts[0].delete(deleted)
    said = source_at(mastodon_server.url, tag="forgetting").gone([uri(host, kept), uri(host, deleted)])
    assert (set(said.ids), said.unanswered, said.cost.requests) == ({uri(host, deleted)}, 0, 2)


def test_a_status_of_another_server_is_not_asked_for() -> None:
    """No request goes to an address that somebody wrote, and a copy that is missing says nothing."""
    with Server(NOT_FOUND) as server:
        assert asked_of(server, [uri("169.254.169.254", 1), uri("elsewhere.example", 2), "no address"]) == (set(), 3)
        assert server.requests == []


def test_a_page_in_front_of_the_server_deletes_nothing() -> None:
    """A 404 that is not the API's own, as of a proxy, is no answer."""
    page = Reply(404, b"<html>no such page</html>", {"content-type": "text/html"})
    for reply in (page, Reply.of({}, 404), Reply.of([], 404)):
        with Server(reply) as server:
            assert asked_of(server, [uri(server.url.partition("//")[2], 1)]) == (set(), 1)


def test_a_rate_limit_is_waited_for() -> None:
    """Many statuses take as long as the server lets itself be asked; none is asked about twice in vain."""
    clock = ManualClock(NOW)
    limited = Reply.of({"error": "Too many requests"}, 429, retry_after="120")
    with Server(answer=lambda _request: NOT_FOUND if clock.now() > NOW else limited) as server:
        host = server.url.partition("//")[2]
        assert asked_of(server, [uri(host, 1), uri(host, 2)], clock) == ({"1", "2"}, 0)
        assert clock.now() == NOW + timedelta(seconds=120)


def test_real_posts_that_were_deleted(bluesky_server: Network) -> None:
    """Of a real network's posts those are gone that were deleted, and no others."""
    account, other = bluesky_server.account(), bluesky_server.account()
    uris = [each.post("forgetting", at=DEPLOY) for each in (account, account, other, other)]
    account.delete(uris[1])
    other.delete(uris[3])
    bluesky_server.settle()
    said = real(bluesky_server, account, "forgetting").gone([*uris, "no address"])
    assert (set(said.ids), said.unanswered) == ({uris[1], uris[3]}, 1)


@pytest.mark.parametrize(
    ("error", "message", "known"),
    [
        ("RecordNotFound", "Could not locate record: at://…", True),
        ("InvalidRequest", "Could not locate record: at://…", True),
        ("RepoDeactivated", "Repo has been deactivated", True),
        ("InvalidRequest", "Input/repo must be a valid did", False),
    ],
)
def test_a_post_that_is_not_shown_is_asked_for_by_itself(error: str, message: str, known: bool) -> None:  # noqa: FBT001  # a column
    """It is gone if the record or its account is; 25 are asked for at once."""
    some = posts(30)

    def answer(request: Recorded) -> Reply:
        if request.path == bluesky.LOGIN:
            return bluesky.session()
        if request.path.endswith("getPosts"):
            return Reply.of(
                {
                    "posts": [
                        bluesky.view(post)
                        for post in some
                        if quote(bluesky.uri(post), safe="") in f"{request.target}&".replace("&", ",")
                    ]
                }
            )
        return bluesky.problem(400, error, message)

    with Server(answer=answer) as server:
        said = bluesky_at(server.url).gone(
            [bluesky.uri(post) for post in some] + ["at://did:plc:gone/app.bsky.feed.post/1"]
        )
        pages = [request for request in server.requests if request.path.endswith("getPosts")]
    assert len(pages) == 2
    assert (len(said.ids), said.unanswered) == ((1, 0) if known else (0, 1))


def test_who_has_no_account_cannot_ask() -> None:
    """The stream alone does not let one look posts up, and the hint says what does."""
    with pytest.raises(SourceRefused, match="accounts") as raised:
        bluesky_at("http://127.0.0.1:9", handle="", stream=True).gone(["at://x"])
    assert "app_password" in raised.value.hint


def test_deleted_and_removed_posts_of_reddit() -> None:
    """Stubs are gone, a name that does not come back is not; 100 are asked for at once."""
    some = posts(130)
    stubs = [{"author": "[deleted]"}, {"selftext": "[removed]"}, {"removed_by_category": "moderator"}, {}]

    def info(request: Recorded, _number: int) -> Reply | None:
        if request.path != "/api/info":
            return None
        names = request.query["id"].split(",")
        assert len(names) <= 100
        shown = [post for post in some[:-1] if reddit.name_of(post) in names]
        fields = [stubs[post.number - 1] if post.number <= len(stubs) else {} for post in shown]
        children = [reddit.link(post, **more) for post, more in zip(shown, fields, strict=True)]
        return Reply.of({"kind": "Listing", "data": {"after": None, "children": children}})

    site = Service("reddit", reddit.by_api(), some)
    site.instead = info
    with site.server() as server:
        source = site.source(server)
        assert isinstance(source, Deletions)
        said = source.gone([*map(reddit.name_of, some), "../admin"])
    assert said.ids == {reddit.name_of(post) for post in some[:3]}
    assert said.unanswered == 2


def test_feeds_of_reddit_do_not_tell() -> None:
    """Without keys nobody knows, and the hint says so."""
    site = Service("reddit", reddit.by_feed(), [])
    with site.server() as server, pytest.raises(SourceRefused, match="do not tell"):
        site.source(server).gone(["t3_1"])  # type: ignore[attr-defined]
