"""``gate serve``."""

from __future__ import annotations

import os
import sys

import click


@click.command("serve", short_help="Run a worker, and health checks beside it.")
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:8080", show_default=True, help="Where to listen.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@click.option("--name", help="Of the worker: stable, and no other worker's. Default: the name of this machine.")
@click.option(
    "--allow", metavar="HOST[:PORT]", multiple=True, help="Callbacks may be sent there. Default: $GATE_CALLBACK_HOSTS."
)
@click.option("--runs", type=click.IntRange(1), default=2000, show_default=True, help="Most runs at a time.")
@click.option("--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the logs.")
def command(*, listen: str, store: str | None, name: str | None, allow: tuple[str, ...], runs: int, log: str) -> None:
    """Run a worker, and health checks beside it, until told to stop (Ctrl-C, SIGTERM); the API is still to come.

    Both are processes of their own. If one of them ends, the other one is stopped, for a supervisor to start anew.

    \b
    gate serve
    gate serve --listen 0.0.0.0:8080 --store postgresql://gate@db/gate

    Needs the extra: pip install 'sentiment-gate[service]'
    """
    from gate.cli.serving import Options, serve

    hosts = allow or tuple(os.environ.get("GATE_CALLBACK_HOSTS", "").split())
    options = Options(store=store, name=name, allowed=hosts, runs=runs, json_logs=log == "json")
    sys.exit(serve(listen, options, os.environ))
