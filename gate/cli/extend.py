"""``gate extend``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from gate.cli import remote
from gate.cli.parameters import DURATION, MOMENT

if TYPE_CHECKING:
    from datetime import datetime


@click.command("extend", short_help="Watch a release for longer.")
@remote.run
@click.option("--until", type=MOMENT, help="When the window is to close.")
@click.option("--by", "longer", type=DURATION, help="Instead: so much later than it does now.")
@remote.reason
@remote.service
@remote.token
@remote.as_json
def command(  # noqa: PLR0913 - options
    run: str,
    *,
    until: datetime | timedelta | None,
    longer: timedelta | None,
    reason: str,
    url: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Let the window of a run close later. Who, when and why stands in its log.

    \b
    gate extend 261121-202630-x7k2qa --by 30m --reason "few posts so far"
    gate extend 261121-202630-x7k2qa --until 2026-03-10T18:00:00Z --reason "few posts so far"
    """
    from gate.errors import UsageFault

    if (until is None) == (longer is None) or isinstance(until, timedelta):
        message = "it is not said until when to watch"
        raise UsageFault(message, hint="give --until TIME or --by DURATION")
    with remote.connect(url, token) as client:
        ends = until or client.run(run).window_to + (longer or timedelta(0))
        found = client.extend(run, reason, ends)
    remote.show_run(found, as_json=as_json)
