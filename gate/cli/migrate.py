"""``gate migrate``."""

from __future__ import annotations

import os

import click


@click.command("migrate", short_help="Bring the run log to the schema of this gate, or back to an older one.")
@click.option("--to", "version", type=int, metavar="N", help="Schema to bring it to; default this gate's own.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@click.option("--yes", is_flag=True, help="Do not ask before going back, which forgets what the older schema lacks.")
def command(*, version: int | None, store: str | None, yes: bool) -> None:
    """Bring the run log to the schema of this gate, or back to an older one.

    Any command does the first by itself when it opens the run log; going back is for returning to an older gate. Stop the
    service and make a backup before.

    \b
    gate migrate
    gate migrate --to 3
    """
    from gate.cli.terminal import say, tell
    from gate.store import default_url, missing
    from gate.store.database import migrate, parse_url, shown
    from gate.store.tables import SCHEMA_VERSION

    where = store or default_url(os.environ)
    if path := missing(where):
        tell(f"No run log yet at {path}; `gate check` makes one.")
        return
    url = parse_url(where)
    wanted = SCHEMA_VERSION if version is None else version
    if wanted < SCHEMA_VERSION and not yes:
        click.confirm(f"Bring {shown(url)} back to schema {wanted}, and forget what it lacks?", abort=True, err=True)
    say(f"{shown(url)} has schema {migrate(url, wanted)}")
