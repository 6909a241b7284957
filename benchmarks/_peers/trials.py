"""Tries every method on every stream of a scenario: one reading and one scoring of the mentions for all of them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from bisect import bisect_left
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmarks._peers.methods import METHODS
from gate.backtest import read_cases
from gate.backtest.judging import Remembering
from gate.language import Routes
from gate.model import Coverage, Outcome, Period, Scored
from gate.policy import load_text
from gate.reading import Reader
from gate.records import MentionReader
from gate.sources.file.json_lines import parse
from gate.wiring import build_recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from gate.decide import Decider
    from gate.model import Mention, Release
    from gate.reading import Plan

OURS = "gate"
POLICY = """\
version: 1
release: peers
sources: [{{type: file, path: mentions.jsonl}}]
window: {{settle: 5m, length: 12h, every: 60s}}
baseline: {{length: 12h}}
filters: {{near_duplicates: {copies}}}
scorer: {scorer}
on: {{inconclusive: hold, error: hold}}
"""
"""The default rules."""

Halts = dict[str, int | None]
"""By method: mentions seen when it halted; None where it never did."""


@dataclass(frozen=True)
class Task:
    """A scenario of simulated streams, or the folder of recorded events."""

    scorer: str
    copies: Literal["drop", "keep"] = "drop"
    """What becomes of near-duplicates. The simulated streams draw from few posts, so that many of theirs are copies."""
    scenario: str = ""
    script: Path | None = None
    labelled: Path | None = None
    runs: int = 0
    seed: int = 0
    events: Path | None = None


def scenarios(script: Path, labelled: Path) -> list[str]:
    """Return the names of the scenarios, in the order of the script that makes them."""
    with tempfile.TemporaryDirectory() as folder:
        generate(script, labelled, Path(folder), "--runs", "1")
        rows = (Path(folder) / "releases.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(row)["scenario"] for row in rows]


def generate(script: Path, labelled: Path, folder: Path, *options: str) -> None:
    """Let the script write its streams into a folder."""
    command = [sys.executable, str(script), "--labelled", str(labelled), "--out", str(folder), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def try_all(task: Task) -> list[tuple[str, str, Halts]]:
    """Return the group, the kind and what each method did, for each stream of a task."""
    if task.events:
        return list(_folder(task.events, task))
    if not (task.script and task.labelled):
        message = "a scenario needs the script that makes it, and labelled posts"
        raise ValueError(message)
    with tempfile.TemporaryDirectory(prefix="gate-peers-") as folder:
        options = ("--runs", str(task.runs), "--seed", str(task.seed), "--only", task.scenario)
        generate(task.script, task.labelled, Path(folder), *options)
        return list(_folder(Path(folder), task))


def _folder(folder: Path, task: Task) -> Iterator[tuple[str, str, Halts]]:
    text = POLICY.format(scorer=task.scorer, copies=task.copies)
    plan, decider, worker = build_recorded(text, "peers.yml")
    scorer = worker if isinstance(worker, Routes) else Remembering(worker)
    releases = folder / "releases.jsonl"
    told = {row["id"]: row for row in map(json.loads, releases.read_text(encoding="utf-8").splitlines())}
    cases = {case.release.stream: case for case in read_cases(releases, load_text(text, path="peers.yml"))}
    reader = MentionReader("file", None, make_ids=False)
    with gzip.open(folder / "mentions.jsonl.gz", "rb") as lines:
        for stream, mentions in groupby((reader.read(parse(line)) for line in lines), key=lambda each: each.stream):
            case = cases.pop(stream)  # a stream in two parts would be tried on one: the second is no key any more
            sides = _read(plan(case.release), mentions, scorer)
            fields = told[case.id]
            halts = _try(plan(case.release), decider(case.release), *sides)
            yield fields.get("scenario") or f"events: {fields['kind']}", fields["kind"], halts


def _read(plan: Plan, mentions: Iterable[Mention], scorer: Remembering | Routes) -> tuple[list[Scored], list[Scored]]:
    """Filter and score both sides of the deploy as the gate does."""
    release, ordered = plan.release, sorted(mentions, key=lambda each: (each.created_at, each.source, each.id))
    spans = (
        (Period.BASELINE, release.baseline_from, release.baseline_to),
        (Period.POST, release.deployed_at, release.window_to),
    )
    before, after = (
        [
            read
            for read in Reader(plan, period, scorer, lambda _source, author: author).read(
                (each, None) for each in ordered if start <= each.created_at < end
            )
            if isinstance(read, Scored)
        ]
        for period, start, end in spans
    )
    return before, after


def _try(plan: Plan, decider: Decider, before: Sequence[Scored], after: Sequence[Scored]) -> Halts:
    """Let each method look until it halts or the window closes."""
    halts: Halts = dict.fromkeys([OURS, *METHODS])
    scores = [each.negative for each in before]
    peers = {name: method(scores) for name, method in METHODS.items()}
    for each in before:
        decider.fold_baseline(each)
    times, seen = [each.created_at for each in after], 0
    for at in _looks(plan):
        known = bisect_left(times, at)
        fresh, seen = after[seen:known], known
        for each in fresh:
            decider.fold(each)
        if halts[OURS] is None and _fails(decider, plan.release, at, len(before), seen):
            halts[OURS] = seen
        for name in list(peers):
            if peers[name].look(at, [each.negative for each in fresh]):
                halts[name] = seen
                del peers[name]
    return halts


def _looks(plan: Plan) -> Iterator[datetime]:
    at, end = plan.release.deployed_at + plan.settle, plan.release.window_to
    while at < end:
        yield at
        at += plan.every
    yield end


def _fails(decider: Decider, release: Release, at: datetime, before: int, after: int) -> bool:
    closed = at >= release.window_to
    if not (closed or decider.settled(at)):
        return False
    heard = Coverage("file", required=True, complete=True, reason="", fetched=before + after, kept=after, dropped={})
    return decider.decide(at=at, closed=closed, coverage=[heard]).outcome is Outcome.FAIL
