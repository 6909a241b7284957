"""``gate runs``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from gate.cli import remote

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Protocol

    class Run(Protocol):
        """A run of this machine's log, or of a service."""

        id: str
        state: str
        release: str
        deployed_at: datetime
        outcome: str | None
        reason: str


ENDINGS = ["pass", "fail", "inconclusive", "error", "cancelled", "broken", "running"]
"""Outcomes, and the states of runs that have none."""
STATES = ("cancelled", "broken", "running")
LONGEST_RELEASE = 24


@click.command("runs", short_help="List recorded runs.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Newest runs to list.")
@click.option("--outcome", type=click.Choice(ENDINGS), help="Only runs that ended so, or still go on.")
@click.option("--release", help="Only runs of this release.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@remote.service
@remote.token
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(  # noqa: PLR0913 - options
    *,
    limit: int,
    outcome: str | None,
    release: str | None,
    store: str | None,
    url: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """List recorded runs, newest first.

    \b
    gate runs --outcome fail
    gate runs --service https://gate.example.com
    gate log last            read the newest one
    """
    from gate.cli.terminal import show, tell
    from gate.report import safe
    from gate.store import default_url, missing

    url = url or (None if store else os.environ.get("GATE_URL"))
    if url:
        found, name = _of_service(url, token, limit, outcome, release), url
    elif path := missing(store or default_url(os.environ)):
        tell(f"No run log yet at {path}; `gate check` makes one.")
        return
    else:
        found, name = _of_store(store, limit, outcome, release)
    if as_json:
        for run in found:
            show(safe.json(run))
        return
    width = max((safe.columns(_release(run)) for run in found), default=0)
    for run in found:
        show(_line(run, width))
    if not found and (outcome or release):
        asked = [f"--outcome {outcome}"] * bool(outcome) + [f"--release {release}"] * bool(release)
        tell(f"No run matches {' '.join(asked)}; `gate runs` lists all.")
    elif not found and not url and (path := missing(store or default_url(os.environ))):
        tell(f"No run log yet at {path}; `gate check` makes one.")
    elif not found:
        tell(
            f"No runs recorded yet in {name}.\n  next: start one with `gate check`, or name another run log with --store"
        )


def _of_service(url: str, token: str | None, limit: int, outcome: str | None, release: str | None) -> list[Any]:
    state = outcome if outcome in STATES else None
    with remote.connect(url, token) as client:
        return list(client.runs(limit, state=state, outcome=None if state else outcome, release=release))


def _of_store(store: str | None, limit: int, outcome: str | None, release: str | None) -> tuple[list[Any], str]:
    from gate.clock import SystemClock
    from gate.store import State, default_url, missing
    from gate.wiring import open_store

    if path := missing(store or default_url(os.environ)):
        return [], str(path)
    with open_store(store, SystemClock(), os.environ) as (log, _):
        state = State(outcome) if outcome in STATES else None
        return list(log.runs(limit, outcome=None if state else outcome, state=state, release=release)), log.name


def _release(run: Run) -> str:
    from gate.report import safe

    return safe.one_line(run.release, LONGEST_RELEASE) or "-"


def _line(run: Run, width: int) -> str:
    from gate.report import safe

    ended = str(run.outcome or run.state)
    release = _release(run)
    padding = " " * (width - safe.columns(release))
    deployed = f"deployed {run.deployed_at:%Y-%m-%d %H:%M} UTC"
    return f"{run.id}  {ended:<12}  {release}{padding}  {deployed}  {safe.terminal(run.reason)}".rstrip()
