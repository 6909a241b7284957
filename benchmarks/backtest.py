"""Speed and memory of ``gate backtest``: recorded mentions of many releases, read, filtered, scored and decided.

    python benchmarks/backtest.py [--mentions 200000] [--jobs 1] [--scorers free vader]

Invented mentions, each text different, 10,000 for each release: 6,000 in the day before the deploy and 4,000 in the twelve
hours after it, with a look each minute. The real command runs in a process of its own. "Without scoring" is a scorer that
costs nothing, installed like anybody's plug-in: it makes a number of the text's checksum, so that all the rest is done:
lines are read twice (to sort them by release, then to judge), filtered, ranked and decided; nobody has measured how its
negatives score, so that all bets are kept, the dearest case. Mentions a second are by processor time, all processes
together, their start included; they mean something only on cores that nobody else uses. Memory is the peak of the largest
process; it is measured for a tenth of the mentions too, and must not grow with them: it goes by the largest release, not by
the file. `--mentions 5000000 --scorers free` takes some minutes and 3 GB of disk. Exits with 1 past the marks.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

MENTIONS, EACH, BEFORE = 200_000, 10_000, 6_000
MARKS = {"free": 20_000, "vader": 8_000}
"""Mentions a second and core."""
GROWTH = 1.2
"""Ten times the mentions may need so much more memory."""
DEPLOY = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
WORDS = (
    "update search login export dark mode slow quick broken great awful love hate crashed lost notes route map sync button "
    "why today again still please fix thanks nothing works finally team nice weird blank logged out since the new is it my "
    "and for with after every five minutes anyone else getting this app really not"
)
POLICY = """\
version: 1
release: Brimly
sources: [{type: file, path: mentions.jsonl}]
window: {settle: 5m, length: 12h, every: 60s}
baseline: {length: 24h}
on: {inconclusive: hold, error: hold}
"""
PLUG = """\
from dataclasses import dataclass
from zlib import crc32
from gate.model import Score

@dataclass(frozen=True, slots=True)
class Options:
    "It has none."

class Scorer:
    def __init__(self, options): pass
    def score(self, texts):
        shares = (crc32(text.encode()) / 2**32 for text in texts)
        return [Score(share, 1 - 2 * share) for share in shares]
    def languages(self): return frozenset({"en"})
"""


def lay_out(folder: Path, mentions: int) -> None:
    """Write policy, plug-in, releases and mentions."""
    (folder / "free_scorer.py").write_text(PLUG, encoding="utf-8")
    (folder / "free-1.0.dist-info").mkdir()
    (folder / "free-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: free\nVersion: 1.0\n", "utf-8"
    )
    (folder / "free-1.0.dist-info" / "entry_points.txt").write_text("[gate.scorers]\nfree = free_scorer\n", "utf-8")
    (folder / "gate.yml").write_text(POLICY, encoding="utf-8")
    with (folder / "releases.jsonl").open("w", encoding="utf-8") as releases:
        for number in range(mentions // EACH):
            releases.write(
                json.dumps({"id": f"r{number}", "deployed_at": DEPLOY.isoformat(), "stream": f"s{number}"}) + "\n"
            )
    chance, words = random.Random(1), WORDS.split()
    with (folder / "mentions.jsonl").open("w", encoding="utf-8") as out:
        for number in range(mentions):
            i = number % EACH
            gap = timedelta(hours=24) / BEFORE if i < BEFORE else timedelta(hours=12) / (EACH - BEFORE)
            at = (DEPLOY + (i - BEFORE) * gap).isoformat()
            text = " ".join(chance.choices(words, k=chance.randint(5, 25)))
            row = {
                "id": str(number),
                "stream": f"s{number // EACH}",
                "created_at": at,
                "author": f"a{number}",
                "lang": "en",
            }
            out.write(json.dumps({**row, "text": text}) + "\n")


def measure(folder: Path, bytecode: Path, scorer: str, jobs: int) -> tuple[float, float]:
    """Return seconds of processor time and the peak megabytes of the largest process."""
    files = ("--mentions", "mentions.jsonl", "--releases", "releases.jsonl", "--output", f"{scorer}.jsonl")
    command = [sys.executable, "-m", "gate", "backtest", *files, "--scorer", scorer, "--jobs", str(jobs)]
    places = {"PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).resolve().parents[1]}"}
    # What is installed has been compiled, and so is this from the second run on, whatever the environment says.
    environment = {**os.environ, **places, "PYTHONPYCACHEPREFIX": str(bytecode), "PYTHONDONTWRITEBYTECODE": ""}
    child = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        print(f"{' '.join(command)} exited with {child.returncode}")
        sys.exit(1)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> int:
    """Measure, print, and compare with the marks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mentions", type=int, default=MENTIONS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--scorers", nargs="+", choices=MARKS, default=list(MARKS))
    arguments = parser.parse_args()
    found: dict[tuple[str, int], tuple[float, float]] = {}
    sizes = (max(2 * EACH, arguments.mentions // 10), arguments.mentions)
    with tempfile.TemporaryDirectory(prefix="gate-bench-") as bytecode:
        for mentions in sizes:
            with tempfile.TemporaryDirectory(prefix="gate-bench-") as name:
                lay_out(Path(name), mentions)
                for scorer in arguments.scorers:
                    found[scorer, mentions] = measure(Path(name), Path(bytecode), scorer, arguments.jobs)
    ok = True
    for scorer in arguments.scorers:
        (_, small), (seconds, large) = (found[scorer, mentions] for mentions in sizes)
        speed = arguments.mentions / seconds
        ok &= speed >= MARKS[scorer] and large <= GROWTH * small
        what = "without scoring" if scorer == "free" else scorer
        print(f"{what:16s} {arguments.mentions:>9,} mentions  {speed:7,.0f} a second and core (mark {MARKS[scorer]:,})")
        print(f"{'':16s} peak memory {large:4.0f} MB, {small:.0f} MB for {sizes[0]:,} (mark: {GROWTH} times)")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
