"""One page of posts, and how a post becomes a mention."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self

from gate.model import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gate.model import Mention

LONGEST_QUOTE = 80
_MILLISECONDS = 100_000_000_000
"""A number above this, the year 5138 in seconds, is milliseconds."""
_BROKEN = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)


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
    words: tuple[object, object] = (found.id, found.text)  # what a reply held, whatever the annotations say
    if not (found.id and all(isinstance(each, str) for each in words)):
        message = "it has no id or no text"
        raise Odd(message)
    if found.created_at.tzinfo is None:
        message = "its time has no zone"
        raise Odd(message)
    # A lone surrogate is legal JSON, but can be neither stored nor printed.
    text = found.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return replace(found, text=text, created_at=found.created_at.astimezone(UTC))


def _why(error: Exception) -> str:
    # Python's own messages repeat the value; what a user wrote belongs into the quote alone, which is not stored.
    if isinstance(error, Odd):
        return str(error)
    name = error.args[0] if isinstance(error, KeyError) and error.args else None
    return f"no {name!r} in it" if isinstance(name, str) else "not of the shape of a post"


def _quote(item: object) -> str:
    return json.dumps(item, default=str)[:LONGEST_QUOTE]


def _digest(item: object) -> str:
    return hashlib.sha256(json.dumps(item, default=str, sort_keys=True).encode()).hexdigest()
