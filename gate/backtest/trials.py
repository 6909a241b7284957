"""What rules make of one pretended deploy: as it was, and with some of its mentions turned negative.

The window is read once, by the engine that also serves the live gate; rules and changes are then tried on what was scored.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from gate.backtest.judging import watch_recorded
from gate.decide.uniform import uniform
from gate.decide.words import EVEN
from gate.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gate.backtest.cases import Case
    from gate.backtest.setup import Setup
    from gate.decide import Decider, Rules
    from gate.model import Look, Mention, Release, Scored

CHANGES = (0.0, 0.05, 0.10, 0.15, 0.20, 0.30, 0.40)
"""Parts of the mentions that turn negative; the first is the release as it was."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Rules to be tried, and what is special about them."""

    rules: Rules
    alpha: float | None = None
    """Of its share rule; None where it has none."""
    tolerate: float | None = None
    times: int = 1
    """The window is so many times as long as the policy's."""


class Trial(NamedTuple):
    """What came of one setting under one change."""

    outcome: Outcome
    mentions: int
    """Seen when it was decided."""
    hours: float
    """From the deploy to the decision."""


class Recording(NamedTuple):
    """One window as it was heard and scored."""

    release: Release
    baseline: Sequence[Scored]
    looks: Sequence[Look]


World = list[tuple["Scored", ...]]
"""The kept mentions of each look, as they were or with some turned negative."""


def try_window(
    settings: Mapping[timedelta, Sequence[Setting]], case: Case, mentions: Sequence[Mention], setup: Setup
) -> tuple[tuple[Trial | None, ...], ...]:
    """Try every setting under every change; the same window always gives the same answer.

    Args:
        settings: by length of the window; of those that differ by alpha alone, the largest first.
        case: the pretended deploy.
        mentions: of its baseline and window.
        setup: of the process.

    Returns:
        By setting and by change; None where no mention before the deploy was negative, to show what negative looks like.
    """
    decider = setup.decider
    release = case.release
    tried = settings[release.window_to - release.deployed_at]
    # Without rules nothing ends the window before it closes.
    silent = decider(release, replace(tried[0].rules, rules=()))
    watch = watch_recorded(case, mentions, setup, silent)
    recording = Recording(release, watch.hear_baseline().kept, tuple(watch.looks(all_looks=True)))
    worlds = list(_worlds(recording, seed=zlib.crc32(case.id.encode())))
    rows: list[tuple[Trial | None, ...]] = []
    for number, setting in enumerate(tried):
        calm = rows[-1] if number and _only_stricter(tried[number - 1], setting) else (None,) * len(worlds)
        rows.append(
            tuple(
                _unless_calm(known, world, recording, partial(decider, release, setting.rules))
                for known, world in zip(calm, worlds, strict=True)
            )
        )
    return tuple(rows)


def _only_stricter(before: Setting, after: Setting) -> bool:
    """Whether what ``before`` does not halt ``after`` cannot: the wealth is the same, and must grow further."""
    if before.alpha is None or after.alpha is None or after.rules.promote_early:
        return False
    return before.tolerate == after.tolerate and after.alpha < before.alpha


def _unless_calm(
    known: Trial | None, world: World | None, recording: Recording, decider: Callable[[], Decider]
) -> Trial | None:
    if world is None or (known and known.outcome is not Outcome.FAIL):
        return known
    return _decide(decider(), recording, world)


def _worlds(recording: Recording, seed: int) -> Iterator[World | None]:
    """Yield the window under each change. What turns under a small change turns under every larger one."""
    own = [scored for scored in recording.baseline if not scored.control]
    negatives = [scored for scored in own if scored.negative > EVEN]
    fine = 1 - len(negatives) / max(1, len(own))
    draw = uniform(seed)
    lots = [[(draw(), draw()) for _ in look.kept] for look in recording.looks]
    for change in CHANGES:
        if change and not negatives:
            yield None
            continue
        # Only what is not negative yet can turn: so many of those are so many points of all.
        chance = min(1.0, change / fine) if fine else 0.0
        yield [
            tuple(
                _turned(scored, negatives[int(which * len(negatives))]) if lot < chance else scored
                for scored, (lot, which) in zip(look.kept, of_look, strict=True)
            )
            for look, of_look in zip(recording.looks, lots, strict=True)
        ]


def _turned(scored: Scored, like: Scored) -> Scored:
    # What harms the release does not harm the control.
    if scored.negative > EVEN or scored.control:
        return scored
    return replace(scored, negative=like.negative, score=like.score)


def _decide(decider: Decider, recording: Recording, world: World) -> Trial:
    """Look as the engine does, until the first final outcome."""
    release = recording.release
    for scored in recording.baseline:
        decider.fold_baseline(scored)
    verdict = decider.decide(at=release.deployed_at, closed=False, coverage=())
    for number, (look, kept) in enumerate(zip(recording.looks, world, strict=True)):
        if verdict.outcome.final:
            break
        for scored in kept:
            decider.fold(scored)
        for dropped in look.dropped:
            decider.fold_dropped(dropped)
        closed = look.at >= release.window_to
        if closed or not number or decider.settled(look.at):
            verdict = decider.decide(at=look.at, closed=closed, coverage=look.verdict.coverage)
    hours = (verdict.decided_at - release.deployed_at) / timedelta(hours=1)
    return Trial(verdict.outcome, verdict.tally.mentions_post, hours)
