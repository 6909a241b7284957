"""Runs a backtest with its progress bar."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.backtest import Shards, judge_all, no_mention, place_of, read_cases
from gate.canonical import dumps
from gate.cli.files import check_writable, write
from gate.clock import cancellable
from gate.errors import UsageFault
from gate.model import Outcome
from gate.policy import Overrides, load
from gate.wiring_recorded import build_recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from gate.backtest import Case, Judged
    from gate.backtest.setup import Builder
    from gate.policy import Policy

    Advance = Callable[[float], None]
    """Told the part that is done, 0 … 1."""


UNSURE = (Outcome.INCONCLUSIVE.value, Outcome.ERROR.value)


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


def run(options: Options, now: datetime) -> dict[str, Any]:
    """Judge every release and write the verdicts; return the summary.

    Args:
        options: what is to be judged.
        now: the time; what is dated after it is misdated, and says nothing about how long the recording went on.

    Raises:
        UsageFault: what is to be judged cannot be read, or the verdicts could not be written.
    """
    policy = load(options.policy, overrides=Overrides(scorer=options.scorer))
    cases = read_cases(options.releases, policy)
    check_output(options.output, [options.policy, options.releases, *options.mentions], policy)
    with cancellable(), tempfile.TemporaryDirectory(prefix="gate-backtest-") as folder:
        with Shards(Path(folder), cases, now) as shards, progress_bar("reading") as advance:
            distribute(options.mentions, shards, advance, skip_bad_lines=options.skip_bad_lines)
        if not shards.lines:
            message = "there is no mention in what --mentions names, so there is nothing to judge"
            raise UsageFault(message, hint="see that the files hold JSON Lines, and that lines were not all skipped")
        cases = [replace(case, recorded_to=shards.last(case.release.stream)) for case in cases]
        found: dict[int, Judged] = {}
        bad = BadLines(options.mentions, skip=options.skip_bad_lines)
        start, work = start_of(policy, options.policy, cases), list(zip(shards.paths, shards.groups, strict=True))
        with progress_bar("judging") as advance:
            for done in judge_all(cases, work, start, options.jobs, unreadable=bad):
                found |= done
                advance(len(found) / len(cases))
    judged = [found[index] for index in range(len(cases))]
    write(options.output, "".join(f"{dumps(each.verdict).decode()}\n" for each in judged))
    return {
        "releases": len(cases),
        "mentions": shards.lines - bad.count,
        "unreadable_lines": shards.skipped + bad.count,
        "dated_after_now": shards.ahead,
        "without_control": sum(not case.control_stream for case in cases) if policy.control else 0,
        **_summary(judged),
    }


def _summary(judged: Sequence[Judged]) -> dict[str, Any]:
    """Count the outcomes, and name what deserves a closer look."""
    outcomes = Counter(each.verdict["outcome"] for each in judged)
    unsure: dict[str, list[dict[str, Any]]] = {}
    for verdict in (each.verdict for each in judged if each.verdict["outcome"] in UNSURE):
        unsure.setdefault(verdict["code"], []).append(verdict)
    failed = [each.verdict for each in judged if each.verdict["outcome"] == Outcome.FAIL.value]
    return {
        "outcomes": dict(sorted(outcomes.items())),
        "failed": [{name: each[name] for name in ("id", "code", "reason", "decided_at")} for each in failed],
        "unsure": [
            {"code": code, "reason": several[0]["reason"], "ids": [each["id"] for each in several]}
            for code, several in sorted(unsure.items())
        ],
        "without_mentions": [each.verdict["id"] for each in judged if each.silent],
        "control_without_mentions": [each.verdict["id"] for each in judged if each.control_silent],
        "recording_ended_early": [each.verdict["id"] for each in judged if each.ended_early and not each.silent],
    }


def check_output(output: Path, files: Sequence[Path], policy: Policy) -> None:
    """See that a file can be written, and is none of those that are read: the given ones, and the policy's baseline.file.

    Raises:
        UsageFault: it cannot be written, or would overwrite what is read.
    """
    before = [policy.folder / Path(policy.baseline.file).expanduser()] if policy.baseline.file else []
    for file in (*files, *before):
        if output.resolve() == file.resolve():
            message = f"--output would overwrite {file}, which is read"
            raise UsageFault(message, hint="name another file for --output")
    check_writable(output)


class BadLines:
    """Lines that turn out to be no mention when they are read whole: refused by their place, or counted, each once."""

    def __init__(self, files: Sequence[Path], *, skip: bool) -> None:
        """Take where they come from, and whether to go on without them."""
        self._files = files
        self._skip = skip
        self._seen: set[bytes] = set()

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self._seen)

    def __call__(self, line: bytes) -> None:
        """Hear of one.

        Raises:
            UsageFault: such lines are not to be skipped.
        """
        if not self._skip:
            raise no_mention(*place_of(line, self._files), line)
        self._seen.add(hashlib.blake2b(line.rstrip(b"\r\n"), digest_size=16).digest())


def start_of(policy: Policy, path: Path, cases: Sequence[Case]) -> tuple[Builder, str, str]:
    """Return what each process builds its parts from; of a file of the baseline's it reads what some case needs."""
    since = min(case.release.baseline_from for case in cases)
    until = max(case.release.baseline_to for case in cases)
    return partial(build_recorded, since=since, until=until), dumps(policy.to_plain()).decode(), str(path)


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
