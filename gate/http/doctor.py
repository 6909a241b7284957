"""What ``gate doctor`` says of a service, from one cheap call."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.errors import GateError, SourceFault
from gate.model import Check, Rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.http.client import Client

CHECK_TIMEOUT = timedelta(seconds=15)
TRUSTED_SKEW = timedelta(seconds=30)


def diagnose(client: Client, ask: Callable[[], str], *, cost: str, rate: Rate | None = None) -> list[Check]:
    """Try a service for real; raises nothing but ``Cancelled``.

    Args:
        client: with which the source talks to it.
        ask: makes one cheap call and returns what it found, for people.
        cost: what a look costs there, in requests or money.
        rate: the same for the forecast of a run, with the limit that the service documents; what it answers goes before.
    """
    client.start(CHECK_TIMEOUT)
    try:
        found = ask()
    except SourceFault as fault:
        return [Check(client.who, ok=False, detail=fault.message.removeprefix(f"{client.who}: "), fix=fault.hint)]
    except GateError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a reply of an unknown shape makes a source raise
        detail = f"{client.who} answered in a shape that cannot be read ({type(error).__name__})"
        return [Check(client.who, ok=False, detail=detail, fix="see whether its API has changed, and update the gate")]
    left = f"; {client.quota}" if client.quota else ""
    checks = [Check(client.who, ok=True, detail=f"{found}{left}")]
    if client.skew is not None and abs(client.skew) > TRUSTED_SKEW:
        side = "ahead of" if client.skew > timedelta(0) else "behind"
        detail = f"this machine's clock is {abs(client.skew).total_seconds():,.0f} s {side} that of {client.who}"
        checks.append(
            Check("clock", ok=False, detail=detail, fix="set it by NTP: mentions would be missed or misdated")
        )
    return [*checks, Check("cost", ok=True, detail=cost, rate=_lately(client, rate or Rate()))]


def _lately(client: Client, rate: Rate) -> Rate:
    if rate.allowed and client.quota and client.quota.limit:
        return replace(rate, allowed=replace(rate.allowed, requests=client.quota.limit))
    return rate
