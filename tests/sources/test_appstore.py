"""What is special about the App Store: two ways to ask, several countries, late reviews, and a feed that is moody."""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.errors import SourceDown, SourceRefused
from gate.model import Request
from gate.ports import Secret, SourceContext
from gate.sources.appstore import Options, Source
from tests.replies.appstore import APP, PEM, connect, entry, feed, official, public, token_of
from tests.servers.http_server import Recorded, Reply, Server
from tests.sources.conformance import NOW, SINCE, UNTIL, Post, posts
from tests.support import ManualClock

if TYPE_CHECKING:
    from gate.model import Fetch

HOUR = timedelta(hours=1)
VALUES = {"${APPLE_KEY}": PEM, "${APPLE_KEY_ID}": "K2ID", "${APPLE_ISSUER}": "57246542-96fe-1a63-e053-0824d011072a"}


def source_at(url: str, options: Options | None = None, clock: ManualClock | None = None, **changes: Any) -> Source:  # noqa: ANN401
    """Build a source for the public feed, unless told otherwise."""
    context = SourceContext("appstore", "#brimly", Path(), "", VALUES.__getitem__, clock or ManualClock(NOW))
    return Source(options or Options(app=APP, base_url=url), replace(context, **changes))


def ask(source: Source, cursor: str | None = None, *, timeout: timedelta = timedelta(seconds=8)) -> Fetch:
    """Poll once."""
    return source.fetch(Request(SINCE, UNTIL, cursor, timeout))


def test_a_review_is_whole() -> None:
    """A review of the public feed keeps its stars, version, country, author and address."""
    with Server(feed([entry(Post(1, SINCE, "It crashes.", "77"), rating=1)], last=1), feed([], last=1)) as server:
        (mention,) = ask(source_at(server.url)).mentions
    assert mention.text == "Review\nIt crashes."
    assert (mention.id, mention.rating, mention.version, mention.author) == ("9000000001", 1.0, "4.2.1", "id77")
    assert mention.labels == {"country": "us"}
    assert mention.url == f"https://itunes.apple.com/us/review?id={APP}"


def test_the_app_itself_is_no_review() -> None:
    """An entry that describes the app, as old feeds begin with, is no mention and no damage."""
    itself = {"im:name": {"label": "Brimly"}, "id": {"label": "https://apps.apple.com/us/app/id123456789"}}
    with Server(feed([itself, entry(Post(1, SINCE, "fine"))], last=1), feed([], last=1)) as server:
        fetch = ask(source_at(server.url))
    assert [mention.id for mention in fetch.mentions] == ["9000000001"]
    assert fetch.unreadable == ()


def test_a_review_without_a_date_is_told() -> None:
    """The feed has left dates out for years at a time: without one a review is unreadable, and counted as that."""
    undated = {name: value for name, value in entry(Post(1, SINCE, "fine")).items() if name != "updated"}
    with Server(feed([undated], last=1), feed([], last=1)) as server:
        fetch = ask(source_at(server.url))
    assert (fetch.mentions, len(fetch.unreadable)) == ((), 1)
    assert "when it was written" in fetch.unreadable[0].why


def test_more_than_the_feed_shows_is_lost_and_told() -> None:
    """After ten pages the feed ends: if they do not reach back far enough, that is said."""
    many = posts(30)

    def answer(request: Recorded) -> Reply:
        return public(request, many, 3) if "page=" in request.path else Reply(404)

    with Server(answer=answer) as server:
        fetch = ask(source_at(server.url))
        pages = len(server.requests)
    assert pages == 10
    assert fetch.complete, "thirty reviews fill ten pages exactly back to the start of the period"
    with Server(
        answer=lambda request: public(request, many[5:], 2) if "page=" in request.path else Reply(404)
    ) as server:
        fetch = ask(source_at(server.url))
    assert not fetch.complete
    assert "newest 500 reviews only" in fetch.reason


def test_an_empty_page_is_not_believed() -> None:
    """A page that is empty although the feed counts more pages is an outage, not silence."""
    first = feed([entry(post) for post in posts(3)], last=3)
    with Server(first, feed([], last=3)) as server:
        fetch = ask(source_at(server.url))
    assert (len(fetch.mentions), fetch.complete) == (3, False)
    assert "empty although it holds reviews" in fetch.reason
    with Server(feed([], last=4)) as server, pytest.raises(SourceDown, match="page 1 of us empty"):
        ask(source_at(server.url))


def test_reviews_do_not_vanish() -> None:
    """A country whose feed held reviews and is empty at the next poll is an outage, whatever the feed counts."""
    held = [feed([entry(Post(1, SINCE, "fine"))], last=1), feed([], last=1)]
    with Server(*held) as server:
        source = source_at(server.url)
        first = ask(source)
        with pytest.raises(SourceDown, match="although it holds reviews"):
            ask(source, first.cursor)


def test_a_late_review_is_heard() -> None:
    """A review shown hours after its time still comes, once, though newer ones came long before it."""
    clock = ManualClock(NOW)
    shown = [Post(1, SINCE + timedelta(minutes=20), "post 1")]
    with Server(answer=lambda request: public(request, shown, 50)) as server:
        source = source_at(server.url, clock=clock)
        first = ask(source)
        clock.wait(timedelta(hours=5))
        shown.append(Post(2, SINCE + timedelta(minutes=1), "post 2"))
        second = ask(source, first.cursor)
        third = ask(source, second.cursor)
    texts = [[mention.text for mention in fetch.mentions] for fetch in (first, second, third)]
    assert texts == [["Review\npost 1"], ["Review\npost 2"], []]


def answer_by_country(broken: str, reply: Reply) -> Server:
    """Serve two countries, one of which fails."""

    def answer(request: Recorded) -> Reply:
        country = request.path.split("/")[1]
        number = {"us": 1, "gb": 101, "de": 201}[country]
        return reply if country == broken else public(request, [Post(number, SINCE, f"post {number}")], 3)

    return Server(answer=answer)


def test_countries_come_together() -> None:
    """Each country has a feed of its own; their reviews come in one fetch, with the requests of all."""
    with answer_by_country("", Reply()) as server:
        source = source_at(server.url, Options(app=APP, base_url=server.url, countries=("us", "gb", "de")))
        fetch = ask(source)
        again = ask(source, fetch.cursor)
        asked = len(server.requests)
    assert sorted(mention.labels["country"] for mention in fetch.mentions) == ["de", "gb", "us"]
    assert fetch.complete
    assert again.mentions == ()
    assert fetch.cost.requests + again.cost.requests == asked


def test_one_country_that_fails_leaves_the_others() -> None:
    """A country that fails is named, and makes the fetch partial; the next poll goes on with it."""
    with answer_by_country("gb", Reply(404)) as server:
        source = source_at(server.url, Options(app=APP, base_url=server.url, countries=("us", "gb")))
        fetch = ask(source)
    assert [mention.labels["country"] for mention in fetch.mentions] == ["us"]
    assert (fetch.complete, fetch.permanent) == (False, False)
    assert fetch.reason.startswith("gb: ")


def test_the_token_is_as_apple_wants_it() -> None:
    """A team's key names its issuer, a person's key says so; twenty minutes, for App Store Connect alone."""
    with Server(answer=lambda request: connect(request, [], 3)) as server:
        issuer = Secret("${APPLE_ISSUER}")
        ask(source_at(server.url, official(server.url, issuer=issuer)))
        ask(source_at(server.url, official(server.url)))
        team, person = map(token_of, server.requests)
    start = int(NOW.timestamp())
    claims = {"iat": start, "exp": start + 20 * 60, "aud": "appstoreconnect-v1"}
    assert team == claims | {"iss": VALUES["${APPLE_ISSUER}"]}
    assert person == claims | {"sub": "user"}


def test_a_token_is_renewed_before_it_ends() -> None:
    """One token serves many polls; two minutes before its end there is a new one."""
    clock = ManualClock(NOW)
    with Server(answer=lambda request: connect(request, [], 3)) as server:
        source = source_at(server.url, official(server.url), clock)
        for minutes in (0, 10, 7, 2):
            clock.wait(timedelta(minutes=minutes))
            ask(source)
        ends = [token_of(request)["exp"] - int(NOW.timestamp()) for request in server.requests]
    assert ends == [1200, 1200, 1200, 1200 + 19 * 60]


def test_connect_is_asked_for_what_is_wanted() -> None:
    """Newest first, two hundred a page, some countries; and a page's own address leads to the next one."""
    with Server(answer=lambda request: connect(request, posts(5), 3)) as server:
        fetch = ask(source_at(server.url, official(server.url, countries=("USA", "GBR"))))
        first, second = server.requests
    assert first.path == f"/v1/apps/{APP}/customerReviews"
    assert first.query == {"sort": "-createdDate", "limit": "200", "filter[territory]": "USA,GBR"}
    assert second.query["cursor"] == "3"
    assert [mention.labels["country"] for mention in fetch.mentions] == ["USA"] * 5
    assert {mention.rating for mention in fetch.mentions} == {4.0}


@pytest.mark.parametrize("key", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nrubbish\n-----END PRIVATE KEY-----"])
def test_a_key_that_is_none_is_refused_without_quoting_it(key: str) -> None:
    """Before any request, with the name of the secret and not a word of what it holds."""
    with Server(Reply()) as server:
        source = source_at(server.url, official(server.url), secret=lambda _reference: key)
        with pytest.raises(SourceRefused) as caught:
            ask(source)
    assert "${APPLE_KEY" in caught.value.message
    assert "rubbish" not in "".join(traceback.format_exception(caught.value))
    assert server.requests == []


def test_a_key_with_written_line_breaks_is_understood() -> None:
    """Many secret stores turn a line break into a backslash and an n."""
    with Server(answer=lambda request: connect(request, [], 3)) as server:
        flat = {**VALUES, "${APPLE_KEY}": PEM.replace("\n", "\\n")}
        ask(source_at(server.url, official(server.url), secret=flat.__getitem__))
        assert token_of(server.requests[0])["sub"] == "user"


@pytest.mark.parametrize(("window", "warned"), [(timedelta(minutes=45), True), (timedelta(days=2), False)])
def test_doctor_warns_of_a_short_window(window: timedelta, *, warned: bool) -> None:
    """Reviews come hours to days late: a window of minutes hears none, and ``gate doctor`` says so."""
    with Server(feed([entry(Post(1, NOW - 9 * HOUR, "fine"))], last=1)) as server:
        checks = source_at(server.url, window=window).check()
    assert "9.0 hours ago" in checks[0].detail
    assert [check.what for check in checks if not check.ok] == (["window"] if warned else [])
    assert not warned or checks[-1].detail.startswith("the window is 45m, and most reviews")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"app": "com.example.app"}, "app must be"),
        ({"countries": ("USA",)}, "for the public feed, e.g. us"),
        ({"countries": ("us", "us")}, "one twice"),
        ({"countries": ("us",), "private_key": "${K}", "key_id": "${I}"}, "with a key, e.g. USA"),
        ({"private_key": "${K}"}, "key_id is missing"),
        ({"issuer": "${I}"}, "private_key is missing"),
        ({"late": -HOUR}, "late and lag"),
        ({"max_pages": 0}, "max_pages"),
        ({"base_url": "http://example.com"}, "base_url must use https"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    """Each names the option and the way out."""
    with pytest.raises(ValueError, match=said):
        Options(**{"app": APP, **options})


@pytest.mark.parametrize("cursor", ["{", "[]", '{"us": 1}'])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    """A stored place that cannot be read is no reason to start again in silence."""
    with Server(Reply()) as server, pytest.raises(SourceRefused, match="stored place"):
        ask(source_at(server.url), cursor)
