"""Time and memory of the main job: 10,000 recorded mentions checked end to end, and the start of the command.

Ten thousand mentions of an invented product, 9,000 in the week before a deploy and 1,000 in the 45 minutes after it, go
through ``gate check`` in a process of its own: policy, file, filters, VADER, rules and run log, without and with an evidence pack. Medians of
runs that alternate with a bare ``python -c pass``, so that a busy machine shows in both. Exits with 1 past the marks.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

RUNS = 7
MENTIONS, BEFORE = 10_000, 9_000
CHECK_SECONDS, CHECK_MEGABYTES, HELP_SECONDS = 2.5, 150, 0.25
DEPLOY = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
WORDS = (
    "the update is great and quick", "love the new search, well done", "search is broken again, this is awful",
    "anyone else logged out?", "where did the export button go", "so slow today I want to scream", "nice work team",
    "it is fine I guess", "crashed twice, lost my notes", "finally dark mode!!", "meh", "please fix the login",
)  # fmt: skip
POLICY = """\
version: 1
release: Brimly
sources: [{type: file, path: mentions.jsonl}]
window: {settle: 5m, length: 45m, every: 60s}
baseline: {length: 7d}
scorer: vader
on: {inconclusive: hold, error: hold}
"""


def lay_out(folder: Path) -> None:
    """Write the policy and 10,000 mentions, each text different."""
    rows = []
    for i in range(MENTIONS):
        at = DEPLOY + (i - BEFORE) * timedelta(seconds=66 if i < BEFORE else 2.6)
        text = f"{WORDS[i % len(WORDS)]} {WORDS[i * 7 % 11]} (build {i * 31 % 9973}, day {i})"
        row = {"id": str(i), "created_at": at.isoformat(), "text": text, "author": f"a{i}", "lang": "en"}
        rows.append(json.dumps(row))
    (folder / "mentions.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "gate.yml").write_text(POLICY, encoding="utf-8")


def measure(folder: Path, *command: str) -> tuple[float, float, float]:
    """Return seconds of wall clock, seconds of processor and peak megabytes of one process."""
    environment = {**os.environ, "GATE_STORE": str(folder / "gate.db")}
    # Compiled modules are kept everywhere but in some containers; the first of the runs makes them.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    child = subprocess.Popen([sys.executable, *command], cwd=folder, env=environment, stdout=-3, stderr=-3)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in {0, 10}:
        print(f"{' '.join(command)} exited with {child.returncode}")
        sys.exit(1)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> int:
    """Measure, print, and compare with the marks."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder)
        check = ("-m", "gate", "check", "--deployed-at", DEPLOY.isoformat(), "--plain")
        packed = (*check, "--evidence", "pack", "--force")
        commands = (("-c", "pass"), ("-m", "gate", "--help"), check, packed)
        rounds = [[measure(folder, *command) for command in commands] for _ in range(RUNS)]
    bare, helped, checked = (statistics.median(run[i][0] for run in rounds) for i in range(3))
    processor, memory = (statistics.median(run[2][i] for run in rounds) for i in (1, 2))
    print(f"python -c pass          {bare:6.3f} s")
    print(f"gate --help             {helped:6.3f} s   (mark {HELP_SECONDS} s, {helped / bare:.1f} times bare python)")
    print(f"gate check, 10,000      {checked:6.3f} s   (mark {CHECK_SECONDS} s), {MENTIONS / checked:,.0f} mentions/s")
    with_pack = statistics.median(run[3][0] for run in rounds)
    print(f"the same with a pack    {with_pack:6.3f} s")
    print(f"its processor time      {processor:6.3f} s   (the clock shows more where the machine is busy)")
    print(f"peak memory of it       {memory:6.0f} MB  (mark {CHECK_MEGABYTES} MB)")
    ok = helped < HELP_SECONDS and checked < CHECK_SECONDS and memory < CHECK_MEGABYTES
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
