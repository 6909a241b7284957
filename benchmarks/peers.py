"""How often this gate and others halt, wrongly and rightly, on the same streams with the same scores.

    python benchmarks/peers.py [--runs 200] [--seed 1] [--scorer vader] [--copies keep] [--picture F.svg]

Streams whose answer is known are made by ../shared/bench/streams.py from real labelled posts; real windows before and
after releases and incidents lie in ../shared/data/events. Neither is ours to ship: without them this exits with 2.

threshold      the mean score of the newest 100 posts above 0.5: Microsoft's Twitter gate for Azure Pipelines
Mann-Whitney   at 98 % with tolerance 0.25, again at each look on all so far: Kayenta's judge
limit 0, 3     the mean of five minutes at least 0.5, none or three failures allowed: a metric of Argo Rollouts

All get the mentions that the gate's filters keep. The simulated streams draw from a few hundred posts, so that much of an
outcry is copies, which collapse; --copies keep lets them count, as if different people had written them.

Every method is tried with its dial at several places, so that one can read who halts fewer harmless streams where both
catch as much. --picture draws that. Exits with 1 where a peer as it comes halts fewer harmless streams than
every setting of ours that catches as much.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._peers.methods import DOCUMENTED
from benchmarks._peers.operating import (
    SHOWN,
    Groups,
    beaten,
    by_method,
    cell,
    interval,
    ours_at,
    points,
    rate,
    theirs_at,
)
from benchmarks._peers.picture import operating_curves
from benchmarks._peers.trials import OURS, Task, scenarios, try_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks._peers.operating import Point

SHARED = Path(__file__).resolve().parents[2] / "shared"
RUNS = 20


def show(groups: Groups) -> None:
    """Print one row a scenario, and the sums."""
    names = ["gate" if each == OURS else str(each) for each in SHOWN]
    print(f"{'scenario':16s} {'kind':6s} {'n':>5s}  " + "".join(f"{name:>18s}" for name in names))
    for (scenario, kind), streams in groups.items():
        cells = "".join(f"{cell(streams, each):>18s}" for each in SHOWN)
        print(f"{scenario:16s} {kind:6s} {len(streams):5d}  {cells}")
    for what, kinds in (("all harmless", {"quiet", "good", "trap"}), ("all bad", {"bad"})):
        streams = [halts for (_, kind), some in groups.items() if kind in kinds for halts in some]
        cells = "".join(f"{rate(streams, each).part:>18.1%}" for each in SHOWN)
        print(f"{what:16s} {'':6s} {len(streams):5d}  {cells}")


def compare(found: Sequence[Point]) -> None:
    """Print every point with its intervals, then each peer's beside that of ours which catches as much, and the reverse."""
    print(f"\n{'dials':32s} {'harmless halted':>20s} {'bad halted':>20s}")
    for each in found:
        print(f"{each.setting!s:32s} {interval(each.wrong):>20s} {interval(each.right):>20s}")
    ours = [each for each in found if each.setting.method == OURS.method]
    print("\nas sharp as a peer as it comes: false halts of both, and the dials of ours")
    for peer in (each for each in found if each.setting in DOCUMENTED):
        match = ours_at(peer, ours)
        said = f"{match.wrong.part:.1%} at {match.right.part:.1%} ({match.setting.dial})" if match else "never so sharp"
        print(f"  {peer.setting!s:20s} {peer.wrong.part:6.1%} at {peer.right.part:6.1%}   ours {said}")
    print("\nas calm as the gate as it comes: what each catches")
    default = next(each for each in ours if each.setting == OURS)
    print(f"  {'gate':20s} {default.right.part:6.1%}, false halts {default.wrong.part:.1%}")
    for name, some in by_method(each for each in found if each.setting.method != OURS.method).items():
        best = theirs_at(default, some)
        print(f"  {name:20s} " + (f"{best.right.part:6.1%} ({best.setting.dial})" if best else "never so calm"))


def main() -> int:
    """Try, print and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scorer", default="vader")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with bench/ and data/")
    parser.add_argument("--labelled", type=Path, help="default: data/labelled/tweeteval-validation.jsonl.gz in there")
    parser.add_argument("--copies", choices=("drop", "keep"), default="drop", help="what becomes of near-duplicates")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", type=Path, help="where to draw the operating curves, as SVG")
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
    what = f"scorer {arguments.scorer}, {labelled.name}, {arguments.runs} runs, seed {arguments.seed}, copies {arguments.copies}"
    print(f"{what};\nstreams halted, and the mentions seen by then in the median stream\n")
    show(groups)
    found = points(groups)
    compare(found)
    if arguments.picture:
        arguments.picture.write_text(operating_curves(by_method(found), f"{what}; large dots: as it comes"), "utf-8")
    better = beaten(found)
    if better:
        print(f"\nmissed: as much is caught with fewer false halts by {'; '.join(better)}")
    return 1 if better else 0


if __name__ == "__main__":
    sys.exit(main())
