"""The source itself: asks for pages as the options describe, and reads mentions from them by JMESPath."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jmespath

from gate.errors import SourceDown
from gate.http import Client, Key, diagnose
from gate.model import Mention
from gate.polling import Odd, Page, Paging, Stretch, collect, moment, plain_text
from gate.sources.http.options import PATHS
from gate.sources.http.template import WRITERS, Body, filled_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.http import Reply
    from gate.model import Check, Fetch, Request
    from gate.ports import SourceContext
    from gate.sources.http.options import Options

CHECKED = timedelta(hours=1)
"""Period that ``gate doctor`` asks for."""


class Source:
    """Asks one address, page by page."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Compile the expressions; nothing is asked before the first poll."""
        self._options = options
        self._context = context
        self._who = urlsplit(options.url).netloc
        key = Key(
            "token",
            options.token,
            header=options.token_header,
            prefix=options.token_prefix,
            query=options.token_query,
        )
        self._client = Client(options.url, context, who=self._who, key=key, headers=options.headers)
        self._paths = {name: jmespath.compile(path) for name in PATHS if (path := getattr(options, name))}
        self._labels = {name: jmespath.compile(path) for name, path in options.labels.items()}
        self._body = Body(options.body) if options.body else None
        # A stretch of time can be asked for again; else only the place among the pages says where a walk was cut.
        by_time = {"newest": "until", "oldest": "since"}.get(options.order) in options.asked()
        self._paging = Paging(
            self._who,
            order=options.order,
            resume="time" if by_time else "place",
            max_pages=options.max_pages,
            overlap=options.overlap,
            lag=options.lag,
        )

    def fetch(self, request: Request) -> Fetch:
        """Return the mentions of the asked period that earlier polls did not return.

        Raises:
            SourceRefused: the service says no.
            SourceDown: no proper answer this time.
        """
        self._client.start(request.timeout)
        return collect(request, self._page, self._paging, self._context, spent=self._client.spent)

    def check(self) -> Sequence[Check]:
        """Ask for the first page of the last hour."""
        cost = f"1 request a page, at most {self._options.max_pages} a poll; this check took 1"
        return diagnose(self._client, self._first_page, cost=cost)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _first_page(self) -> str:
        now = self._context.clock.now()
        page = self._page(Stretch(now - CHECKED, now), None)
        if page.unreadable and not page.mentions:
            message = f"{self._who}: not one of {page.reads} items reads as a mention: {page.unreadable[0].why}"
            raise SourceDown(message, hint="compare id, created_at and text with what an item of the reply holds")
        return f"{len(page.mentions)} mentions on its first page"

    def _page(self, stretch: Stretch, place: str | None) -> Page:
        reply = self._ask(stretch, place)
        value = reply.json()
        try:
            items = self._search("items", value)
            following = self._next(reply, value, items, place)
        except Odd:
            items = following = None
        if not isinstance(items, list):
            message = f"{self._who} answered with JSON that has no list where items says"
            raise SourceDown(message, hint="compare items with what the service answers")
        return Page.of(items, self._mention, next=following)

    def _ask(self, stretch: Stretch, place: str | None) -> Reply:
        options, write = self._options, WRITERS[self._options.times]
        if place and options.paging in {"link", "url"}:
            return self._client.get(place)
        values = {
            "since": write(stretch.since),
            "until": write(stretch.until),
            "release": self._context.release,
            "cursor": place,
            "page": int(place) if place and options.paging == "number" else options.first_page,
        }
        query = filled_query(options.query, values)
        if self._body is None:
            return self._client.get("", query)
        return self._client.post("", json=self._body.filled(values), query=query)

    def _next(self, reply: Reply, value: object, items: object, place: str | None) -> str | None:
        kind = self._options.paging
        if kind == "none":
            return None
        if kind == "link":
            return reply.link("next")
        told = self._search("next", value) if "next" in self._paths else bool(items)
        if kind == "number":
            return str(int(place or self._options.first_page) + 1) if told and items else None
        if isinstance(told, int) and not isinstance(told, bool):
            return str(told)
        return told if isinstance(told, str) and told else None

    def _mention(self, item: object) -> Mention:
        find = partial(self._find, item)
        text = find("text")
        rating = self._search("rating", item) if "rating" in self._paths else None
        labels = {name: _word(path.search(item)) for name, path in self._labels.items()}
        return Mention(
            id=find("id", needed=True),
            created_at=moment(self._search("created_at", item)),
            text=plain_text(text) if self._options.html else text,
            author=find("author"),
            lang=find("lang").lower().replace("_", "-").split("-")[0],
            url=find("link"),
            version=find("version"),
            rating=None if rating is None else float(rating),
            likes=int(find("likes") or 0),
            reposts=int(find("reposts") or 0),
            conversation=find("conversation"),
            labels={name: word for name, word in labels.items() if word},
        )

    def _find(self, item: object, name: str, *, needed: bool = False) -> str:
        word = _word(self._search(name, item)) if name in self._paths else ""
        if needed and not word:
            message = f"nothing stands where {name} says"
            raise Odd(message)
        return word

    def _search(self, name: str, value: object) -> Any:  # noqa: ANN401 - any JSON
        try:
            return self._paths[name].search(value)
        except (jmespath.exceptions.JMESPathError, RecursionError):
            message = f"{name} cannot be applied to it"
            raise Odd(message) from None


def _word(value: object) -> str:
    if isinstance(value, dict | list):
        message = "a field of it is a list or an object"
        raise Odd(message)
    return "" if value is None or isinstance(value, bool) else str(value)
