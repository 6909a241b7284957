"""Connecting, answering and waiting end in time, and at once when the process is told to stop."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.clock import SystemClock
from gate.errors import Cancelled, SourceDown
from gate.http import Client, Limits, Retry, interrupt, resume
from gate.ports import Clock, SourceContext
from tests.servers.http_server import Recorded, Reply, Server
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)


def client(url: str, clock: Clock | None = None, limits: Limits | None = None) -> Client:
    """Build a client that tries once."""
    context = SourceContext("acme", "", Path(), "", lambda _reference: "", clock or ManualClock(NOW))
    made = Client(url, context, who="Acme", retry=Retry(tries=0), limits=limits)
    return made.start(timedelta(hours=1))


@pytest.fixture
def full() -> Iterator[str]:
    """Listen at a port whose queue is full, so that connecting to it takes for ever."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for each in (first, second):
            each.setblocking(False)  # noqa: FBT003  # socket's own signature
            each.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_connecting_ends_in_time(full: str) -> None:
    """A host that takes no connection is left after the connect timeout, even in its name's own resolver."""
    with pytest.raises(SourceDown, match="no connection"):
        client(full, limits=Limits(connect=0.2)).get("/")


def stopped(ask: Callable[[], object], arrived: threading.Event) -> list[int]:
    """Ask in a thread, tell the process to stop once that is under way, and return what the thread was told."""
    raised: list[int] = []

    def run() -> None:
        try:
            ask()
        except Cancelled as stop:
            raised.append(stop.signal_number)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert arrived.wait(10)
        interrupt(15)
        thread.join(5)
        assert not thread.is_alive(), "it went on"
    finally:
        resume()
    return raised


@pytest.mark.parametrize("how", ["hang", "drip", "drip-headers"])
def test_a_thread_lets_go_of_a_server(how: str) -> None:
    """Before, in and after the headers of an answer, a thread hears that the process is told to stop."""
    arrived = threading.Event()

    def answer(_request: Recorded) -> Reply:
        arrived.set()
        return Reply(how=how)  # type: ignore[arg-type]

    with Server(answer=answer) as server:
        assert stopped(lambda: client(server.url).get("/"), arrived) == [15]


def test_a_thread_lets_go_of_connecting(full: str) -> None:
    """Nor does a connection that does not come about hold a thread."""
    arrived = threading.Event()

    def ask() -> None:
        arrived.set()
        client(full, limits=Limits(connect=3600)).get("/")

    assert stopped(ask, arrived) == [15]


def test_a_thread_lets_go_of_a_wait() -> None:
    """A wait before another try is cut short too, on the real clock."""
    arrived = threading.Event()

    def answer(_request: Recorded) -> Reply:
        arrived.set()
        date = (SystemClock().now() + timedelta(seconds=9)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return Reply.of({}, 429, retry_after=date)

    with Server(answer=answer) as server:
        context = SourceContext("acme", "", Path(), "", lambda _reference: "", SystemClock())
        talk = Client(server.url, context, who="Acme").start(timedelta(hours=1))
        assert stopped(lambda: talk.get("/"), arrived) == [15]
        assert len(server.requests) == 1


def test_after_stopping_nothing_is_sent() -> None:
    """Once told to stop, no thread starts another request."""
    with Server(Reply.of({})) as server:
        interrupt(2)
        try:
            with pytest.raises(Cancelled):
                client(server.url).get("/")
        finally:
            resume()
        assert server.requests == []
        assert client(server.url).get("/").status == 200
