"""``gate runs``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gate.store import Run


ENDINGS = ["pass", "fail", "inconclusive", "error", "cancelled", "broken", "running"]
"""Outcomes, and the states of runs that have none."""
LONGEST_RELEASE = 24


@click.command("runs", short_help="List recorded runs.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Newest runs to list.")
@click.option("--outcome", type=click.Choice(ENDINGS), help="Only runs that ended so, or still go on.")
@click.option("--release", help="Only runs of this release.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(*, limit: int, outcome: str | None, release: str | None, store: str | None, as_json: bool) -> None:
    """List recorded runs, newest first.

    \b
    gate runs --outcome fail
    gate log last            read the newest one
    """
    from gate.cli.terminal import show, tell
    from gate.clock import SystemClock
    from gate.report import safe
    from gate.store import State, default_url, missing
    from gate.wiring import open_store

    if path := missing(store or default_url(os.environ)):
        tell(f"No run log yet at {path}; `gate check` makes one.")
        return
    with open_store(store, SystemClock(), os.environ) as (log, _):
        without = State(outcome) if outcome in set(State) else None
        found, name = log.runs(limit, outcome=None if without else outcome, state=without, release=release), log.name
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
    elif not found:
        tell(
            f"No runs recorded yet in {name}.\n  next: start one with `gate check`, or name another run log with --store"
        )


def _release(run: Run) -> str:
    from gate.report import safe

    return safe.one_line(run.release, LONGEST_RELEASE) or "-"


def _line(run: Run, width: int) -> str:
    from gate.report import safe

    ended = run.outcome.value if run.outcome else run.state.value
    release = _release(run)
    padding = " " * (width - safe.columns(release))
    deployed = f"deployed {run.deployed_at:%Y-%m-%d %H:%M} UTC"
    return f"{run.id}  {ended:<12}  {release}{padding}  {deployed}  {safe.terminal(run.reason)}".rstrip()
