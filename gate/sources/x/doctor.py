"""What ``gate doctor`` says of X, from one cheap call."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from gate.http import reset_at
from gate.model import Allowance, Check, Cost, Rate
from gate.sources.x.options import PROBE_USD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gate.errors import SourceFault
    from gate.sources.x.spending import Purse

HOURS = 7 * 24
TRUSTED_SKEW = timedelta(seconds=15)
"""X refuses an end less than 10 seconds ago by its clock; we ask for 30 by ours."""


def refused(fault: SourceFault) -> list[Check]:
    """Say why X did not answer."""
    return [Check("key", ok=False, detail=fault.message, fix=fault.hint)]


def report(query: str, count: int, headers: Mapping[str, str], now: datetime, purse: Purse) -> list[Check]:
    """Say what the answer to a count of seven days tells."""
    checks = [Check("key", ok=True, detail=f"X accepts it{_quota(headers, now)}")]
    checks += _clock(headers, now)
    hourly = count / HOURS
    price = (
        f"{query!r}: {count:,} posts in the last seven days, {hourly:,.1f} an hour; an hour of watching costs about "
        f"${purse.price(1) * hourly:,.2f}, a baseline of seven days ${purse.price(count):,.2f}; "
        f"a run may buy {purse.room():,} posts (this check: ${PROBE_USD})"
    )
    fits = count <= purse.room()
    fix = "" if fits else "raise the budget, narrow the query, or shorten the baseline"
    searches = Allowance(450, timedelta(minutes=15))
    rate = Rate(hourly, mention=Cost(reads=1, usd=purse.price(1)), allowed=searches)
    return [*checks, Check("cost", ok=fits, detail=price, fix=fix, rate=rate)]


def streaming(strangers: int | None) -> list[Check]:
    """Say whether the app may stream, and how many rules of others it has; None where nobody asked."""
    if strangers is None:
        return []
    if not strangers:
        return [Check("stream", ok=True, detail="the app may stream, and has no other rules")]
    detail = f"the app may stream, but has {strangers} other rules: their posts come, and are paid for, with ours"
    return [Check("stream", ok=False, detail=detail, fix="use an app of its own for the gate, or remove those rules")]


def _quota(headers: Mapping[str, str], now: datetime) -> str:
    left, limit = headers.get("x-rate-limit-remaining", ""), headers.get("x-rate-limit-limit", "")
    if not (left.isdecimal() and limit.isdecimal()):
        return ""
    reset = reset_at(headers, now)
    until = f" until {reset:%H:%M} UTC" if reset else ""
    return f"; {left} of {limit} requests for counts left{until}"


def _clock(headers: Mapping[str, str], now: datetime) -> list[Check]:
    with suppress(KeyError, TypeError, ValueError):
        ahead = now - parsedate_to_datetime(headers["date"])
        if abs(ahead) > TRUSTED_SKEW:
            side = "ahead of" if ahead > timedelta(0) else "behind"
            detail = f"this machine's clock is {abs(ahead).total_seconds():,.0f} s {side} X's"
            return [Check("clock", ok=False, detail=detail, fix="set it by NTP; X refuses times in its future")]
    return []
