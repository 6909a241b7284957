"""Judges the releases of a shard with the engine that also serves the live gate."""

from __future__ import annotations

import gc
from bisect import bisect_left
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from gate.backtest.endings import ended_early
from gate.engine import Parts, Watch
from gate.language import Routes
from gate.listening import Listener
from gate.model import Fetch, Outcome, Period
from gate.records import MentionReader
from gate.sources.file.json_lines import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from gate.backtest.cases import Case
    from gate.backtest.setup import Builder, Setup
    from gate.decide import Decider
    from gate.model import Check, Mention, Request, Score, Verdict
    from gate.ports import Scorer

    Judge = Callable[[Case, Sequence[Mention], Setup], Any]
    """What is made of one release; importable, as each process calls it."""

REMEMBERED = 20_000
"""Scores of texts kept by a process: recorded streams repeat themselves."""

_WRITTEN_AT = attrgetter("created_at")
_setup: Setup


class Judged(NamedTuple):
    """What came of one release, and what of it was recorded."""

    verdict: dict[str, Any]
    """As ``--output`` holds it."""
    silent: bool
    """Nothing of its stream was recorded, before the deploy or after it."""
    control_silent: bool
    """It names a control stream, and nothing of that was recorded."""
    ended_early: bool
    """The recording ends long before the window does."""


class Recorded:
    """Mentions already in memory, as a source."""

    def __init__(self, mentions: Sequence[Mention], ended: str = "") -> None:
        """Take the mentions of one release, and why more were written in its window, if that is so."""
        self._mentions = sorted(mentions, key=_WRITTEN_AT)
        self._ended = ended

    def fetch(self, request: Request) -> Fetch:
        """Return the mentions of the period, once."""
        ended = self._ended if request.period is Period.POST else ""
        if request.cursor:
            return Fetch((), cursor=request.cursor, complete=not ended, reason=ended)
        start, end = (bisect_left(self._mentions, at, key=_WRITTEN_AT) for at in (request.since, request.until))
        return Fetch(tuple(self._mentions[start:end]), cursor="all", complete=not ended, reason=ended)

    def check(self) -> list[Check]:
        """Nothing to try."""
        return []

    def close(self) -> None:
        """Nothing to close."""


class Ended:
    """A clock that stands at the end of the window: every look lies in the past."""

    def __init__(self, now: datetime) -> None:
        """Take the end."""
        self._now = now

    def now(self) -> datetime:
        """Return the end."""
        return self._now

    def wait(self, duration: timedelta) -> None:
        """Nothing is waited for."""


class Remembering:
    """A scorer that reads each text once."""

    def __init__(self, scorer: Scorer) -> None:
        """Take the scorer."""
        self._scorer = scorer
        self._known: dict[str, Score | None] = {}

    def score(self, texts: Sequence[str]) -> list[Score | None]:
        """Score what is new, look up the rest."""
        known = self._known
        if len(known) > REMEMBERED:
            known.clear()
        new = [text for text in dict.fromkeys(texts) if text not in known]
        scores = list(self._scorer.score(new))
        known.update(zip(new, scores, strict=True))
        return scores if len(new) == len(texts) else [known[text] for text in texts]

    def languages(self) -> frozenset[str]:
        """Return the scorer's."""
        return self._scorer.languages()


def judge_once(case: Case, mentions: Sequence[Mention], setup: Setup) -> Judged:
    """Judge a release by the policy's rules."""
    ours, theirs = _sides(case, mentions)
    ended = ended_early(case, ours)
    verdict = _verdict(case, mentions, setup)
    if ended and verdict.outcome is Outcome.PASS and verdict.decided_at >= case.release.window_to:
        verdict = _verdict(case, mentions, setup, ended)
    return Judged(_plain(case, verdict), not ours, bool(case.control_stream and not theirs), bool(ended))


def _verdict(case: Case, mentions: Sequence[Mention], setup: Setup, ended: str = "") -> Verdict:
    watch = watch_recorded(case, mentions, setup, setup.decider(case.release), ended=ended)
    watch.hear_baseline()
    *_, last = watch.looks(all_looks=False)
    return last.verdict


def judge_all(
    cases: Sequence[Case],
    shards: Sequence[tuple[Path, Sequence[int]]],
    start: tuple[Builder, str, str],
    jobs: int,
    judge: Judge = judge_once,
    *,
    unreadable: Callable[[bytes], None],
) -> Iterator[dict[int, Any]]:
    """Judge every shard and yield what comes of it by the case's index, a shard at a time, in no fixed order.

    Args:
        cases: all releases.
        shards: each file with the indices of the releases in it.
        start: what builds the parts of a run, and the policy's text and path for it.
        jobs: processes to use; one works without a second process.
        judge: what is made of each release: its verdict, unless something else is wanted.
        unreadable: told of each line that is no mention, before what comes of the rest; once for each release it lay in.
    """
    work = [(path, [(i, cases[i]) for i in group]) for path, group in shards]
    if jobs == 1:
        _begin(*start)
        for path, group in work:
            yield _told(_judge_shard(path, group, judge), unreadable)
        return
    with ProcessPoolExecutor(jobs, initializer=_begin, initargs=start) as pool:
        for done in as_completed([pool.submit(_judge_shard, path, group, judge) for path, group in work]):
            yield _told(done.result(), unreadable)


def _told(done: tuple[dict[int, Any], list[bytes]], unreadable: Callable[[bytes], None]) -> dict[int, Any]:
    found, bad = done
    for line in bad:
        unreadable(line)
    return found


def _begin(builder: Builder, text: str, path: str) -> None:
    global _setup  # noqa: PLW0603 - once a process, as scorers take long to load
    # Mentions refer to nothing that refers to them: looking for circles among a million of them finds none, slowly.
    gc.set_threshold(100_000, 50, 50)
    setup = builder(text, path)
    scorer = setup.scorer
    _setup = setup._replace(scorer=scorer if isinstance(scorer, Routes) else Remembering(scorer))


def _judge_shard(path: Path, group: Sequence[tuple[int, Case]], judge: Judge) -> tuple[dict[int, Any], list[bytes]]:
    """Return what comes of each release, and the lines that were no mention."""
    # Lines take a fifth of the room of what they hold, which is made of those of one release at a time.
    lines: dict[int, list[bytes]] = {index: [] for index, _ in group}
    with path.open("rb") as shard:
        for line in shard:
            index, _, raw = line.partition(b"\t")
            lines[int(index)].append(raw)
    path.unlink()
    bad: list[bytes] = []
    return {index: judge(case, _mentions(lines.pop(index), bad), _setup) for index, case in group}, bad


def _mentions(lines: Sequence[bytes], bad: list[bytes]) -> list[Mention]:
    reader = MentionReader("file", None, make_ids=False)
    mentions = []
    for raw in lines:
        try:
            mentions.append(reader.read(parse(raw)))
        except ValueError:
            bad.append(raw)
    return mentions


def watch_recorded(
    case: Case, mentions: Sequence[Mention], setup: Setup, decider: Decider, *, ended: str = ""
) -> Watch:
    """Return the engine over recorded mentions, all of whose looks lie in the past; ``ended``: why more were written."""
    ours, theirs = _sides(case, mentions)
    listener = Listener("file", required=True, source=Recorded(ours, ended))
    controls = (
        [Listener("control", required=False, source=Recorded(theirs), control=True)] if case.control_stream else []
    )
    before = [setup.baseline.listener(case.release)] if setup.baseline else None
    clock = Ended(case.release.window_to)
    parts = Parts([listener], before, setup.scorer, decider, clock, lambda _source, author: author, controls)
    return Watch(replace(setup.plan(case.release), evidence=False), parts)


def _sides(case: Case, mentions: Sequence[Mention]) -> tuple[Sequence[Mention], Sequence[Mention]]:
    """Return the release's own mentions, and the control's."""
    if not (others := case.control_stream):
        return mentions, ()
    ours = [each for each in mentions if each.stream != others]
    return ours, [each for each in mentions if each.stream == others]


def _plain(case: Case, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": case.id,
        "outcome": verdict.outcome.value,
        "decision": verdict.decision.value,
        "code": verdict.code,
        "reason": verdict.reason,
        "decided_at": verdict.decided_at.isoformat().replace("+00:00", "Z"),
        "mentions_baseline": verdict.tally.mentions_baseline,
        "mentions_post": verdict.tally.mentions_post,
    }
