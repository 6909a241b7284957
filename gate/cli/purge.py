"""``gate purge``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from gate.cli.parameters import DURATION

if TYPE_CHECKING:
    from datetime import timedelta


@click.command("purge", short_help="Forget who wrote what, by age, id, author, or as platforms ask.")
@click.option("--older-than", "age", type=DURATION, help="All that was recorded this long ago, e.g. 30d.")
@click.option("--id", "ids", multiple=True, help="This mention, by its id on the platform; may be repeated.")
@click.option("--author", "authors", multiple=True, help="All of this author's, by the platform's author id.")
@click.option("--sync", is_flag=True, help="What its platform says was deleted: asks the sources of the policy.")
@click.option("--source", default="", help="Only mentions of this source.")
@click.option("-p", "--policy", "path", type=click.Path(path_type=Path), default=Path("gate.yml"), show_default=True)
@click.option("--evidence", "packs", type=click.Path(path_type=Path), multiple=True, help="In this pack too.")
@click.option("--dry-run", is_flag=True, help="Say what would be forgotten; ask and change nothing.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(  # noqa: PLR0913 - one option a way to choose
    age: timedelta | None,
    *,
    ids: tuple[str, ...],
    authors: tuple[str, ...],
    sync: bool,
    source: str,
    path: Path,
    packs: tuple[Path, ...],
    dry_run: bool,
    store: str | None,
    as_json: bool,
) -> NoReturn:
    """Forget mentions: text, id, author and conversation go; scores, times and the text's hash stay.

    Verdicts still follow from what is left: `gate log --verify` and `gate replay` hold, and say
    what was forgotten. X asks that deleted posts are forgotten within 24 hours: run
    `gate purge --sync` twice a day. Exits with 12 if a platform did not answer.

    \b
    gate purge --older-than 30d --dry-run
    gate purge --author 2244994945 --source x --evidence evidence/
    gate purge --sync --policy ci/gate.yml
    """
    from gate.cli.purging import Wanted, purge
    from gate.errors import UsageFault

    if age is None and not (ids or authors or sync):
        message = "nothing says what to forget"
        raise UsageFault(message, hint="give --older-than, --id, --author or --sync; --dry-run shows what would go")
    wanted = Wanted(age, ids, authors, source, sync, path, packs, dry_run=dry_run)
    sys.exit(purge(wanted, store, os.environ, as_json=as_json))
