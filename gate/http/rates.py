"""Rate limits in every dialect: when one ends, and how much is left."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_RESET = timedelta(hours=24)
_RESETS = ("retry-after", "x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset")
_RELATIVE = {"retry-after", "ratelimit", "ratelimit-reset", "x-ratelimit-reset"}
"""Headers in which a small number is seconds from now."""
_OLDEST_EPOCH = 1_000_000_000
"""2001. A smaller number is no moment at which a limit could end."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a server says is left."""

    remaining: int
    limit: int | None
    resets_at: datetime | None

    def __str__(self) -> str:
        """Say it, for people."""
        of = f" of {self.limit:,}" if self.limit is not None else ""
        until = f" until {self.resets_at:%H:%M:%S} UTC" if self.resets_at else ""
        return f"{self.remaining:,}{of} requests left{until}"


def reset_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when a rate limit ends, as far as the headers say so.

    Reads seconds or an HTTP date in ``Retry-After`` (RFC 9110, 10.2.3); epoch seconds (X, GitHub, Bluesky), ISO 8601
    (Mastodon) and seconds from now (Reddit, Zendesk) in ``X-Rate-Limit-Reset``, ``X-RateLimit-Reset`` and
    ``RateLimit-Reset``; and the ``t`` or ``reset`` of an IETF ``RateLimit``.
    A time gone by means now; one more than a day ahead is taken for nonsense.
    """
    by_name = {name.lower(): value.strip() for name, value in headers.items()}
    for name, text in [*((name, by_name.get(name, "")) for name in _RESETS), ("ratelimit", _ietf(by_name, "t|reset"))]:
        with suppress(ValueError, OverflowError, OSError, TypeError):
            moment = _moment(text, now, relative=name in _RELATIVE)
            if moment <= now + LONGEST_RESET:
                return max(moment, now)
    return None


def quota(headers: Mapping[str, str], now: datetime) -> Quota | None:
    """Return how many requests are left, as far as the headers say so."""
    by_name = {name.lower(): value.strip() for name, value in headers.items()}

    def found(what: str, ietf: str) -> int | None:
        names = (f"x-rate-limit-{what}", f"x-ratelimit-{what}", f"ratelimit-{what}")
        texts = [*(by_name.get(name, "") for name in names), _ietf(by_name, ietf)]
        return next((int(float(text)) for text in texts if re.fullmatch(r"\d{1,12}(\.\d*)?", text, re.ASCII)), None)

    remaining = found("remaining", "r|remaining")
    return None if remaining is None else Quota(remaining, found("limit", "q|limit"), reset_at(headers, now))


def skew(date: str, now: datetime) -> timedelta | None:
    """Return how far this machine's clock is ahead of a server that sent this ``Date``; None if it says none."""
    try:
        return now - parsedate_to_datetime(date).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _ietf(by_name: Mapping[str, str], names: str) -> str:
    # Both shapes of the draft: `"default";r=50;t=30` and `limit=100, remaining=50, reset=30`.
    matched = re.search(rf"(?:^|[;,\s])(?:{names})=(\d{{1,12}})", by_name.get("ratelimit", ""), re.ASCII)
    return matched[1] if matched else ""


def _moment(text: str, now: datetime, *, relative: bool) -> datetime:
    if text.replace(".", "", 1).isdecimal():
        number = float(text)
        if relative and number < _OLDEST_EPOCH:
            return now + timedelta(seconds=number)
        return datetime.fromtimestamp(number, UTC)
    moment = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
