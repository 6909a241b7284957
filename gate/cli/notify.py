"""``gate notify``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click


@click.command("notify", short_help="Send a test to whoever the policy's actions tell.")
@click.option("--test", is_flag=True, help="Send it.")
@click.option("-p", "--policy", "path", type=click.Path(path_type=Path), default=Path("gate.yml"), show_default=True)
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
def command(path: Path, *, test: bool, dry_run: bool) -> None:
    """See whether notices arrive, before a release depends on it.

    Sends a notice that calls itself a test through each action of the policy that only tells: `notify`
    and `webhook`. What rolls back, or runs a program, is left alone. Exits with 12 if one of them fails.

    \b
    gate notify --test
    gate notify --test --policy ci/gate.yml --dry-run
    """
    from gate.cli.notifying import rehearse

    sys.exit(rehearse(path, os.environ, test=test, dry_run=dry_run))
