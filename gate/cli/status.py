"""``gate status``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gate.cli import remote
from gate.cli.parameters import DURATION

if TYPE_CHECKING:
    from datetime import timedelta


@click.command("status", short_help="Say how a run stands on a service, and exit with its verdict.")
@remote.run
@click.option("--wait", is_flag=True, help="Follow the run until its verdict.")
@click.option("--timeout", type=DURATION, help="With --wait: for so long at most; then exit 13.")
@remote.service
@remote.token
@remote.as_json
def command(
    run: str, *, wait: bool, timeout: timedelta | None, url: str | None, token: str | None, as_json: bool
) -> None:
    """Say how a run stands on a service.

    \b
    gate status 261121-202630-x7k2qa
    gate status 261121-202630-x7k2qa --wait

    \b
    Exit codes: 0 promote · 10 fail · 11 inconclusive · 12 error · 13 waiting
    """
    from gate.cli import starting

    with remote.connect(url, token) as client:
        if wait:
            sys.exit(starting.follow(client, run, timeout, as_json=as_json).exit_code)
        verdict = client.verdict(run)
    remote.show_verdict(verdict, as_json=as_json)
    sys.exit(verdict.exit_code)
