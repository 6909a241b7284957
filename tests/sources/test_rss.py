"""Feeds in the wild: what they leave out, what they lose, and what is no feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gate.errors import SourceDown
from gate.model import Fetch, Request
from gate.ports import SourceContext
from gate.sources.rss import Options, Source
from tests.servers.http_server import Recorded, Reply, Server
from tests.support import ManualClock

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=30)
WRITTEN = "<pubDate>Tue, 10 Mar 2026 14:10:00 GMT</pubDate>"
OLD = "<item><guid>old</guid><title>Old</title><pubDate>Mon, 09 Mar 2026 10:00:00 GMT</pubDate></item>"


def feed(*items: str) -> Reply:
    """Answer with a feed of these items."""
    return Reply(200, f'<rss version="2.0"><channel><title>T</title>{"".join(items)}</channel></rss>'.encode())


def source_at(server: Server, path: str = "/feed", **options: Any) -> Source:  # noqa: ANN401  # handed on
    """Build a source that reads from the server."""
    context = SourceContext("rss", "#brimly 2", Path(), "", lambda _reference: "", ManualClock(NOW))
    return Source(Options(url=f"{server.url}{path}", **options), context)


def ask(source: Source, cursor: str | None = None) -> Fetch:
    """Poll once."""
    return source.fetch(Request(SINCE, NOW, cursor, timedelta(seconds=8)))


@pytest.mark.parametrize(
    ("item", "read", "text"),
    [
        (f"<guid>1</guid><title>It is slow</title><description>&lt;p&gt;Since noon&lt;/p&gt;</description>{WRITTEN}", "both",
         "It is slow\nSince noon"),
        (f"<guid>1</guid><title>It is …</title><description>It is slow since noon</description>{WRITTEN}", "both",
         "It is slow since noon"),
        (f"<guid>1</guid><title>A &amp;amp; B</title><description>body</description>{WRITTEN}", "title", "A & B"),
        (f"<guid>1</guid><title>A</title><description>body</description>{WRITTEN}", "body", "body"),
        (f"<link>https://x.example/1</link><title>only a title</title>{WRITTEN}", "both", "only a title"),
    ],
    ids=["both", "repeated", "title", "body", "bare"],
)  # fmt: skip
def test_what_is_read_of_an_entry(item: str, read: Any, text: str) -> None:  # noqa: ANN401  # a literal
    """Title and body are put together, but what a site repeats is read once."""
    with Server(feed(f"<item>{item}</item>", OLD)) as server:
        (mention,) = ask(source_at(server, read=read)).mentions
    assert mention.text == text


def test_an_entry_without_a_time_is_told() -> None:
    """An entry that does not say when it was written cannot be placed: it is unreadable, and counted."""
    with Server(feed("<item><guid>1</guid><title>when?</title></item>", OLD)) as server:
        fetch = ask(source_at(server))
    assert [each.why for each in fetch.unreadable] == ["it does not say when it was written"]
    assert fetch.mentions == ()


def test_a_feed_that_does_not_reach_back_lost_something() -> None:
    """A feed whose oldest entry is younger than the period may have dropped others: the fetch is not complete."""
    young = f"<item><guid>1</guid><title>young</title>{WRITTEN}</item>"
    with Server(feed(young)) as server:
        fetch = ask(source_at(server))
    assert len(fetch.mentions) == 1
    assert not fetch.complete
    assert "its newest 1 entries only; they go back to 2026-03-10 14:10 UTC" in fetch.reason


def test_nothing_is_sent_while_nothing_changed() -> None:
    """The second poll sends the mark of the first, and a 304 is no empty feed."""

    def answer(request: Recorded) -> Reply:
        if request.headers.get("if-none-match") == '"7"':
            return Reply(304)
        reply = feed(f"<item><guid>1</guid><title>one</title>{WRITTEN}</item>", OLD)
        return Reply(200, reply.body, {"etag": '"7"'})

    with Server(answer=answer) as server:
        source = source_at(server)
        first = ask(source)
        second = ask(source, first.cursor)
        anew = ask(source)
    assert [len(fetch.mentions) for fetch in (first, second, anew)] == [1, 0, 1]
    assert all(fetch.complete for fetch in (first, second, anew))


def test_the_release_stands_in_the_address() -> None:
    """A search that a site offers as a feed is asked for the release."""
    with Server(feed(OLD)) as server:
        ask(source_at(server, "/search.rss?q={release}&sort=new"))
    assert server.requests[0].target == "/search.rss?q=%23brimly%202&sort=new"


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Sign in</body></html>",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (98 + n, *[97 + n] * 8) for n in range(12))
        + b"]><rss><channel><title>&m;</title>",
        b'<rss version="2.0"><channel><item><title>half',
        b"\x00" * 100,
    ],
    ids=["login", "bomb", "half", "zeros"],
)
def test_what_is_no_feed_is_an_outage(body: bytes) -> None:
    """A login page, a bomb of entities, half a feed or rubbish is down, not silence."""
    with Server(Reply(200, body)) as server, pytest.raises(SourceDown):
        ask(source_at(server))


def test_external_entities_are_not_read(tmp_path: Path) -> None:
    """A feed cannot make us read a file of this machine."""
    secret = tmp_path / "secret.txt"
    secret.write_text("invented-secret", encoding="utf-8")
    head = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file://{secret}">]>'
    items = f"<item><guid>1</guid><title>&x;</title>{WRITTEN}</item>{OLD}"
    body = f'{head}<rss version="2.0"><channel><title>&x;</title>{items}</channel></rss>'
    with Server(Reply(200, body.encode())) as server:
        assert "invented-secret" not in repr(ask(source_at(server)))


@pytest.mark.parametrize("url", ["http://feeds.example/", "feeds.example", "https://somebody:pass@feeds.example/"])
def test_addresses_that_cannot_be(url: str) -> None:
    """An address without TLS, or none at all, is refused when the policy is read."""
    with pytest.raises(ValueError, match="url must"):
        Options(url=url)


def test_a_feed_that_takes_too_long_to_read_is_left() -> None:
    """Reading XML cannot be interrupted, so a feed of several megabytes is left before that begins."""
    entry = "<item><guid>1</guid><title>t</title><pubDate>Tue, 10 Mar 2026 14:00:00 GMT</pubDate></item>"
    with (
        Server(feed(entry * (3 * 1024 * 1024 // len(entry)))) as server,
        pytest.raises(SourceDown, match="larger than"),
    ):
        ask(source_at(server))
