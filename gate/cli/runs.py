"""``gate runs``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gate.store import Run


@click.command("runs", short_help="List recorded runs.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Newest runs to list.")
@click.option("--outcome", type=click.Choice(["pass", "fail", "inconclusive", "error"]), help="Only these.")
@click.option("--release", help="Only runs of this release.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(*, limit: int, outcome: str | None, release: str | None, store: str | None, as_json: bool) -> None:
    """List recorded runs, newest first.

    \b
    gate runs --outcome fail
    gate log last            read the newest one
    """
    from gate.cli.terminal import say, show, tell
    from gate.clock import SystemClock
    from gate.report import safe
    from gate.wiring import open_store

    with open_store(store, SystemClock(), os.environ) as (log, _):
        found = log.runs(limit, outcome=outcome, release=release)
    if as_json:
        for run in found:
            show(safe.json(run))
        return
    for run in found:
        say(_line(run))
    if not found:
        tell("No runs recorded yet; start one with `gate check` or `gate demo`.")


def _line(run: Run) -> str:
    ended = run.outcome.value if run.outcome else run.state.value
    what = f"{run.release or '-':<20} deployed {run.deployed_at:%Y-%m-%d %H:%M} UTC"
    return f"{run.id}  {ended:<12}  {what}  {run.reason}"
