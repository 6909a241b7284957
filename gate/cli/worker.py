"""``gate worker``."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command("worker", short_help="Watch the runs that callers ordered.")
@click.option("-c", "--config", type=click.Path(path_type=Path), help="service.yml; default $GATE_SERVICE.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@click.option("--name", help="Of this worker: stable, and no other worker's. Default: the name of this machine.")
@click.option(
    "--allow",
    metavar="HOST",
    multiple=True,
    help="Callbacks may go there; see docs/service.md. Default: $GATE_CALLBACK_HOSTS.",
)
@click.option("--runs", type=click.IntRange(1), help="Most runs at a time.  [default: 2000]")
@click.option("--log", type=click.Choice(["text", "json"]), help="Form of the logs.  [default: text]")
def command(
    *,
    config: Path | None,
    store: str | None,
    name: str | None,
    allow: tuple[str, ...],
    runs: int | None,
    log: str | None,
) -> None:
    """Watch runs from their order to the last callback, until told to stop (Ctrl-C, SIGTERM).

    Whatever happens to a worker, its runs go on: here after a restart, or on another worker, where the run log is a
    PostgreSQL that several share. On SQLite there is one worker.

    \b
    gate worker
    gate worker --store postgresql://gate@db/gate --name worker-1 --log json

    Needs the extra: pip install 'sentiment-gate[service]'
    """
    from gate.cli.serving import Options, work

    work(Options(config, store, name, allow, runs, log), os.environ)
