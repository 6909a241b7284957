"""What ``gate token`` does and prints."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.cli.terminal import say, show, tell
from gate.clock import SystemClock
from gate.report import safe
from gate.store import NewToken
from gate.wiring import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gate.ports import Clock
    from gate.store import Store, Token

FIRST = "first-admin"
FIRST_EXPIRES = timedelta(days=7)
"""Long enough to make the tokens that are to stay."""


def first_token(store: Store, clock: Clock) -> str | None:
    """Return a token that may do everything, for the very first start of a service; None at every other start."""
    return store.issue_first_token(
        NewToken(FIRST, ["admin"], expires_at=clock.now() + FIRST_EXPIRES, by="gate serve, first start")
    )


def create(  # noqa: PLR0913 - one parameter a property of a token
    name: str,
    roles: Sequence[str],
    repositories: Sequence[str],
    expires: timedelta | None,
    store: str | None,
    environ: Mapping[str, str],
    *,
    as_json: bool,
) -> None:
    """Make a token and print it: alone on standard output, what is known of it on standard error."""
    clock = SystemClock()
    ends = clock.now() + expires if expires is not None else None
    with open_store(store, clock, environ) as (log, _):
        token, secret = log.issue_token(NewToken(name, roles, repositories or None, ends, by=_me()))
        where = log.name
    if as_json:
        show(safe.json({"token": secret, **_plain(token)}))
        return
    show(secret)
    until = f"expires {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "never expires"
    tell(f"Token {token.name} ({token.id}) in {where}: {_may(token)}; {until}. It is not shown again.")


def show_all(store: str | None, environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print every token, valid ones first."""
    clock = SystemClock()
    with open_store(store, clock, environ) as (log, _):
        found, where, now = log.tokens(), log.name, clock.now()
    if as_json:
        for token in found:
            show(safe.json(_plain(token)))
        return
    if not found:
        tell(f"No tokens in {where}.\n  next: make one with `gate token create NAME --role run`")
    names = [safe.one_line(token.name, 40) for token in found]
    width = max(map(safe.columns, names), default=0)
    rows = [
        (bool(token.fault(now)), f"{token.id}  {name}{' ' * (width - safe.columns(name))}  {_state(token, now)}")
        for token, name in zip(found, names, strict=True)
    ]
    for _, line in sorted(rows, key=lambda row: row[0]):
        say(line)


def revoke(reference: str, store: str | None, environ: Mapping[str, str], *, as_json: bool) -> None:
    """End a token and say so."""
    with open_store(store, SystemClock(), environ) as (log, _):
        token = log.revoke_token(reference, _me())
    if as_json:
        show(safe.json(_plain(token)))
    else:
        say(f"Token {token.name} ({token.id}) is revoked, and so are the sessions that were opened with it.")


def _state(token: Token, now: datetime) -> str:
    used = f"last used {token.used_at:%Y-%m-%d %H:%M} UTC" if token.used_at else "never used"
    fault = token.fault(now)
    until = fault or (f"expires {token.expires_at:%Y-%m-%d}" if token.expires_at else "never expires")
    by = f" by {token.revoked_by}" if token.revoked_by else ""
    return f"{_may(token)}; {until}{by}; {used}"


def _may(token: Token) -> str:
    where = "all repositories" if token.repositories is None else ", ".join(token.repositories)
    return f"{', '.join(token.roles)} on {where}"


def _plain(token: Token) -> dict[str, object]:
    return {name: getattr(token, name) for name in token.__slots__}


def _me() -> str:
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # No name for the user id, as in some containers.
        return "cli"
