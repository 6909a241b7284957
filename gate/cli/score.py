"""``gate score``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import click

BATCH = 256
"""Texts scored together at most: enough for scorers that batch, little enough to hold in memory."""


@click.command("score", short_help="Score texts: lines or JSON Lines in, JSON Lines out.")
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--scorer", "name", default=None, help="Scorer to use; without it the default one.")
@click.option(
    "-p", "--policy", type=click.Path(path_type=Path), help="Use the scorer of this policy, with its options."
)
@click.option("--explain", is_flag=True, help="Add the words that moved the score, strongest first.")
@click.option("--emotions", is_flag=True, help="Add the emotions that show, 0 … 1; English words only.")
def command(file: BinaryIO, name: str | None, policy: Path | None, *, explain: bool, emotions: bool) -> None:
    """Score texts, one a line: plain, or JSON objects with `text` (and `id`, `lang`).

    One JSON object a line comes out, in the same order, as soon as its line is there. A text that
    does not count has `dropped` with the reason in place of the numbers: `unscorable` (nothing to
    read in it), `language` (stated or detected, and not read by the scorer), `unreadable`.

    \b
    echo "the new login is horrible" | gate score --explain
    gate score mentions.jsonl --scorer vader > scores.jsonl
    tail -f posts.txt | gate score
    gate score mentions.jsonl --policy gate.yml
    """
    from gate.cli.scoring import Wanted, lines, must_explain, routes_by
    from gate.cli.texts import batches

    wanted = Wanted(routes_by(name, policy), explain, emotions)
    if explain:
        must_explain(wanted.routes)
    out = sys.stdout.buffer
    for batch in batches(file, BATCH):
        out.writelines(lines(batch, wanted))
        # The next read may wait for somebody to write, and a reader of ours must not wait with it.
        out.flush()
