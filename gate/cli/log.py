"""``gate log``."""

from __future__ import annotations

import os
import sys

import click

from gate.cli import remote


@click.command("log", short_help="Read one run like a story, or verify it.")
@click.argument("run", default="last")
@click.option("--verify", is_flag=True, help="Recompute every hash; exit 12 if anything was changed.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@remote.service
@remote.token
@click.option("--json", "as_json", is_flag=True, help="One event a line, as recorded.")
def command(run: str, *, verify: bool, store: str | None, url: str | None, token: str | None, as_json: bool) -> None:
    """Read what a run looked at, what it saw and why it decided.

    RUN is an id from `gate runs`, the beginning of one, or `last`.

    \b
    gate log last
    gate log last --verify
    gate log 261121-202630-x7k2qa --service https://gate.example.com
    """
    url = url or (None if store else os.environ.get("GATE_URL"))
    if url:
        _from_service(run, url, token, as_json=as_json, verify=verify)
        return
    from gate.cli.terminal import say, show, style
    from gate.clock import SystemClock
    from gate.errors import EvidenceFault, UsageFault
    from gate.report import safe
    from gate.report.story import story
    from gate.store import default_url, missing
    from gate.wiring import open_store

    if path := missing(store or default_url(os.environ)):
        message = f"no run log yet at {path}"
        raise UsageFault(message, hint="`gate check` makes one; name another run log with --store")
    with open_store(store, SystemClock(), os.environ) as (log, _):
        # Verified before it is read: a row that was changed may not be readable at all.
        problems = log.verify(run) if verify else []
        found = None if problems else log.run(run)
        events = log.events(found.id) if found and not verify else []
    if found is None:
        message = f"run {run} is not as it was recorded:\n" + "\n".join(f"  {each}" for each in problems)
        raise EvidenceFault(message, hint="somebody or something wrote to the database behind the gate's back")
    if verify:
        say(f"Run {found.id}: all {found.events} events are as they were recorded.")
        say(f"head {found.head}")
        return
    for event in events:
        if as_json:
            show(safe.json(event))
    if not as_json:
        say(f"run {found.id}")
        show("\n".join(story(events, style(sys.stdout).encoding)))


def _from_service(run: str, url: str, token: str | None, *, as_json: bool, verify: bool) -> None:
    from gate.cli.terminal import say, show, style
    from gate.errors import UsageFault
    from gate.report import safe
    from gate.report.story import story

    if verify:
        message = "--verify reads the run log itself"
        raise UsageFault(message, hint="run it where the service runs, with --store")
    with remote.connect(url, token) as client:
        if run == "last":
            run = next((each.id for each in client.runs(1)), run)
        events = list(client.log(run))
    if as_json:
        for event in events:
            show(safe.json(event))
        return
    say(f"run {run}")
    show("\n".join(story(events, style(sys.stdout).encoding)))
