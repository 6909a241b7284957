"""What users may write under ``type: http``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Literal

import jmespath

from gate.http import address_problem
from gate.ports import Secret
from gate.sources.http.template import PLACES, Body, places

Paged = Literal["none", "cursor", "number", "link", "url"]
PATHS = (
    "items",
    "next",
    "id",
    "created_at",
    "text",
    "author",
    "lang",
    "link",
    "version",
    "rating",
    "likes",
    "reposts",
    "conversation",
)
"""Options that are JMESPath."""
_HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""A header's name, RFC 9110, 5.6.2."""


@dataclass(frozen=True, slots=True)
class Options:
    """Any API that answers with JSON, described without code."""

    url: str
    """Address that is asked, without a query; https, or http on this machine."""
    method: Literal["GET", "POST"] = "GET"
    """A POST sends ``body``."""
    query: dict[str, str] = field(default_factory=dict)
    """Parameters of the query. ``{since}``, ``{until}``, ``{release}``, ``{cursor}`` and ``{page}`` are filled in; a
    parameter with ``{cursor}`` is left out of the first request."""
    body: str = ""
    """What a POST sends, as JSON, with the same places in it."""
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers; nothing secret."""
    token: Secret | None = None
    """Key of the service, as a reference: ``${NAME}``."""
    token_header: str = "Authorization"  # noqa: S105 - a name
    """Header that carries the token."""
    token_prefix: str = "Bearer "  # noqa: S105 - a word
    """Stands before the token in its header."""
    token_query: str = ""
    """Parameter of the query that carries the token, in place of a header."""
    items: str = "@"
    """JMESPath in the reply: the list of what people wrote."""
    id: str = "id"
    """JMESPath in an item: what tells it from all others, for good."""
    created_at: str = "created_at"
    """JMESPath in an item: when it was written; RFC 3339, RFC 2822, or seconds or milliseconds since 1970."""
    text: str = "text"
    """JMESPath in an item: what was written; ``join(' ', [title, body])`` puts two fields together."""
    html: bool = False
    """Whether the text is HTML."""
    author: str = ""
    """JMESPath in an item: the author's id."""
    lang: str = ""
    """JMESPath in an item: language tag."""
    link: str = ""
    """JMESPath in an item: its address, for people."""
    version: str = ""
    """JMESPath in an item: product version."""
    rating: str = ""
    """JMESPath in an item: stars."""
    likes: str = ""
    """JMESPath in an item: how many like it."""
    reposts: str = ""
    """JMESPath in an item: how often it was passed on."""
    conversation: str = ""
    """JMESPath in an item: id of its thread or ticket."""
    labels: dict[str, str] = field(default_factory=dict)
    """Segments of a mention, such as platform or tier: a name, and JMESPath in an item."""
    times: Literal["rfc3339", "epoch", "epoch-ms", "date"] = "rfc3339"
    """How ``{since}`` and ``{until}`` are written."""
    order: Literal["newest", "oldest", "any"] = "newest"
    """How the items are sorted, by the time they were written."""
    paging: Paged = "none"
    """How to come to the next page: a ``cursor`` from the reply, a page ``number``, the ``link`` header, or a ``url`` in
    the reply."""
    next: str = ""
    """JMESPath in the reply: the cursor or address of the next page; with ``number``, whether there is one."""
    first_page: int = 1
    """Number of the first page."""
    max_pages: int = 10
    """Pages read in one poll; what is left is read by the next poll."""
    overlap: timedelta = timedelta(minutes=2)
    """How far each poll looks back behind the last one, for what the service shows late."""
    lag: timedelta = timedelta(0)
    """How long the service may take to show what was written; the end of the window waits for it."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: everything that is wrong.
        """
        if problems := list(filter(None, (check(self) for check in _CHECKS))):
            raise ValueError(*problems)

    def asked(self) -> set[str]:
        """Return the places that stand in the request."""
        return set().union(*map(places, (*self.query.values(), self.body)))


def _address(options: Options) -> str:
    return address_problem(options.url, option="url")


def _request(options: Options) -> str:
    if bool(options.body) != (options.method == "POST"):
        return "body belongs to method POST, and only there"
    # In a body braces may mean something else, e.g. in GraphQL.
    if unknown := set().union(*map(places, options.query.values())) - set(PLACES):
        return f"query has {{{min(unknown)}}} in it; known: {', '.join(f'{{{place}}}' for place in PLACES)}"
    try:
        Body(options.body or "null")
    except ValueError as error:
        return f"body {error}"
    return ""


def _paths(options: Options) -> str:
    given = {each.name: getattr(options, each.name) for each in fields(options) if each.name in PATHS}
    for name, path in [*given.items(), *((f"labels.{label}", path) for label, path in options.labels.items())]:
        if not path and name in {"items", "id", "created_at", "text"}:
            return f"{name} must not be empty"
        try:
            jmespath.compile(path or "@")
        except (jmespath.exceptions.JMESPathError, RecursionError):
            return f"{name} is no JMESPath expression"
    return ""


def _paging(options: Options) -> str:
    asked = options.asked()
    if options.paging in {"cursor", "url"} and not options.next:
        return f"next must say where the reply has it, with paging: {options.paging}"
    for kind, place in (("cursor", "cursor"), ("number", "page")):
        if (options.paging == kind) != (place in asked):
            return f"paging: {kind} and {{{place}}} in the request belong together"
    return "" if options.paging in {"link", "none"} or options.max_pages > 1 else "max_pages must be above 1"


def _headers(options: Options) -> str:
    for name, value in [*options.headers.items(), (options.token_header, options.token_prefix)]:
        if not re.fullmatch(_HEADER, name):
            return f"headers: {name[:40]!r} is no name that HTTP allows"
        if not (value.isascii() and (value.isprintable() or not value)):
            return f"headers must be plain ASCII; the value of {name[:40]!r} is not"
    return ""


def _limits(options: Options) -> str:
    if options.max_pages < 1:
        return "max_pages must be at least 1"
    return "" if min(options.overlap, options.lag) >= timedelta(0) else "overlap and lag must not be below 0s"


_CHECKS = (_address, _request, _paths, _paging, _headers, _limits)
