"""``gate reject``."""

from __future__ import annotations

import click

from gate.cli import remote


@click.command("reject", short_help="Halt a release, whatever the evidence says.")
@remote.run
@remote.reason
@remote.service
@remote.token
@remote.as_json
def command(run: str, *, reason: str, url: str | None, token: str | None, as_json: bool) -> None:
    """Halt: end the run, or change how it ended. Who, when and why stands in its log.

    \b
    gate reject 261121-202630-x7k2qa --reason "support sees lost orders"
    """
    with remote.connect(url, token) as client:
        found = client.reject(run, reason)
    remote.show_run(found, as_json=as_json)
