"""What every source is held to: a service that answers as recorded, posts that are known, and ways to misbehave.

A channel takes part by ``tests/replies/<type>.py`` with a ``CHANNEL``; one that cannot says why, in ``EXEMPT``.
"""

from __future__ import annotations

import html
import importlib
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate import plugins
from gate.model import Fetch, Mention, Request
from gate.ports import SourceContext
from tests.servers.http_server import Recorded, Reply, Server
from tests.support import ManualClock

if TYPE_CHECKING:
    from gate.ports import Source

TOKEN = "invented+t0ken/of-the-tests"
NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=30)
UNTIL = NOW - timedelta(minutes=5)
"""The period most tests ask for; its last minutes are long enough ago for every channel to show them."""
SOON = timedelta(milliseconds=300)
"""Time for a poll that the server would like to make last for ever."""
MOST_REQUESTS = 60
"""Nobody needs more for one poll."""


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody invented wrote, for the channel to put into its own shape."""

    number: int
    """Grows with time; native ids are made of it."""
    at: datetime
    """In whole seconds."""
    text: str
    author: str = "u1"

    @property
    def html(self) -> str:
        """The text as a channel of HTML shows it."""
        return f"<p>{html.escape(self.text)}</p>".replace("\n", "<br>")


Answer = Callable[[Recorded, Sequence[Post], int], Reply]
"""From a request, the posts there are and the size of a page to the documented reply."""


@dataclass(frozen=True, slots=True)
class Channel:
    """How one type of source is put on a local server."""

    options: Callable[[str], Any]
    """From the server's address to the source's options; every secret resolves to ``secret``."""
    answer: Answer
    token: str | Callable[[Recorded], bool]
    """Where a request holds the secret: a header, ``?name`` of the query, a test of our own; empty for no secret."""
    secret: str = TOKEN
    size: int = 3
    """Posts a page."""
    paged: bool = True
    """False where the channel shows all it has in one reply."""
    json: bool = True
    """Whether it speaks JSON, which can hold characters that are none."""
    is_page: Callable[[Recorded], bool] = lambda _request: True
    """Whether a request asks for posts: not a login, not a look-up."""
    missing: str = "refused"
    """What a 404 means: ``refused``, or ``empty`` for a channel where what nobody wrote about is not there."""
    skew: bool = True
    """Whether ``check`` compares the clocks."""
    dated: timedelta = timedelta(seconds=1)
    """How exactly it says when something was written."""

    def shows_secret(self, request: Recorded) -> bool:
        """Say whether a request holds the secret where it belongs."""
        if callable(self.token):
            return self.token(request)
        if self.token.startswith("?"):
            return request.query.get(self.token[1:]) == self.secret
        value = request.headers.get(self.token, "")
        try:
            return self.secret in value or self.secret in b64decode(value.removeprefix("Basic ")).decode()
        except (Error, UnicodeDecodeError):
            return False


def found() -> dict[str, Channel | str | None]:
    """Return the channel of each source there is, why it has none, or None if it forgot.

    A source with several ways to talk, e.g. a public and an official API, has ``CHANNELS`` by kind.
    """
    channels: dict[str, Channel | str | None] = {}
    for name in plugins.names("sources"):
        module = f"tests.replies.{name.replace('-', '_')}"
        try:
            replies = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            channels[name] = None
        else:
            channels |= {f"{name}:{kind}": channel for kind, channel in getattr(replies, "CHANNELS", {}).items()}
            if one := getattr(replies, "CHANNEL", None) or getattr(replies, "EXEMPT", None):
                channels[name] = one
    return channels


def posts(count: int, *, start: datetime = SINCE, end: datetime = UNTIL) -> list[Post]:
    """Return posts spread evenly over a period, in whole seconds, the first one at its very start."""
    step = (end - start) // count
    times = [(start + number * step).replace(microsecond=0) for number in range(count)]
    return [Post(number, at, f"post {number}: it works", f"u{number}") for number, at in enumerate(times, 1)]


@dataclass
class Service:
    """The service behind the server: its posts, and what it does instead of answering."""

    name: str
    channel: Channel
    posts: list[Post] = field(default_factory=list)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    instead: Callable[[Recorded, int], Reply | None] = lambda _request, _number: None
    """From a request and how many pages were asked for before it to what is answered instead; None for the truth."""
    date: datetime | None = None
    """What the server takes for the time."""
    asked: list[Recorded] = field(default_factory=list)
    """Requests for pages."""

    def server(self) -> Server:
        """Return a server that answers from this state."""
        return Server(answer=self.answer)

    def answer(self, request: Recorded) -> Reply:
        """Answer one request."""
        number = len(self.asked)
        if self.channel.is_page(request):
            self.asked.append(request)
        reply = self.instead(request, number) or self.truth(request)
        date = {"date": self.date.strftime("%a, %d %b %Y %H:%M:%S GMT")} if self.date else {}
        return Reply(reply.status, reply.body, {**reply.headers, **date}, reply.how)

    def truth(self, request: Recorded) -> Reply:
        """Answer as the service should."""
        return self.channel.answer(request, self.posts, self.channel.size)

    def always(self, reply: Reply) -> None:
        """Give this reply to everything from now on."""
        self.instead = lambda _request, _number: reply

    def after(self, pages: int, reply: Reply) -> None:
        """Give this reply to every request for a page after the first so many."""
        here = len(self.asked)
        self.instead = lambda request, number: (
            reply if number >= here + pages and self.channel.is_page(request) else None
        )

    def heal(self) -> None:
        """Answer truly again, long enough later for any rest to be over."""
        self.instead = lambda _request, _number: None
        self.clock.wait(timedelta(minutes=20))

    def source(self, server: Server, secret: Callable[[str], str] | None = None) -> Source:
        """Build the source as wiring does."""
        context = SourceContext(
            name=f"{self.name}-1",
            release="#brimly",
            folder=Path(),
            stream="",
            secret=secret or (lambda _reference: self.channel.secret),
            clock=self.clock,
        )
        made: Source = plugins.load("sources", self.name.partition(":")[0]).Source(
            self.channel.options(server.url), context
        )
        return made


def ask(
    source: Source,
    cursor: str | None = None,
    *,
    since: datetime = SINCE,
    until: datetime = UNTIL,
    timeout: timedelta = timedelta(seconds=8),
) -> Fetch:
    """Poll once."""
    return source.fetch(Request(since, until, cursor, timeout))


def ask_until_complete(source: Source, cursor: str | None = None, *, most: int = 60) -> list[Fetch]:
    """Poll as the engine does, until all is read."""
    fetches = []
    for _ in range(most):
        fetch = ask(source, cursor)
        fetches.append(fetch)
        if fetch.complete or fetch.permanent:
            break
        cursor = fetch.cursor
    return fetches


def numbers(mentions: Sequence[Mention]) -> list[int]:
    """Return which posts the mentions are, by their text, in order."""
    return [int(mention.text.partition("post ")[2].partition(":")[0]) for mention in mentions]


def words(text: str) -> str:
    """Return a text without regard to white space."""
    return " ".join(text.split())
