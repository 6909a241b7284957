"""``gate worker``."""

from __future__ import annotations

import os

import click


@click.command("worker", short_help="Watch the runs that callers ordered.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@click.option("--name", help="Of this worker: stable, and no other worker's. Default: the name of this machine.")
@click.option(
    "--allow", metavar="HOST[:PORT]", multiple=True, help="Callbacks may be sent there. Default: $GATE_CALLBACK_HOSTS."
)
@click.option("--runs", type=click.IntRange(1), default=2000, show_default=True, help="Most runs at a time.")
@click.option("--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the logs.")
def command(*, store: str | None, name: str | None, allow: tuple[str, ...], runs: int, log: str) -> None:
    """Watch runs from their order to the last callback, until told to stop (Ctrl-C, SIGTERM).

    Whatever happens to a worker, its runs go on: here after a restart, or on another worker, where the run log is a
    PostgreSQL that several share. On SQLite there is one worker.

    \b
    gate worker
    gate worker --store postgresql://gate@db/gate --name worker-1 --log json

    Needs the extra: pip install 'sentiment-gate[service]'
    """
    from gate.cli.serving import Options, work

    hosts = allow or tuple(os.environ.get("GATE_CALLBACK_HOSTS", "").split())
    work(Options(store=store, name=name, allowed=hosts, runs=runs, json_logs=log == "json"), os.environ)
