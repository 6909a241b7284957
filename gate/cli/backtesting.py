"""Runs a backtest with its progress bar."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.backtest import Shards, judge_all, read_cases
from gate.canonical import dumps
from gate.cli.files import cannot_write
from gate.clock import cancellable
from gate.errors import UsageFault
from gate.policy import Overrides, load
from gate.wiring import build_recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Advance = Callable[[float], None]
    """Told the part that is done, 0 … 1."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    policy: Path
    mentions: Sequence[Path]
    releases: Path
    output: Path
    jobs: int
    scorer: str | None = None
    skip_bad_lines: bool = False


def run(options: Options) -> dict[str, Any]:
    """Judge every release and write the verdicts; return the counts."""
    policy = load(options.policy, overrides=Overrides(scorer=options.scorer))
    cases = read_cases(options.releases, policy)
    with cancellable(), tempfile.TemporaryDirectory(prefix="gate-backtest-") as folder:
        with Shards(Path(folder), cases) as shards, progress_bar("reading") as advance:
            distribute(options.mentions, shards, advance, skip_bad_lines=options.skip_bad_lines)
        if not shards.lines:
            message = "there is no mention in what --mentions names, so there is nothing to judge"
            raise UsageFault(message, hint="see that the files hold JSON Lines, and that lines were not all skipped")
        verdicts: dict[int, dict[str, Any]] = {}
        start = (build_recorded, dumps(policy.to_plain()).decode(), str(options.policy))
        with progress_bar("judging") as advance:
            for done in judge_all(cases, list(zip(shards.paths, shards.groups, strict=True)), start, options.jobs):
                verdicts |= done
                advance(len(verdicts) / len(cases))
    _write(options.output, [verdicts[index] for index in range(len(cases))])
    outcomes = Counter(verdict["outcome"] for verdict in verdicts.values())
    return {
        "releases": len(cases),
        "mentions": shards.lines,
        "unreadable_lines": shards.skipped,
        "outcomes": dict(sorted(outcomes.items())),
        "without_control": sum(not case.control_stream for case in cases) if policy.control else 0,
    }


def distribute(files: Sequence[Path], shards: Shards, advance: Advance, *, skip_bad_lines: bool) -> None:
    """Sort the mentions of all files by the release that needs them."""
    for file, progress in in_turn(files, advance):
        shards.add(file, skip_bad_lines=skip_bad_lines, progress=progress)


def in_turn(files: Sequence[Path], advance: Advance) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """Yield each file with what is to be told the position in it; ``advance`` hears the part of all files."""
    total, before = sum(map(_size, files)), 0

    def told(before: int, position: int) -> None:
        advance((before + position) / max(1, total))

    for file in files:
        yield file, partial(told, before)
        before += _size(file)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _write(output: Path, verdicts: Sequence[dict[str, Any]]) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("wb") as file:
            for verdict in verdicts:
                file.write(dumps(verdict) + b"\n")
    except OSError as error:
        raise cannot_write(output, error) from error


@contextmanager
def progress_bar(what: str) -> Iterator[Advance]:
    """Show a bar on a terminal, and nothing elsewhere: a log needs no bar."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda done: progress.update(task, completed=done)
