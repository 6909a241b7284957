"""What each method halts, with its dial at several places: points, their order, and who does better where."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks._peers.methods import DOCUMENTED, METHODS, Setting
from benchmarks._peers.trials import OURS, OWN
from gate.backtest.calibration import Rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks._peers.trials import Halts

Groups = dict[tuple[str, str], list["Halts"]]
"""By scenario and its kind: bad, quiet, good or trap."""
SHOWN = (OURS, *DOCUMENTED)


@dataclass(frozen=True, slots=True)
class Point:
    """One method with its dial at one place, over all streams."""

    setting: Setting
    wrong: Rate
    """Harmless streams that were halted."""
    right: Rate
    """Bad ones that were."""


def rate(streams: Sequence[Halts], setting: Setting) -> Rate:
    """Count the streams that were halted."""
    return Rate(sum(halts[setting] is not None for halts in streams), len(streams))


def cell(streams: Sequence[Halts], setting: Setting) -> str:
    """``95 % @ 120``: halted, and after how many mentions in the median stream, if that one was halted."""
    median = statistics.median_high(math.inf if (n := halts[setting]) is None else n for halts in streams)
    return f"{rate(streams, setting).part:.1%}" + (f" @ {median:g}" if median < math.inf else "")


def interval(found: Rate) -> str:
    """``4.0% (2.1–7.5)``: with Wilson's 95 % interval."""
    low, high = found.interval()
    return f"{found.part:.1%} ({low * 100:.1f}–{high * 100:.1f})"


def points(groups: Groups) -> list[Point]:
    """Return every method at every place of its dial, ours first."""
    bad = [halts for (_, kind), some in groups.items() if kind == "bad" for halts in some]
    harmless = [halts for (_, kind), some in groups.items() if kind != "bad" for halts in some]
    return [Point(each, rate(harmless, each), rate(bad, each)) for each in (*OWN.values(), *METHODS)]


def ours_at(peer: Point, ours: Iterable[Point]) -> Point | None:
    """Return our point with the fewest false halts of those that catch at least as much as the peer; None where none does."""
    as_sharp = [each for each in ours if each.right.part >= peer.right.part]
    return min(as_sharp, key=lambda each: (each.wrong.part, -each.right.part), default=None)


def theirs_at(own: Point, theirs: Iterable[Point]) -> Point | None:
    """Return the peer's point that catches most of those with no more false halts than ours; None where there is none."""
    as_calm = [each for each in theirs if each.wrong.part <= own.wrong.part]
    return max(as_calm, key=lambda each: each.right.part, default=None)


def by_method(found: Iterable[Point]) -> dict[str, list[Point]]:
    """Group points by method; ours by what they tolerate, as alpha is the dial."""
    lines: dict[str, list[Point]] = defaultdict(list)
    for each in found:
        method, dial = each.setting
        lines[f"gate, tolerate {dial.rpartition(' ')[2]}" if method == OURS.method else method].append(each)
    return {name: sorted(some, key=lambda each: (each.wrong.part, each.right.part)) for name, some in lines.items()}


def beaten(found: Sequence[Point]) -> list[str]:
    """Return the peers that, as they come, halt fewer harmless streams than any setting of ours that catches as much."""
    ours = [each for each in found if each.setting.method == OURS.method]
    worse = []
    for each in found:
        match = ours_at(each, ours)
        if each.setting in DOCUMENTED and (match is None or match.wrong.part > each.wrong.part):
            worse.append(f"{each.setting} ({each.wrong.part:.1%} at {each.right.part:.1%})")
    return worse
