"""``gate calibrate``."""

from __future__ import annotations

import os
from pathlib import Path

import click

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("calibrate", short_help="Replay your history: false halts, and what would be caught.")
@click.option("-p", "--policy", "path", type=FILE, default=Path("gate.yml"), show_default=True)
@click.option("--mentions", type=FILE, multiple=True, required=True, help="JSON Lines, plain or .gz; may be repeated.")
@click.option("--releases", type=FILE, help="Real releases, one JSON object a line: their windows are left out.")
@click.option("--stream", default="", help="Only mentions of this stream.")
@click.option("--control-stream", default="", help="Stream of the control: what --stream is judged against.")
@click.option("--output", type=FILE, help="Where the picture goes, as .svg.")
@click.option("--windows", type=click.IntRange(1), default=100, show_default=True, help="At most so many windows.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes; default: one for each core.")
@click.option("--scorer", help="Scorer, over the policy's.")
@click.option("--skip-bad-lines", is_flag=True, help="Count lines that are no mention, and go on.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(  # noqa: PLR0913 - one argument an option
    path: Path,
    *,
    mentions: tuple[Path, ...],
    releases: Path | None,
    stream: str,
    control_stream: str,
    output: Path | None,
    windows: int,
    jobs: int | None,
    scorer: str | None,
    skip_bad_lines: bool,
    as_json: bool,
) -> None:
    """Replay windows in which nothing was deployed: how often would this policy have halted for nothing?

    Then part of the mentions is turned negative, more and more of them: what is the smallest change it would
    have caught, and how soon? From both follows which alpha and window to take, and what a tolerance costs.

    \b
    gate calibrate --mentions 2025.jsonl.gz --output calibration.svg
    gate calibrate --mentions 2025.jsonl.gz --releases releases.jsonl --json
    """
    from gate.cli.calibrating import Options, picture, run
    from gate.cli.calibration_table import plain, table
    from gate.cli.files import write
    from gate.cli.terminal import say, show
    from gate.clock import SystemClock
    from gate.report import safe

    if output:
        _check_picture(output)
    options = Options(
        policy=path,
        mentions=mentions,
        releases=releases,
        stream=stream,
        control_stream=control_stream,
        windows=windows,
        jobs=jobs or os.cpu_count() or 1,
        scorer=scorer,
        skip_bad_lines=skip_bad_lines,
        output=output,
    )
    found = run(options, SystemClock().now())
    if output:
        write(output, picture(found))
    if as_json:
        show(safe.json(plain(found)))
        return
    show(table(found))  # Numbers and our own words, in columns.
    if output:
        say(f"Wrote {output}.")


def _check_picture(output: Path) -> None:
    from gate.errors import UsageFault

    if output.suffix.lower() not in {"", ".svg"}:
        message = f"the picture is an SVG, and {output.name} ends in {output.suffix}"
        raise UsageFault(message, hint=f"write --output {output.with_suffix('.svg')}")
