"""What is special about Google Play: signing in, one week of reviews, and what a review holds."""

from __future__ import annotations

import json
import traceback
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.errors import SourceDown, SourceRefused
from gate.model import Request
from gate.ports import SourceContext
from gate.sources.googleplay import Options, Source
from gate.sources.googleplay.account import SCOPE
from tests.replies.googleplay import ACCESS, ACCOUNT, PACKAGE, REVIEWS, SECRET, answer, claims_of, review
from tests.servers.http_server import Recorded, Reply, Server
from tests.sources.conformance import NOW, SINCE, UNTIL, Post
from tests.support import ManualClock

if TYPE_CHECKING:
    from datetime import datetime

    from gate.model import Fetch

DAY = timedelta(days=1)


def source_at(server: Server, clock: ManualClock | None = None, secret: str = SECRET, **changes: Any) -> Source:  # noqa: ANN401
    """Build a source that signs in at the server and asks it."""
    context = SourceContext("googleplay", "#brimly", Path(), "", lambda _: secret, clock or ManualClock(NOW))
    options = Options(package=PACKAGE, base_url=server.url, token_url=f"{server.url}/token")
    return Source(options, replace(context, **changes))


def ask(source: Source, cursor: str | None = None, since: datetime = SINCE, until: datetime = UNTIL) -> Fetch:
    """Poll once."""
    return source.fetch(Request(since, until, cursor, timedelta(seconds=8)))


def google(*posts: Post) -> Server:
    """Serve these reviews."""
    return Server(answer=lambda request: answer(request, posts, 50))


def reviews(*found: dict[str, Any]) -> Server:
    """Serve exactly these reviews."""

    def reply(request: Recorded) -> Reply:
        return answer(request, (), 1) if request.path == "/token" else Reply.of({"reviews": found})

    return Server(answer=reply)


def test_a_review_is_whole() -> None:
    """Stars, version, device and the user's own words; the developer's answer is left out."""
    with google(Post(1, SINCE, "It crashes.", "Ann Invented")) as server:
        (mention,) = ask(source_at(server)).mentions
    assert (mention.text, mention.rating, mention.version) == ("It crashes.", 2.0, "4.2.1")
    assert (mention.author, mention.likes, mention.lang) == ("Ann Invented", 3, "")
    assert mention.created_at == SINCE + timedelta(milliseconds=713)
    assert mention.labels == {
        "device": "klte (Invented S)",
        "manufacturer": "Invented",
        "device_class": "phone",
        "android": "34",
        "language": "en",
    }


def test_title_and_original() -> None:
    """A title stands on a line of its own, and a translated review is read as it was written."""
    titled = review(Post(1, SINCE, ""), text="Bad\tIt crashes.")
    translated = review(Post(2, SINCE, ""), text="It crashes.", originalText="Es stürzt ab.")
    with reviews(titled, translated) as server:
        texts = [mention.text for mention in ask(source_at(server)).mentions]
    assert texts == ["Bad\nIt crashes.", "Es stürzt ab."]


def test_little_is_enough() -> None:
    """Version, device, language and author may be absent."""
    bare = {"text": "fine", "lastModified": {"seconds": str(int(SINCE.timestamp()))}, "starRating": 5}
    with reviews({"reviewId": "gp:1", "comments": [{"userComment": bare}]}) as server:
        (mention,) = ask(source_at(server)).mentions
    assert (mention.text, mention.version, mention.labels) == ("fine", "", {})


def test_an_edited_review_is_counted_once() -> None:
    """A review changed after it was delivered is not delivered again: evidence is never rewritten."""
    posts = [Post(1, SINCE, "good")]
    with Server(answer=lambda request: answer(request, posts, 50)) as server:
        source = source_at(server)
        first = ask(source)
        posts[0] = Post(1, UNTIL - timedelta(minutes=1), "bad")
        second = ask(source, first.cursor)
    assert [mention.text for mention in first.mentions] == ["good"]
    assert second.mentions == ()


def test_signing_in() -> None:
    """The token asked with is for this account, this API and this service; the key file's own address is not used."""
    with google() as server:
        ask(source_at(server))
        claims, page = claims_of(server.requests[0]), server.requests[1]
        start = int(NOW.timestamp())
        assert claims == {
            "iss": ACCOUNT["client_email"],
            "scope": SCOPE,
            "aud": f"{server.url}/token",
            "iat": start,
            "exp": start + 3600,
        }
    assert (page.path, page.query["maxResults"]) == (REVIEWS, "100")
    assert page.headers["authorization"] == f"Bearer {ACCESS}"


def test_one_token_serves_for_an_hour() -> None:
    """Signing in again happens shortly before the token ends, not with every poll."""
    clock = ManualClock(NOW)
    with google() as server:
        source = source_at(server, clock)
        for minutes in (0, 20, 30, 10):
            clock.wait(timedelta(minutes=minutes))
            ask(source)
        paths = [request.path for request in server.requests]
    assert paths == ["/token", REVIEWS, REVIEWS, REVIEWS, "/token", REVIEWS]


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (Reply.of({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400), "Invalid JWT"),
        (Reply.of({"error": "unauthorized_client"}, 401), "does not accept the key"),
    ],
)
def test_a_key_google_does_not_take_is_refused(token: Reply, said: str) -> None:
    """Google's own words, the name of the secret, and no request for reviews."""
    with Server(token) as server:
        with pytest.raises(SourceRefused, match=said) as caught:
            ask(source_at(server))
        assert len(server.requests) == 1
    assert "${GOOGLE_PLAY_KEY}" in caught.value.hint


def test_a_reply_without_a_token_is_an_outage() -> None:
    """A token service that answers something else is down, not wrong about us."""
    with Server(Reply.of({"token_type": "Bearer"})) as server, pytest.raises(SourceDown, match="without a token"):
        ask(source_at(server))


@pytest.mark.parametrize(
    "secret",
    ["", "rubbish", "[]", "{}", json.dumps(ACCOUNT | {"private_key": 5}), json.dumps(ACCOUNT | {"private_key": "rubbish"})],
)  # fmt: skip
def test_a_key_file_that_is_none_is_refused_without_quoting_it(secret: str) -> None:
    """Before any request, with the name of the secret and not a word of what it holds."""
    with google() as server:
        with pytest.raises(SourceRefused, match="GOOGLE_PLAY_KEY") as caught:
            ask(source_at(server, secret=secret))
        assert server.requests == []
    assert "rubbish" not in "".join(traceback.format_exception(caught.value))


def test_more_than_a_week_back_is_told() -> None:
    """Google lists one week: a baseline of two is partial for good, with what there is."""
    with google(Post(1, NOW - 3 * DAY, "fine")) as server:
        source = source_at(server)
        fetch = ask(source, since=NOW - 14 * DAY)
        again = ask(source, fetch.cursor, since=NOW - 14 * DAY)
        week = ask(source, since=NOW - 7 * DAY)
    assert len(fetch.mentions) == 1
    assert (fetch.complete, fetch.permanent) == (False, True)
    assert "the last week only, back to 2026-03-03 14:30 UTC" in fetch.reason
    assert not again.complete, "what is lost stays lost"
    assert week.complete


def test_a_long_window_is_heard_to_its_end() -> None:
    """A window of two weeks that is read as it goes misses nothing, though its start is long out of Google's list."""
    clock = ManualClock(NOW)
    with google() as server:
        source = source_at(server, clock)
        cursor = None
        for _day in range(10):
            fetch = ask(source, cursor, since=NOW - DAY, until=NOW + 14 * DAY)
            cursor = fetch.cursor
            assert fetch.complete
            clock.wait(DAY)


@pytest.mark.parametrize(("window", "warned"), [(timedelta(minutes=45), True), (DAY, False)])
def test_doctor(window: timedelta, *, warned: bool) -> None:
    """One review is asked for; a window of minutes is warned of."""
    with google(Post(1, NOW - timedelta(hours=2), "fine")) as server:
        checks = source_at(server, window=window).check()
        assert server.requests[-1].query["maxResults"] == "1"
    assert "2.0 hours ago" in checks[0].detail
    assert [check.what for check in checks if not check.ok] == (["window"] if warned else [])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"package": "Brimly"}, "package must be"),
        ({"package": "com.example/../x"}, "package must be"),
        ({"late": -DAY}, "late and lag"),
        ({"max_pages": 0}, "max_pages"),
        ({"base_url": "http://example.com"}, "base_url must use https"),
        ({"token_url": "http://example.com"}, "token_url must use https"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    """Each names the option and the way out."""
    with pytest.raises(ValueError, match=said):
        Options(**{"package": PACKAGE, **options})
