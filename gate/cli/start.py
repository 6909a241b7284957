"""``gate start``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gate.cli import pipelines, remote
from gate.cli.parameters import DURATION, MOMENT

if TYPE_CHECKING:
    from datetime import datetime, timedelta


@click.command("start", short_help="Start a run on a service.")
@click.option("-p", "--policy", "path", type=click.Path(path_type=Path), help="Policy to send.  [default: gate.yml]")
@click.option("--policy-name", "name", help="Instead: of a policy that the service holds.")
@click.option("--deployed-at", type=MOMENT, default="now", show_default=True, help="When the release went out.")
@click.option("--release", help="Hashtag or phrase that users write, over the policy's.")
@click.option("--label", "labels", metavar="NAME=VALUE", multiple=True, help="To find the run by; may be repeated.")
@click.option("--callback", metavar="URL", help="Where the service sends the verdict.")
@click.option("--callback-secret", metavar="'${NAME}'", help="Of the service's environment: signs what is sent there.")
@click.option("--key", default="", help="The same order with the same key is the same run.")
@click.option("--wait", is_flag=True, help="Follow the run, and exit with its verdict.")
@click.option("--timeout", type=DURATION, help="With --wait: for so long at most; then exit 13.")
@remote.service
@remote.token
@pipelines.option
@click.option("--audience", help="With --ci and no token: whom GitHub's is for; the service's address if not given.")
@remote.as_json
def command(  # noqa: PLR0913 - options
    *,
    path: Path | None,
    name: str | None,
    deployed_at: datetime | timedelta,
    release: str | None,
    labels: tuple[str, ...],
    callback: str | None,
    callback_secret: str | None,
    key: str,
    wait: bool,
    timeout: timedelta | None,
    url: str | None,
    token: str | None,
    system: str | None,
    audience: str | None,
    as_json: bool,
) -> None:
    """Start a run on a service, and print its id; it goes on there, whatever becomes of this command.

    \b
    gate start --policy-name checkout --label repository=acme/app
    gate start -p gate.yml --release "#acme24" --wait
    gate start -p gate.yml --ci github --wait      in a job with id-token: write; no token is stored

    \b
    Exit codes with --wait: 0 promote · 10 fail · 11 inconclusive · 12 error · 13 not decided within --timeout
    """
    from gate.cli import starting

    with pipelines.telling(system, os.environ) as ci:
        order = starting.order_of(path, name, deployed_at, release, labels, (callback, callback_secret), key)
        with pipelines.connect(ci, url, token, audience) as client:
            run_id = client.start(order)
            starting.started(run_id, as_json=as_json and not wait, wait=wait)
            verdict = starting.follow(client, run_id, timeout, as_json=as_json) if wait else None
            if ci:
                ci.write(starting.report(client, run_id, verdict), verdict.exit_code if verdict else 0,
                         url=starting.page(remote.address(url), run_id))  # fmt: skip
        if verdict:
            sys.exit(verdict.exit_code)
