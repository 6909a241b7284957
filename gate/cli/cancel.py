"""``gate cancel``."""

from __future__ import annotations

import click

from gate.cli import remote


@click.command("cancel", short_help="End a run without a verdict.")
@remote.run
@remote.reason
@remote.service
@remote.token
@remote.as_json
def command(run: str, *, reason: str, url: str | None, token: str | None, as_json: bool) -> None:
    """End a run without a verdict. Who, when and why stands in its log. Takes the role run or override.

    \b
    gate cancel 261121-202630-x7k2qa --reason "deployed to the wrong place"
    """
    with remote.connect(url, token) as client:
        found = client.cancel(run, reason)
    remote.show_run(found, as_json=as_json)
