"""Tries every method on every stream of a scenario: one reading and one scoring of the mentions for all of them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmarks._peers.methods import METHODS, Setting
from gate.backtest import read_cases
from gate.backtest.judging import Remembering
from gate.decide import Share
from gate.language import Routes
from gate.model import Coverage, Outcome, Period, Scored
from gate.policy import load_text
from gate.reading import Reader
from gate.records import MentionReader
from gate.sources.file.json_lines import parse
from gate.wiring_recorded import build_recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from gate.decide import Decider, Rules
    from gate.model import Mention, Release
    from gate.reading import Plan

ALPHAS = (0.001, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2)
TOLERANCES = (0.0, 0.02)
OWN = {
    (alpha, tolerate): Setting("gate", f"alpha {alpha:g}, tolerate {tolerate:g}")
    for tolerate in TOLERANCES
    for alpha in ALPHAS
}
"""Ours, with both dials at several places."""
OURS = OWN[Share().alpha, Share().tolerate]
"""As it comes."""
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

Halts = dict[Setting, int | None]
"""By method and dial: mentions seen when it halted; None where it never did."""


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
    plan, decider, worker, _ = build_recorded(text, "peers.yml")
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
            halts = _ours(plan(case.release), decider, *sides) | _theirs(plan(case.release), *sides)
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
                [(each, None) for each in ordered if start <= each.created_at < end]
            )
            if isinstance(read, Scored)
        ]
        for period, start, end in spans
    )
    return before, after


def _theirs(plan: Plan, before: Sequence[Scored], after: Sequence[Scored]) -> Halts:
    """Let each peer look until it halts or the window closes."""
    halts: Halts = dict.fromkeys(METHODS)
    scores = [each.negative for each in before]
    peers = {setting: method(scores) for setting, method in METHODS.items()}
    for at, fresh, seen in _looks(plan, after):
        negative = [each.negative for each in fresh]
        for setting in list(peers):
            if peers[setting].look(at, negative):
                halts[setting] = seen
                del peers[setting]
    return halts


def _ours(plan: Plan, decider: Callable[..., Decider], before: Sequence[Scored], after: Sequence[Scored]) -> Halts:
    """Look on where the largest alpha halts: the wealth is the same for every alpha, and tells when each would."""
    halts: Halts = dict.fromkeys(OWN.values())
    for tolerate in TOLERANCES:
        gate = decider(plan.release, _rules(max(ALPHAS), tolerate))
        for each in before:
            gate.fold_baseline(each)
        for at, fresh, seen in _looks(plan, after):
            for each in fresh:
                gate.fold(each)
            odds = _odds(gate, plan.release, at, len(before), seen)
            for alpha in ALPHAS:
                if odds >= 1 / alpha and halts[OWN[alpha, tolerate]] is None:
                    halts[OWN[alpha, tolerate]] = seen
            if odds >= 1 / min(ALPHAS):
                break
    return halts


def _rules(alpha: float, tolerate: float) -> Rules:
    """Return the default rules with other dials."""
    rules = load_text(POLICY.format(copies="drop", scorer="vader"), path="peers.yml").decision_rules()
    return replace(rules, rules=(Share(alpha=alpha, tolerate=tolerate),))


def _looks(plan: Plan, after: Sequence[Scored]) -> Iterator[tuple[datetime, Sequence[Scored], int]]:
    """Yield each look: its time, the mentions since the last one, and how many there are by then."""
    at, end, seen = plan.release.deployed_at + plan.settle, plan.release.window_to, 0
    times = [each.created_at for each in after]
    while True:
        at = min(at, end)
        known = bisect_left(times, at)
        yield at, after[seen:known], known
        if at >= end:
            return
        seen, at = known, at + plan.every


def _odds(gate: Decider, release: Release, at: datetime, before: int, after: int) -> float:
    """Return the odds by which a look at this time fails the release; 0 where it does not."""
    closed = at >= release.window_to
    if not (closed or gate.settled(at)):
        return 0.0
    heard = Coverage("file", required=True, complete=True, reason="", fetched=before + after, kept=after, dropped={})
    verdict = gate.decide(at=at, closed=closed, coverage=[heard])
    return verdict.odds or 0.0 if verdict.outcome is Outcome.FAIL else 0.0
