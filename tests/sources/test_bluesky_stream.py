"""Source ``bluesky`` on the network's stream: nothing lost, nothing twice, and gaps told."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from websockets.server import ServerProtocol

from gate.errors import Cancelled, SourceDown, SourceRefused
from gate.http import interrupt, resume
from gate.model import Request
from gate.ports import SourceContext
from gate.sources.bluesky import Options, Source
from gate.sources.bluesky.buffer import Buffer
from gate.sources.bluesky.jetstream import REWIND, Reader, microseconds
from gate.sources.bluesky.matching import Query
from tests.servers.jetstream import Jetstream
from tests.servers.running import free_port
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.model import Fetch

SECOND = timedelta(seconds=1)
PATIENT = timedelta(seconds=20)


class Listening:
    """A source on a stream, with a clock that the test sets."""

    def __init__(self, server: Jetstream, **options: Any) -> None:  # noqa: ANN401  # any option
        """Start at the deploy."""
        self.clock = ManualClock(DEPLOY)
        self._options = Options(**{"stream": True, "jetstream": server.url, **options})
        self.source = self.new_source()

    def new_source(self) -> Source:
        """Return a source as a new process has it."""
        return Source(self._options, SourceContext("bluesky", "#brimly", Path(), "", _secret, self.clock))

    def poll(self, cursor: str | None = None, *, seconds: int, timeout: timedelta = PATIENT) -> Fetch:
        """Poll so many seconds after the deploy."""
        self.clock.time = DEPLOY + seconds * SECOND
        return self.source.fetch(Request(DEPLOY, self.clock.time, cursor, timeout))


def _secret(reference: str) -> str:
    message = f"{reference} is not set"
    raise SourceRefused(message)


@pytest.fixture
def server() -> Iterator[Jetstream]:
    """Serve a stream."""
    with Jetstream() as running:
        yield running


@pytest.fixture
def listening(server: Jetstream) -> Iterator[Listening]:
    """Listen to it."""
    made = Listening(server)
    yield made
    made.source.close()


def texts(fetch: Fetch) -> list[str]:
    """Return what was said."""
    return [mention.text for mention in fetch.mentions]


def test_what_is_meant_comes_once(server: Jetstream, listening: Listening) -> None:
    """Of all posts of the network those of the period with the hashtag come, oldest first, and never again."""
    server.post(1, "before #brimly", DEPLOY - SECOND)
    server.post(3, "ünïcode 🎉 #Brimly", DEPLOY + 2 * SECOND)
    server.post(2, "first #brimly", DEPLOY, seen=DEPLOY + 3 * SECOND)
    server.post(4, "brimly without the sign", DEPLOY + 3 * SECOND)
    server.post(5, "longer #brimlyness", DEPLOY + 3 * SECOND)
    fetch = listening.poll(seconds=5)
    assert texts(fetch) == ["first #brimly", "ünïcode 🎉 #Brimly"]
    assert (fetch.complete, fetch.reason) == (True, "")
    server.post(6, "later #brimly", DEPLOY + 8 * SECOND)
    later = listening.poll(fetch.cursor, seconds=10)
    again = listening.poll(later.cursor, seconds=12)
    assert (texts(later), texts(again)) == (["later #brimly"], [])
    assert len(server.asked) == 1
    assert server.asked[0]["wantedCollections"] == ["app.bsky.feed.post"]


def test_a_mention_of_the_stream(server: Jetstream, listening: Listening) -> None:
    """A mention has the post's address, author, language and thread; its time is never later than it was seen."""
    root = {"uri": "at://did:plc:other/app.bsky.feed.post/3root", "cid": "bafy"}
    uri = server.post(
        1, "broken #brimly", DEPLOY + 90 * SECOND, seen=DEPLOY + SECOND, langs=["pt-BR"], reply={"root": root, "parent": root}
    )  # fmt: skip
    (mention,) = listening.poll(seconds=3).mentions
    assert (mention.id, mention.author, mention.lang) == (uri, "did:plc:invented1", "pt")
    assert mention.created_at == DEPLOY + SECOND
    assert (mention.conversation, mention.labels) == (root["uri"], {"kind": "reply"})
    assert mention.url == "https://bsky.app/profile/did:plc:invented1/post/3k1"
    assert mention.source == "bluesky"


def test_a_broken_connection_is_entered_again(server: Jetstream, listening: Listening) -> None:
    """After a drop the stream is entered a little before the last event: what came meanwhile comes, nothing twice."""
    server.post(1, "one #brimly", DEPLOY + SECOND)
    first = listening.poll(seconds=2)
    server.drop()
    server.post(2, "two #brimly", DEPLOY + 3 * SECOND)
    came, cursor = texts(first), first.cursor
    while True:
        try:
            fetch = listening.poll(cursor, seconds=5)
        except SourceDown:  # the new connection does not stand yet
            threading.Event().wait(0.05)
            continue
        came, cursor = came + texts(fetch), fetch.cursor
        if len(server.asked) > 1 and fetch.complete:
            break
    assert came == ["one #brimly", "two #brimly"]
    assert int(server.asked[1]["cursor"][0]) == microseconds(DEPLOY + SECOND - REWIND)


def test_another_process_goes_on(server: Jetstream, listening: Listening) -> None:
    """Another process goes on from the cursor: nothing twice, and what was here already but not asked for comes."""
    server.post(1, "one #brimly", DEPLOY + SECOND)
    server.post(2, "ahead #brimly", DEPLOY + 4 * SECOND)
    first = listening.poll(seconds=3)
    listening.source.close()
    server.post(3, "two #brimly", DEPLOY + 5 * SECOND)
    listening.source = listening.new_source()
    second = listening.poll(first.cursor, seconds=9)
    assert (texts(first), texts(second)) == (["one #brimly"], ["ahead #brimly", "two #brimly"])
    assert second.complete


def test_the_server_is_restarted(server: Jetstream) -> None:
    """While the server is away the source says so; when it is back, what was written meanwhile comes, once."""
    listening = Listening(server)
    server.post(1, "one #brimly", DEPLOY + SECOND)
    first = listening.poll(seconds=2)
    port = server.port
    server.__exit__()
    listening.source.close()
    listening.source = listening.new_source()
    with pytest.raises(SourceDown, match=r"no stream from 127\.0\.0\.1"):
        listening.poll(first.cursor, seconds=4)
    with Jetstream(port) as back:
        back.copy_past(server)
        back.post(2, "two #brimly", DEPLOY + 3 * SECOND)
        listening.source.close()
        listening.source = listening.new_source()
        second = listening.poll(first.cursor, seconds=6)
        listening.source.close()
    assert (texts(second), second.complete) == (["two #brimly"], True)


def test_deletions(server: Jetstream, listening: Listening) -> None:
    """A post deleted before it was delivered never comes; of one deleted later the next poll tells the id."""
    gone = server.post(1, "oops #brimly", DEPLOY + SECOND)
    server.delete(gone, DEPLOY + 2 * SECOND)
    kept = [server.post(number, f"{number} #brimly", DEPLOY + 2 * SECOND) for number in (2, 3)]
    first = listening.poll(seconds=3)
    server.delete(kept[0], DEPLOY + 4 * SECOND)
    server.delete("at://did:plc:other/app.bsky.feed.post/3other", DEPLOY + 4 * SECOND)
    account = {"did": "did:plc:invented3", "active": False, "status": "deleted"}
    server.add({"did": "did:plc:invented3", "kind": "account", "account": account}, DEPLOY + 5 * SECOND)
    second = listening.poll(first.cursor, seconds=7)
    assert (texts(first), first.deleted) == (["2 #brimly", "3 #brimly"], ())
    assert (second.mentions, second.deleted) == ((), tuple(kept))


def test_more_than_it_can_hold(server: Jetstream) -> None:
    """A full buffer leaves the stream and says so; with room it goes on where it was, and each post comes once."""
    for number in range(40):
        server.post(number, f"{number} #brimly", DEPLOY + number * SECOND)
    clock = ManualClock(DEPLOY + 45 * SECOND)
    buffer = Buffer(Query("#brimly").matches, microseconds(DEPLOY), most=15)
    reader = Reader(server.url, buffer, clock)
    came, problems = [], []
    while True:
        problems.append(reader.settle(20))
        came += [mention.text for mention in buffer.take(clock.time).mentions]
        if not problems[-1]:
            break
    reader.close()
    assert came == [f"{number} #brimly" for number in range(40)]
    assert "more was written than one poll can take" in problems[0]


def test_a_past_that_does_not_end(server: Jetstream, listening: Listening) -> None:
    """A poll is back within its time although the stream is still played from the past, and says how far it came."""
    server.post(1, "one #brimly", DEPLOY + SECOND)
    server.endless = True
    fetch = listening.poll(seconds=600, timeout=SECOND / 2)
    assert texts(fetch) == ["one #brimly"]
    assert not fetch.complete
    assert "still played from the past; it has come to 2026-03-10 14:00:01 UTC" in fetch.reason


def test_told_to_stop(server: Jetstream, listening: Listening) -> None:
    """A poll that waits for the stream in another thread lets go at once when the process is told to stop."""
    server.post(1, "one #brimly", DEPLOY + SECOND)
    server.endless = True
    raised: list[int] = []

    def poll() -> None:
        try:
            listening.poll(seconds=600, timeout=timedelta(hours=1))
        except Cancelled as stop:
            raised.append(stop.signal_number)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        while not server.asked:
            threading.Event().wait(0.01)
        interrupt(15)
        thread.join(5)
    finally:
        resume()
    assert raised == [15]


def test_closing_ends_the_thread(server: Jetstream, listening: Listening) -> None:
    """Once closed, nothing reads any more, although the stream goes on."""
    server.endless = True
    server.post(1, "one #brimly", DEPLOY + SECOND)
    listening.poll(seconds=600, timeout=SECOND / 2)
    listening.source.close()
    assert "jetstream" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("status", [401, 404])
def test_no_such_stream(server: Jetstream, listening: Listening, status: int) -> None:
    """Where there is no stream polling again cannot help, and the hint names the option."""
    server.refusal = status
    with pytest.raises(SourceRefused, match=f"does not give the stream .{status}.") as refused:
        listening.poll(seconds=1)
    assert "jetstream" in refused.value.hint


def test_a_server_that_is_not_well(server: Jetstream, listening: Listening) -> None:
    """What may pass does not end the run."""
    server.refusal = 503
    with pytest.raises(SourceDown, match="status 503"):
        listening.poll(seconds=1)


def test_nobody_listens() -> None:
    """No server at all is a source that is down, told by its address."""
    with Jetstream() as server:
        listening = Listening(server, jetstream=f"ws://127.0.0.1:{free_port()}/subscribe")
        with pytest.raises(SourceDown, match=r"127\.0\.0\.1"):
            listening.poll(seconds=1)
        assert [check.ok for check in listening.source.check()] == [False]
        listening.source.close()


def test_a_server_that_falls_silent() -> None:
    """A connection that stands but answers nothing is not taken for nobody having written."""
    with silent() as url, Jetstream() as server:
        listening = Listening(server, jetstream=url)
        fetch = listening.poll(seconds=1, timeout=timedelta(seconds=2))
        listening.source.close()
    assert not fetch.complete
    assert "no sign of life" in fetch.reason


@contextmanager
def silent() -> Iterator[str]:
    """Shake hands and say nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    kept.append(connection)
                    protocol = ServerProtocol()
                    protocol.receive_data(connection.recv(65_536))
                    (request,) = protocol.events_received()
                    protocol.send_response(protocol.accept(request))  # type: ignore[arg-type]
                    for data in protocol.data_to_send():
                        connection.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/subscribe"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


def test_a_period_that_is_over_is_not_read_on(server: Jetstream, listening: Listening) -> None:
    """When the window is asked for, nobody reads for the baseline any more."""
    since = DEPLOY - timedelta(minutes=30)
    server.post(1, "before #brimly", since + SECOND)
    server.post(2, "after #brimly", DEPLOY + SECOND)
    baseline = listening.source.fetch(Request(since, DEPLOY, None, PATIENT))
    window = listening.poll(seconds=5)
    assert (texts(baseline), texts(window)) == (["before #brimly"], ["after #brimly"])
    assert [thread.name for thread in threading.enumerate()].count("jetstream") == 1


def test_doctor_listens(listening: Listening) -> None:
    """``gate doctor`` connects for a moment and leaves again."""
    assert [(check.what, check.ok) for check in listening.source.check()] == [("Jetstream", True)]
    assert "jetstream" not in [thread.name for thread in threading.enumerate()]


def test_the_past_needs_an_account(listening: Listening) -> None:
    """A baseline further back than the stream is played is refused without an account, with both ways out."""
    since = DEPLOY - timedelta(days=7)
    with pytest.raises(SourceRefused, match="does not reach back to 2026-03-03") as refused:
        listening.source.fetch(Request(since, DEPLOY, None, PATIENT))
    assert "app_password" in refused.value.hint
    assert "baseline.file" in refused.value.hint


def test_the_package_is_missing(server: Jetstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``websockets`` the hint says how to install it."""
    monkeypatch.setitem(sys.modules, "websockets.sync.client", None)
    with pytest.raises(SourceRefused, match="needs the package websockets") as refused:
        Listening(server).poll(seconds=1)
    assert "sentiment-gate[bluesky]" in refused.value.hint


def test_what_is_no_post(server: Jetstream, listening: Listening) -> None:
    """Records and events of other shapes than a post do no harm."""
    server.send("did:plc:odd", DEPLOY + SECOND, {"operation": "create", "rkey": "3", "record": {"tags": ["brimly"]}})
    server.send("did:plc:odd", DEPLOY + SECOND, {"operation": "create", "rkey": "4", "record": 7})
    server.send("did:plc:odd", DEPLOY + SECOND, {"operation": "create", "rkey": "5", "record": {"facets": 7}})
    server.add({"kind": "identity", "identity": {}}, DEPLOY + SECOND)
    server.post(1, "one #brimly", DEPLOY + SECOND)
    fetch = listening.poll(seconds=3)
    assert texts(fetch) == ["one #brimly"]


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("#Brimly", "it broke #brimly", True),
        ("#brimly", "brimly", False),
        ("brimly crash", "Crash in BRIMLY again", True),
        ("brimly crash", "brimly crashes", False),
        ('"acme app"', "the Acme  App is down", True),
        ('"acme app"', "an app of acme", False),
        ("#a #b", "#a only", False),
        ("brimly Brimly", "brimly", True),
    ],
)
def test_queries(query: str, text: str, found: bool) -> None:  # noqa: FBT001  # a table
    """All words, phrases and hashtags of a query must be there, whole, in any case."""
    tags = [word[1:] for word in text.split() if word.startswith("#")]
    assert Query(query).matches({"text": text, "tags": tags}) is found


@pytest.mark.parametrize("query", ["from:acme.test", "a OR b", "-no", "lang:en acme"])
def test_what_only_search_knows(query: str) -> None:
    """A query with operators is refused for the stream, and fine for search."""
    with pytest.raises(ValueError, match="query holds"):
        Options(stream=True, query=query)
    assert Options(handle="acme.test", query=query).query == query
