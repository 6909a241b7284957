"""One page of posts, and how a post becomes a mention."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self

from gate.errors import SourceDown
from gate.model import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gate.model import Mention

    Ask = Callable[["Stretch", str | None], "Page"]
    """From a stretch of time and the ``next`` of the page before it (None for the first page) to a page."""

LONGEST_QUOTE = 80
_MILLISECONDS = 100_000_000_000
"""A number above this, the year 5138 in seconds, is milliseconds."""
_BROKEN = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
"""What reading a reply of another shape than the documented one may raise."""
_WORDS = ("id", "text", "author", "lang", "url", "version", "conversation")


class Odd(ValueError):
    """What is wrong with a post, in words that quote nothing of it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a period that one walk through the pages is to read."""

    since: datetime
    until: datetime
    """Posts written in [since, until)."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one request brought. Build it with ``Page.of``."""

    mentions: tuple[Mention, ...]
    next: str | None = None
    """How to ask for the next page, in the source's own words; None after the last one."""
    unreadable: tuple[Unreadable, ...] = ()
    keys: frozenset[str] = frozenset()
    """What tells its items from those of other pages."""
    ends: str = ""
    """Why there is no next page although older posts may exist; one clause for people."""
    lost: str = ""
    """Why something of the stretch that belongs on this page can no longer be had; one clause for people."""
    reads: int = 0
    """Items the platform bills or counts."""
    usd: float = 0.0
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        items: Iterable[Any],
        read: Callable[[Any], Mention | None],
        *,
        next: str | None = None,  # noqa: A002  # the word of the field
        ends: str = "",
        usd: float = 0.0,
    ) -> Self:
        """Read the items of a reply.

        Args:
            items: as the platform sent them.
            read: makes a mention of one; None where it is something else, e.g. an advertisement. Whatever an item of
                another shape makes it raise (``KeyError``, ``TypeError``, ``Odd`` …) makes that item unreadable.
            next: how to ask for the next page.
            ends: why there is no next page although older posts may exist.
            usd: what the page cost.
        """
        mentions: list[Mention] = []
        unreadable: list[Unreadable] = []
        keys: set[str] = set()
        count = 0
        for count, item in enumerate(items, 1):
            try:
                found = read(item)
                if found is not None:
                    mentions.append(_sound(found))
                keys.add(found.id if found is not None else _digest(item))
            except _BROKEN as error:
                keys.add(_digest(item))
                unreadable.append(Unreadable(f"item {count}", _why(error), _quote(item)))
        return cls(
            tuple(mentions), next, tuple(unreadable), frozenset(keys), ends=ends, reads=count, usd=usd
        )  # fmt: skip


def page_of(who: str, ask: Ask, stretch: Stretch, place: str | None) -> Page:
    """Ask for a page; a reply that the source cannot make sense of is an outage of ``who``, never a crash or silence.

    Raises:
        SourceFault: what the source raised, or SourceDown for a reply of another shape than the documented one.
    """
    try:
        page = ask(stretch, place)
        if page.next is not None:
            page.next.encode()  # it goes into the next request
    except _BROKEN as error:
        message = f"{who} answered in a shape that cannot be read ({type(error).__name__})"
        raise SourceDown(message, hint="see whether its API has changed; the next look tries again") from error
    return page


def native_id(value: object) -> str:
    """Return the platform's own id of a post, text or a whole number, as text.

    Raises:
        Odd: it is neither.
    """
    if (isinstance(value, str) and value) or type(value) is int:
        return str(value)
    message = "it has no id"
    raise Odd(message)


def moment(value: object) -> datetime:
    """Return a time as APIs write it: RFC 3339, RFC 2822, or seconds or milliseconds since 1970; without a zone, UTC.

    Raises:
        Odd: it is none.
    """
    try:
        if isinstance(value, str) and not value.strip().replace(".", "", 1).isdecimal():
            text = value.strip()
            found = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            number = float(value)
            return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    message = "a time in it cannot be read"
    raise Odd(message)


def _sound(found: Mention) -> Mention:
    """Return the mention with text that can be stored and printed.

    Raises:
        Odd: it has no id, or no moment in time.
    """
    words = {name: getattr(found, name) for name in _WORDS}
    # What a reply held, whatever the annotations say.
    if not (found.id and all(isinstance(words[name], str) for name in ("id", "text"))):
        message = "it has no id or no text"
        raise Odd(message)
    named, counts = (*words.values(), *found.labels.values()), (found.likes, found.reposts)
    if not (all(isinstance(each, str) for each in named) and all(type(each) is int for each in counts)):
        message = "a field of it holds something else than words or a whole number"
        raise Odd(message)
    if found.created_at.tzinfo is None:
        message = "its time has no zone"
        raise Odd(message)
    clean: dict[str, Any] = {name: _storable(word) for name, word in words.items()}
    labels = {name: _storable(word) for name, word in found.labels.items()}
    return replace(found, **clean, labels=labels, created_at=found.created_at.astimezone(UTC))


def _storable(word: str) -> str:
    # A lone surrogate is legal JSON, but can be neither stored nor printed.
    return word if word.isascii() else word.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _why(error: Exception) -> str:
    # Python's own messages repeat the value; what a user wrote belongs into the quote alone, which is not stored.
    if isinstance(error, Odd):
        return str(error)
    name = error.args[0] if isinstance(error, KeyError) and error.args else None
    return f"no {name!r} in it" if isinstance(name, str) else "not of the shape of a post"


def _quote(item: object) -> str:
    return _written(item)[:LONGEST_QUOTE]


def _digest(item: object) -> str:
    return hashlib.sha256(_written(item).encode()).hexdigest()


def _written(item: object) -> str:
    try:
        return json.dumps(item, default=str, sort_keys=True)
    except RecursionError:  # what can just be read may be too deep to be written, some frames further down
        return "[nested too deeply]"
