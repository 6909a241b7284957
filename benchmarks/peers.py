"""How often this gate and others halt, wrongly and rightly, on the same streams with the same scores.

    python benchmarks/peers.py [--runs 200] [--seed 1] [--scorer vader] [--copies keep] [--labelled FILE] [--jobs 2]

Streams whose answer is known are made by ../shared/bench/streams.py from real labelled posts; real windows before and
after releases and incidents lie in ../shared/data/events. Neither is ours to ship: without them this exits with 2.

threshold      the mean score of the newest 100 posts above 0.5: Microsoft's Twitter gate for Azure Pipelines
Mann-Whitney   at 98 % with tolerance 0.25, again at each look on all so far: Kayenta's judge
limit 0, 3     the mean of five minutes at least 0.5, none or three failures allowed: a metric of Argo Rollouts

All get the mentions that the gate's filters keep. The simulated streams draw from a few hundred posts, so that much of an
outcry is copies, which collapse; --copies keep lets them count, as if different people had written them.

Exits with 1 where a method halts fewer harmless streams than the gate does and catches as much.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._peers.methods import METHODS
from benchmarks._peers.trials import OURS, Task, scenarios, try_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks._peers.trials import Halts

SHARED = Path(__file__).resolve().parents[2] / "shared"
RUNS = 20
NAMES = (OURS, *METHODS)
Groups = dict[tuple[str, str], list["Halts"]]
"""By scenario and its kind: bad, quiet, good or trap."""


def rate(streams: Sequence[Halts], name: str) -> float:
    """Return the part of the streams that a method halted."""
    return sum(halts[name] is not None for halts in streams) / len(streams)


def cell(streams: Sequence[Halts], name: str) -> str:
    """``95 % @ 120``: halted, and after how many mentions in the median stream, if that one was halted."""
    seen = sorted(math.inf if (count := halts[name]) is None else count for halts in streams)
    median = statistics.median_high(seen)
    return f"{rate(streams, name):.1%}" + (f" @ {median:g}" if median < math.inf else "")


def show(groups: Groups) -> None:
    """Print one row a scenario, and the sums."""
    print(f"{'scenario':16s} {'kind':6s} {'n':>5s}  " + "".join(f"{name:>16s}" for name in NAMES))
    for (scenario, kind), streams in groups.items():
        cells = "".join(f"{cell(streams, name):>16s}" for name in NAMES)
        print(f"{scenario:16s} {kind:6s} {len(streams):5d}  {cells}")
    for what, kinds in (("all harmless", {"quiet", "good", "trap"}), ("all bad", {"bad"})):
        streams = [halts for (_, kind), some in groups.items() if kind in kinds for halts in some]
        cells = "".join(f"{rate(streams, name):>16.1%}" for name in NAMES)
        print(f"{what:16s} {'':6s} {len(streams):5d}  {cells}")


def beaten(groups: Groups) -> list[str]:
    """Return the methods that halt fewer harmless streams than the gate and catch at least as much."""
    harmless = [halts for (_, kind), some in groups.items() if kind != "bad" for halts in some]
    bad = [halts for (_, kind), some in groups.items() if kind == "bad" for halts in some]
    return [
        name for name in METHODS if rate(harmless, name) < rate(harmless, OURS) and rate(bad, name) >= rate(bad, OURS)
    ]


def main() -> int:
    """Try, print and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scorer", default="vader")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with bench/ and data/")
    parser.add_argument("--labelled", type=Path, help="default: data/labelled/tweeteval-validation.jsonl.gz in there")
    parser.add_argument("--copies", choices=("drop", "keep"), default="drop", help="what becomes of near-duplicates")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    script, events = arguments.shared / "bench" / "streams.py", arguments.shared / "data" / "events"
    labelled = arguments.labelled or arguments.shared / "data" / "labelled" / "tweeteval-validation.jsonl.gz"
    missing = [path for path in (script, events, labelled) if not path.exists()]
    if missing:
        print(f"cannot compare: no {', '.join(map(str, missing))}", file=sys.stderr)
        print(
            "The streams and the posts are not ours to ship; put them beside the clone, as ../shared.", file=sys.stderr
        )
        return 2
    tasks = [
        Task(arguments.scorer, arguments.copies, name, script, labelled, arguments.runs, arguments.seed)
        for name in scenarios(script, labelled)
    ]
    tasks.append(Task(arguments.scorer, arguments.copies, events=events))
    groups: Groups = defaultdict(list)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for tried in pool.map(try_all, tasks):
            for scenario, kind, halts in tried:
                groups[scenario, kind].append(halts)
    print(
        f"scorer {arguments.scorer}, {labelled.name}, {arguments.runs} runs, seed {arguments.seed}, copies: {arguments.copies};"
    )
    print("streams halted, and the mentions seen by then in the median stream\n")
    show(groups)
    better = beaten(groups)
    if better:
        print(f"\nmissed: {', '.join(better)} halted fewer harmless streams, and caught as much")
    return 1 if better else 0


if __name__ == "__main__":
    sys.exit(main())
