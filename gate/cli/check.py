"""``gate check``."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from gate.cli import pipelines
from gate.cli.parameters import MOMENT, label

if TYPE_CHECKING:
    from datetime import datetime, timedelta


@click.command("check", short_help="Watch until there is a verdict: the main job.")
@click.option("-p", "--policy", "path", type=click.Path(path_type=Path), default=Path("gate.yml"), show_default=True)
@click.option("--deployed-at", type=MOMENT, default="now", show_default=True, help="When the release went out.")
@click.option("--release", help="Hashtag or phrase that users write, over the policy's.")
@click.option("--window", metavar="DURATION", help="How long to watch after the deploy, over the policy's.")
@click.option("--baseline", metavar="DURATION", help="How far to look back before the deploy, over the policy's.")
@click.option("--scorer", help="Scorer, over the policy's.")
@click.option("--stream", default="", help="Only mentions of this stream, in files that hold several.")
@click.option(
    "--dry-run", is_flag=True, default=None, help="Record the true outcome, but always promote (exit 0); send nothing."
)
@click.option("--label", "labels", metavar="NAME=VALUE", multiple=True, help="To find the run by, and for actions.")
@click.option("--keep-text", is_flag=True, default=None, help="Keep the text of mentions in log and evidence.")
@click.option("--evidence", type=click.Path(path_type=Path), help="Write the evidence pack to this folder.")
@click.option("--force", is_flag=True, help="Replace an evidence pack that is there.")
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@click.option("--plain", is_flag=True, help="Timestamped lines even on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@pipelines.option
def command(  # noqa: PLR0913 - the options of the main command
    path: Path,
    *,
    deployed_at: datetime | timedelta,
    release: str | None,
    window: str | None,
    baseline: str | None,
    scorer: str | None,
    stream: str,
    dry_run: bool | None,
    labels: tuple[str, ...],
    keep_text: bool | None,
    evidence: Path | None,
    force: bool,
    store: str | None,
    plain: bool,
    as_json: bool,
    system: str | None,
) -> NoReturn:
    """Watch what users write after a deploy, and exit with the verdict.

    A window that lies in the past is looked through at once, look by look, as it would have
    been live. Progress goes to stderr, the verdict to stdout.

    \b
    gate check                                     the release went out just now
    gate check --deployed-at 2026-03-10T14:00:00Z  it went out then
    gate check --deployed-at "10m ago" --evidence evidence/
    gate check --json > verdict.json

    \b
    Exit codes: 0 pass · 10 fail · 11 inconclusive · 12 error
    """
    # Thousands of small objects that stay and no cycles, from the first import on: looking for garbage at every 700th
    # costs a tenth of a run.
    gc.set_threshold(100_000, 50, 50)
    from gate.cli.checking import Options, check
    from gate.policy import Overrides

    overrides = Overrides(
        release=release, length=window, baseline=baseline, scorer=scorer, dry_run=dry_run, keep_text=keep_text
    )
    named = dict(map(label, labels))
    options = Options(path, overrides, stream, evidence, force, store, plain, as_json, named)
    with pipelines.telling(system, os.environ) as ci:
        sys.exit(check(options, deployed_at, os.environ, ci))
