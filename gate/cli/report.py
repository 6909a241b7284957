"""``gate report``."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command("report", short_help="Write a run as one HTML file, Markdown, JSON or a picture.")
@click.argument("run", default="last")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "md", "json", "png"]),
    default="html",
    show_default=True,
    help="Form of the report; png holds the charts.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; default: standard output.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
def command(run: str, *, form: str, output: Path | None, store: str | None) -> None:
    """Write all that is known of a run into one file: for an artifact, a mail or a chat.

    RUN is an id from `gate runs`, the beginning of one, `last`, or the folder of an evidence pack.
    The HTML needs nothing but itself: charts, numbers, what people say (where the policy keeps
    texts) and the log are in it, and it holds no script.

    \b
    gate report last -o report.html
    gate report evidence/ --format md >> "$GITHUB_STEP_SUMMARY"
    gate report 261121-2026 --format png -o charts.png

    HTML and PNG need the extra: pip install 'sentiment-gate[service]'
    """
    from gate.cli.reporting import read, write

    write(read(run, store, os.environ), form, output)
