"""What comes back: JSON or not, when a rate limit ends, and what must not be shown."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

REDACTED = "[redacted]"
LONGEST_RESET = timedelta(hours=24)


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """Take every secret out of a text for people."""
    for secret in filter(None, secrets):
        text = text.replace(secret, REDACTED)
    return text


def json_object(response: requests.Response, who: str) -> dict[str, Any]:
    """Return the JSON object in a reply.

    Raises:
        SourceDown: it is something else: nothing, HTML of a proxy, half of an object, a list.
    """
    try:
        # bytes: json finds out by itself which UTF it is
        value = json.loads(response.content)
    except (ValueError, RecursionError):
        kind = response.headers.get("content-type", "").split(";")[0] or "no content type"
        what = f"{len(response.content)} bytes of {kind}" if response.content else "nothing"
        message = f"{who} answered {response.status_code} with {what} instead of JSON"
        hint = "a proxy or a login page may stand in between; the next look tries again"
        raise SourceDown(message, hint=hint) from None
    if not isinstance(value, dict):
        message = f"{who} answered {response.status_code} with JSON of an unknown shape ({type(value).__name__})"
        raise SourceDown(message)
    return value


def reset_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when a rate limit ends, as far as the headers say so.

    Reads epoch seconds (X, GitHub) and ISO 8601 (Mastodon) in ``X-Rate-Limit-Reset`` and
    ``X-RateLimit-Reset``, and seconds or an HTTP date in ``Retry-After`` (RFC 9110, 10.2.3).
    A time gone by means now; one more than a day ahead is taken for nonsense.
    """
    by_name = {name.lower(): value.strip() for name, value in headers.items()}
    for name in ("x-rate-limit-reset", "x-ratelimit-reset", "retry-after"):
        with suppress(ValueError, OverflowError, OSError, TypeError):
            moment = _moment(by_name.get(name, ""), now, relative=name == "retry-after")
            if moment <= now + LONGEST_RESET:
                return max(moment, now)
    return None


def _moment(text: str, now: datetime, *, relative: bool) -> datetime:
    if text.replace(".", "", 1).isdecimal():
        return now + timedelta(seconds=float(text)) if relative else datetime.fromtimestamp(float(text), UTC)
    moment = parsedate_to_datetime(text) if relative else datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
