"""``gate backtest``."""

from __future__ import annotations

import os
from pathlib import Path

import click

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("backtest", short_help="Judge past releases by recorded mentions.")
@click.option("-p", "--policy", "path", type=FILE, default=Path("gate.yml"), show_default=True)
@click.option("--mentions", type=FILE, multiple=True, required=True, help="JSON Lines, plain or .gz; may be repeated.")
@click.option("--releases", type=FILE, required=True, help="Past releases, one JSON object a line, plain or .gz.")
@click.option("--output", type=FILE, required=True, help="Where the verdicts go, one JSON object a line.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes; default: one for each core.")
@click.option("--scorer", help="Scorer, over the policy's.")
@click.option("--skip-bad-lines", is_flag=True, help="Count lines that are no mention, and go on.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(  # noqa: PLR0913 - one argument an option
    path: Path,
    *,
    mentions: tuple[Path, ...],
    releases: Path,
    output: Path,
    jobs: int | None,
    scorer: str | None,
    skip_bad_lines: bool,
    as_json: bool,
) -> None:
    """Judge past releases as the live gate would have: what would it have said, and when?

    A release is {"id", "deployed_at"} and, where it differs from the policy, "baseline_from",
    "baseline_to", "window_to"; with "stream" only mentions of that stream count. The sources and
    the control of the policy are not asked: what they would have said is in --mentions, the
    control's under the stream that a release names as its "control_stream". A baseline.file is
    read as the live gate reads it.

    \b
    gate backtest --mentions 2025.jsonl.gz --releases releases.jsonl --output verdicts.jsonl
    """
    from gate.cli.backtest_words import sentences
    from gate.cli.backtesting import Options, run
    from gate.cli.terminal import say
    from gate.clock import SystemClock
    from gate.report import safe

    options = Options(path, mentions, releases, output, jobs or os.cpu_count() or 1, scorer, skip_bad_lines)
    summary = run(options, SystemClock().now())
    if as_json:
        click.echo(safe.json(summary))
        return
    for sentence in sentences(summary):
        say(sentence)
    say(f"Wrote {output}.")
