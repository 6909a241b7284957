"""What a reply that is not a success means: whether to try again, when, and what to do."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import SourceRefused
from gate.http.faults import RateLimited, ServerFault
from gate.http.rates import LONGEST_RESET, reset_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gate.errors import SourceFault

LONGEST_SAID = 200
REDIRECT, UNPAID, FORBIDDEN, TOO_MANY, BROKEN = 300, 402, 403, 429, 500
_PASSING = {408, 425}
_WHAT = {
    400: "does not take the request",
    401: "does not accept the key",
    402: "wants to be paid: quota or credits are used up",
    403: "says that this is not allowed",
    404: "has nothing at this address",
    410: "has nothing at this address any more",
}
_HINTS = {
    400: "check the query and the other options of this source",
    402: "buy credits or raise the spending limit, then start again",
    404: "check the address and the names in the options of this source",
    410: "check the address and the names in the options of this source",
}
_PLACES = ("detail", "message", "error_description", "error_message", "description", "error", "title", "reason")
"""Where the common APIs put a sentence for people."""


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, who: str, now: datetime, hints: Mapping[int, str]
) -> SourceFault:
    """Turn a reply that is not a success into the error to raise; ``hints`` are the source's own, by status."""
    value = _json(body)
    said = _said(value)
    told = f"{status}: {said}" if said else str(status)
    reset = reset_at(headers, now) or _body_reset(value, now)
    spent = headers.get("x-ratelimit-remaining", "") == "0" or "retry-after" in headers
    # GitHub answers 403 where others answer 429.
    if status == TOO_MANY or (status == FORBIDDEN and spent):
        return limited(who, reset, now)
    if status >= BROKEN or status in _PASSING:
        hint = "the next look tries again"
        return ServerFault(f"{who} is not well ({told})", hint=hint, until=reset if status >= BROKEN else None)
    if status < UNPAID - 2:  # no error: a redirect that leads nowhere, or a 304 to what was not asked
        message = f"{who} answered {status} where an answer with content is needed"
        return SourceRefused(message, hint=hints.get(status, "check the address in the options of this source"))
    hint = hints.get(status) or _HINTS.get(status) or "see what it says, and check the options of this source"
    return SourceRefused(f"{who} {_WHAT.get(status, 'refuses')} ({told})", hint=hint)


def limited(who: str, reset: datetime | None, now: datetime) -> RateLimited:
    """Return the error for a rate limit that ends then, as far as the server says so."""
    if reset is None:
        message = f"the rate limit of {who} is reached, and it does not say until when"
        return RateLimited(message, hint="look less often, or see whether another program uses the same key")
    seconds = (reset - now).total_seconds()
    message = f"the rate limit of {who} is reached until {reset:%Y-%m-%d %H:%M:%S} UTC (in {seconds:.0f} s)"
    hint = "the first look after that goes on from here; looking less often avoids it"
    return RateLimited(message, hint=hint, until=reset)


def one_line(said: str) -> str:
    """Return what a server says, safe to print: it may hold anything at all."""
    return "".join(each if each.isprintable() else " " for each in said[: 2 * LONGEST_SAID])[:LONGEST_SAID].strip()


def _json(body: bytes) -> Any:  # noqa: ANN401  # any JSON
    with suppress(ValueError, RecursionError):
        return json.loads(body)
    return None


def _said(value: Any) -> str:  # noqa: ANN401  # any JSON
    for each in (value, _first(value), _first(_inside(value, "errors")), _inside(value, "error")):
        if isinstance(each, dict):
            for name in _PLACES:
                if isinstance(each.get(name), str) and each[name].strip():
                    return one_line(each[name])
    first = _first(_inside(value, "errors"))
    return one_line(first) if isinstance(first, str) else ""


def _body_reset(value: Any, now: datetime) -> datetime | None:  # noqa: ANN401  # any JSON
    # Discourse: {"extras": {"wait_seconds": 12}}; Stack Exchange: {"backoff": 10}.
    for found in (_inside(_inside(value, "extras"), "wait_seconds"), _inside(value, "backoff")):
        if isinstance(found, int | float) and 0 <= found <= LONGEST_RESET.total_seconds():
            return now + timedelta(seconds=found)
    return None


def _inside(value: Any, name: str) -> Any:  # noqa: ANN401  # any JSON
    return value.get(name) if isinstance(value, dict) else None


def _first(value: Any) -> Any:  # noqa: ANN401  # any JSON
    return value[0] if isinstance(value, list) and value else None
