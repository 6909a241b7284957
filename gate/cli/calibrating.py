"""Runs a calibration with its progress bar."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.backtest import (
    History,
    Shards,
    judge_all,
    pretend,
    read_cases,
    recommend,
    settings_of,
    stream_without_mention,
    summarise,
    too_short,
    try_window,
)
from gate.cli.backtesting import BadLines, check_output, distribute, in_turn, progress_bar, start_of
from gate.clock import cancellable
from gate.errors import UsageFault
from gate.policy import Overrides, load
from gate.report import content
from gate.report.curve import CurvePoint, detection_curve
from gate.wiring_recorded import check_baseline_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from gate.backtest import Case, Result
    from gate.policy import Policy

TIMES = (1, 2)
"""How many times as long as the policy's the windows are that are tried."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    policy: Path
    mentions: Sequence[Path]
    releases: Path | None
    stream: str
    windows: int
    jobs: int
    control_stream: str = ""
    scorer: str | None = None
    skip_bad_lines: bool = False
    output: Path | None = None
    """Where the picture is to go; it is only seen to be free."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What came of it."""

    history: History
    baseline: timedelta
    window: timedelta
    unreadable: int
    results: tuple[Result, ...]
    """The policy as it is first."""
    recommended: Result | None
    without_control: bool = False
    """Whether the policy has a control, and none was named here."""
    baseline_file: str = ""
    """Where the baseline of every window comes from, if not from the history itself."""

    @property
    def own(self) -> Result:
        """The policy as it is."""
        return self.results[0]


def run(options: Options, now: datetime) -> Calibration:
    """Pretend deploys all over the history, and sum up what the policy and settings around it make of them.

    Args:
        options: what is to be replayed.
        now: the time; what is dated after it is misdated, and no part of the history.

    Raises:
        UsageFault: the history is empty or too short; says how much is needed.
    """
    policy = load(options.policy, overrides=Overrides(scorer=options.scorer))
    _check_control(options)
    if options.output:
        named = [options.releases] if options.releases else []
        check_output(options.output, [options.policy, *named, *options.mentions], policy)
    check_baseline_file(policy)
    with cancellable():
        history = History(options.stream, until=now)
        with progress_bar("measuring") as advance:
            for file, progress in in_turn(options.mentions, advance):
                history.add(file, progress)
        cases = _cases(options, policy, history)
        settings = {policy.window.length * times: settings_of(policy.decision_rules(), times) for times in TIMES}
        tried, unreadable = _try(options, policy, cases, settings, now)
    results = []
    for length, several in settings.items():
        windows = [rows for case, rows in zip(cases, tried, strict=True) if _length(case) == length]
        if windows:
            results += [summarise(each, [rows[k] for rows in windows]) for k, each in enumerate(several)]
    return Calibration(
        history,
        policy.baseline.length,
        policy.window.length,
        unreadable,
        tuple(results),
        recommend(results),
        without_control=bool(policy.control and not options.control_stream),
        baseline_file=policy.baseline.file or "",
    )


def _check_control(options: Options) -> None:
    if options.control_stream and options.control_stream == options.stream:
        message = f"--control-stream and --stream are both {options.stream!r}: a stream cannot be its own control"
        raise UsageFault(message, hint="name the stream of others: the brand without the release, or a competitor")
    if options.control_stream and not options.stream:
        message = "--control-stream needs --stream: the control is told from the rest by its stream"
        raise UsageFault(message, hint="name the release's own stream too, by --stream")


def _cases(options: Options, policy: Policy, history: History) -> list[Case]:
    # Only when they were deployed matters of real releases, not what they were compared with.
    plain = replace(policy, baseline=replace(policy.baseline, release=None))
    real = [case.release for case in read_cases(options.releases, plain)] if options.releases else []
    if options.stream:
        real = [each for each in real if each.stream in {"", options.stream}]
    _check_history(options, policy, history)
    found: list[Case] = []
    for times in TIMES:
        window = policy.window.length * times
        found += pretend(
            history,
            baseline=policy.baseline,
            window=window,
            most=max(1, options.windows // times),
            name=policy.release,
            releases=real,
            control_stream=options.control_stream,
        )
        if not found:
            raise too_short(history, baseline=policy.baseline, window=window, said=content.duration)
    return found


def _check_history(options: Options, policy: Policy, history: History) -> None:
    """Refuse a history in which what each window is compared with does not stand."""
    if options.control_stream and options.control_stream not in history.streams:
        raise stream_without_mention(history, options.control_stream)
    release = policy.baseline.release
    if release and not policy.baseline.file and history.first and release < history.first:
        message = f"baseline.release, {release.isoformat()}, lies before the first mention, {history.first.isoformat()}"
        raise UsageFault(message, hint="add the mentions from then on to --mentions, or leave the key out to calibrate")


def _try(
    options: Options, policy: Policy, cases: Sequence[Case], settings: Mapping[timedelta, Sequence[Any]], now: datetime
) -> tuple[list[Any], int]:
    """Return the trials of each case, in order, and how many lines were no mention."""
    start = start_of(policy, options.policy, cases)
    tried: dict[int, Any] = {}
    with tempfile.TemporaryDirectory(prefix="gate-calibrate-") as folder:
        with Shards(Path(folder), cases, now) as shards, progress_bar("reading") as advance:
            distribute(options.mentions, shards, advance, skip_bad_lines=options.skip_bad_lines)
        bad = BadLines(options.mentions, skip=options.skip_bad_lines)
        work = list(zip(shards.paths, shards.groups, strict=True))
        with progress_bar("replaying") as advance:
            trying = partial(try_window, settings)
            for done in judge_all(cases, work, start, options.jobs, trying, unreadable=bad):
                tried |= done
                advance(len(tried) / len(cases))
    return [tried[index] for index in range(len(cases))], shards.skipped + bad.count


def _length(case: Case) -> timedelta:
    return case.release.window_to - case.release.deployed_at


def picture(found: Calibration) -> str:
    """Draw how often each change is caught by the policy as it is."""
    own = found.own
    points = [
        CurvePoint(point.change, point.caught.part, *point.caught.interval()) for point in own.points if point.caught.of
    ]
    usual = own.caught(0.8)
    return detection_curve(
        points,
        title="What this policy catches, and how often it halts for nothing",
        subtitle=f"{content.count(own.false_halts.of, 'window')} of {content.duration(found.window)} in which nothing was"
        " deployed; shaded: 95 % intervals",
        reached=None if usual.change is None else (usual.part, usual.change),
    )
