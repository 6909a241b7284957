"""What X's error replies mean: whether to try again, and what to do.

Judged from the reply itself, before tweepy sees it: tweepy's exceptions fail to build on an error
body that is a list, know no 402, and cannot tell a rate limit from a spent quota.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown, SourceRefused
from gate.http import RateLimited, reset_at

if TYPE_CHECKING:
    from datetime import datetime

    import requests

    from gate.errors import SourceFault

CONSOLE = "X's developer console"
_SPENT = ("usagecap", "usage-cap", "credits", "spend")
"""In the title or type of a reply that no waiting mends."""
_HINTS = {
    400: "check the query: X's own message says what it does not take",
    401: f"set {{key}} to the app's bearer token ({CONSOLE}, Keys and tokens); it may be revoked or mistyped",
    403: f"give the app access to recent search in {CONSOLE}, then make a new bearer token",
    404: "check base_url; it must lead to X's API v2",
}
_WHAT = {
    400: "X does not take the request",
    401: "X does not know the key",
    403: "the key may not do this",
    404: "there is no X API at this address",
}
LONGEST_SAID = 200
BAD_REQUEST, UNPAID, TOO_EARLY, TOO_MANY, BROKEN = 400, 402, 425, 429, 500


def refusal(response: requests.Response, now: datetime, key: str) -> SourceFault:
    """Turn a reply that is not a success into the error to raise; ``key`` is the key's reference, for the hint."""
    status = response.status_code
    title, detail = _problem(response)
    said = f"{status}: {detail}" if detail else str(status)
    spent = any(word in title.lower() for word in _SPENT)
    if status == UNPAID or (status in {403, TOO_MANY} and spent):
        message = f"X's quota or credits are used up ({said})"
        return SourceRefused(message, hint=f"raise the spending limit or buy credits in {CONSOLE}, then start again")
    if status == TOO_MANY:
        return limited(reset_at(response.headers, now), now)
    if BAD_REQUEST <= status < BROKEN and status not in {408, TOO_EARLY}:
        message = f"{_WHAT.get(status, 'X refuses')} ({said})"
        return SourceRefused(message, hint=_HINTS.get(status, "see X's message").format(key=key))
    return SourceDown(f"X is not well ({said})", hint="the next look tries again; see docs.x.com/status")


def limited(reset: datetime | None, now: datetime) -> RateLimited:
    """Return the error for a rate limit that ends then, as far as X says so."""
    if reset is None:
        message = "X's rate limit is reached, and it does not say until when"
        return RateLimited(message, hint="look less often, or see whether another program uses the same app")
    message = (
        f"X's rate limit is reached until {reset:%Y-%m-%d %H:%M:%S} UTC (in {(reset - now).total_seconds():.0f} s)"
    )
    return RateLimited(
        message, hint="the first look after that goes on from here; looking less often avoids it", until=reset
    )


def _problem(response: requests.Response) -> tuple[str, str]:
    """Return title and type for us, and what X says for people."""
    try:
        value: Any = json.loads(response.content)
    except (ValueError, RecursionError):
        return "", ""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return "", ""
    errors = first.get("errors")
    inner = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    title = " ".join(str(each.get(name, "")) for each in (first, inner) for name in ("title", "type"))
    said = inner.get("message") or first.get("detail") or first.get("message") or inner.get("detail")
    said = said or first.get("error") or first.get("title") or ""
    return title, one_line(str(said))


def one_line(said: str) -> str:
    """Return what X says, safe to print: it may echo the query, or hold anything at all."""
    return "".join(each if each.isprintable() else " " for each in said[: 2 * LONGEST_SAID])[:LONGEST_SAID].strip()
