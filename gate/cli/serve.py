"""``gate serve``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click


@click.command("serve", short_help="Run the service: API, page and a worker.")
@click.option("-c", "--config", type=click.Path(path_type=Path), help="service.yml; default $GATE_SERVICE.")
@click.option("--listen", metavar="HOST:PORT", help="Where to listen.  [default: 127.0.0.1:8080]")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@click.option("--name", help="Of the worker: stable, and no other worker's. Default: the name of this machine.")
@click.option(
    "--allow",
    metavar="HOST",
    multiple=True,
    help="Callbacks may go there; see docs/service.md. Default: $GATE_CALLBACK_HOSTS.",
)
@click.option("--runs", type=click.IntRange(1), help="Most runs at a time.  [default: 2000]")
@click.option("--log", type=click.Choice(["text", "json"]), help="Form of the logs.  [default: text]")
def command(  # noqa: PLR0913 - options
    *,
    config: Path | None,
    listen: str | None,
    store: str | None,
    name: str | None,
    allow: tuple[str, ...],
    runs: int | None,
    log: str | None,
) -> None:
    """Run the API, the page and a worker, until told to stop (Ctrl-C, SIGTERM).

    At its first start it prints a token that may do everything. What the command line says stands over the
    environment, and that over service.yml.

    \b
    gate serve
    gate serve --config service.yml --log json
    gate serve --listen 0.0.0.0:8080 --store postgresql://gate@db/gate

    Web server and worker are processes of their own. If one of them ends, the other one is stopped, for a supervisor
    to start anew. Needs the extra: pip install 'sentiment-gate[service]'
    """
    from gate.cli.serving import Options, serve

    sys.exit(serve(Options(config, store, name, allow, runs, log, listen), os.environ))
