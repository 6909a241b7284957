"""The benchmark beside other gates: its rank-sum test is exact, its rules are as documented, and our row is our gate's."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from statistics import NormalDist, fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks._peers.methods import FailureLimit, FixedThreshold, MannWhitney, RepeatedMannWhitney
from benchmarks._peers.trials import OURS, POLICY, Task, try_all
from tests.cli.commands import gate

ROOT = Path(__file__).parents[1]
DEPLOY = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
FEW = st.lists(st.integers(0, 4), min_size=2, max_size=5)


def pairs_won(before: list[float], after: list[float]) -> float:
    """Count pairs by hand."""
    return sum((a > b) + (a == b) / 2 for a in after for b in before)


def every_split(values: list[float], size: int) -> list[float]:
    """The statistic of each way to call `size` of the values the later ones."""
    everything = range(len(values))
    return [
        pairs_won([values[k] for k in everything if k not in chosen], [values[k] for k in chosen])
        for chosen in combinations(everything, size)
    ]


def fed(before: list[float], after: list[float]) -> MannWhitney:
    """Feed the second sample one by one."""
    test = MannWhitney(before)
    for x in after:
        test.add(x)
    return test


@settings(max_examples=40)
@given(FEW, FEW)
def test_mean_and_variance_are_those_of_all_permutations(low: list[int], high: list[int]) -> None:
    """U counts pairs, and z divides by the exact standard deviation over all splits, ties or none."""
    before, after = [float(x) for x in low], [float(x) for x in high]
    test, splits = fed(before, after), every_split(before + after, len(after))
    assert test.u == pairs_won(before, after)
    mean = Fraction(len(before) * len(after), 2)
    variance = fmean((Fraction(u) - mean) ** 2 for u in splits)
    expected = float(Fraction(test.u) - mean) / float(variance) ** 0.5 if variance else 0.0
    assert test.z == pytest.approx(expected, abs=1e-9)


def test_the_normal_approximation_is_close_to_the_exact_probability() -> None:
    """Seven against seven with ties: the upper tail within two points of that of all 3,432 splits."""
    before, after = [0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.5], [0.2, 0.3, 0.5, 0.6, 0.6, 0.7, 0.9]
    test, splits = fed(before, after), every_split([*before, *after], 7)
    exact = sum(u >= test.u for u in splits) / len(splits)
    assert 1 - NormalDist().cdf(test.z) == pytest.approx(exact, abs=0.02)


def test_the_rank_sum_rule_halts_on_a_clear_shift_only() -> None:
    """Beyond 3.10 standard errors to the negative side."""
    calm = [0.1, 0.2, 0.3, 0.4] * 10
    assert not RepeatedMannWhitney(calm).look(DEPLOY, calm)
    assert RepeatedMannWhitney(calm).look(DEPLOY, [0.8] * 10)
    assert not RepeatedMannWhitney([0.8] * 40).look(DEPLOY, calm)


def test_the_threshold_rule_reads_one_page_and_passes_silence() -> None:
    """No post passes, one bad post halts, and posts before the newest hundred are forgotten."""
    assert not FixedThreshold([]).look(DEPLOY, [])
    assert FixedThreshold([]).look(DEPLOY, [0.9])
    assert not FixedThreshold([]).look(DEPLOY, [0.9] * 500 + [0.1] * 100)


def test_the_failure_limit_counts_bad_intervals() -> None:
    """With a limit of one the second bad five minutes halt; silence is no measurement."""
    rule = FailureLimit([], 1)
    steps = [[0.9], [], [0.1], [0.9]]
    assert [rule.look(DEPLOY + k * timedelta(minutes=5), fresh) for k, fresh in enumerate(steps)] == [
        False,
        False,
        False,
        True,
    ]


def lay_out(folder: Path) -> None:
    """Write two streams of an invented product: one as before, one in which most complain."""
    rows, releases = [], []
    for stream, bad in (("calm", 5), ("broken", 1)):
        for k in range(-400, 300):
            complains = k % (bad if k >= 0 else 5) == 0
            text = f"this is {'awful and broken' if complains else 'lovely and great'}, number {k * 7919}"
            at = (DEPLOY + k * timedelta(seconds=71)).isoformat()
            rows.append({"id": f"{stream}:{k}", "stream": stream, "created_at": at, "text": text, "author": f"a{k}"})
        releases.append({"id": stream, "kind": "bad", "stream": stream, "deployed_at": DEPLOY.isoformat()})
    (folder / "mentions.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    (folder / "releases.jsonl").write_text("\n".join(map(json.dumps, releases)), encoding="utf-8")
    (folder / "gate.yml").write_text(POLICY.format(scorer="vader", copies="drop"), encoding="utf-8")


def test_our_row_is_what_the_gate_says(tmp_path: Path) -> None:
    """`gate backtest` halts the same streams after the same number of mentions."""
    lay_out(tmp_path)
    files = ("--mentions", "mentions.jsonl.gz", "--releases", "releases.jsonl", "--output", "verdicts.jsonl")
    done = gate(tmp_path, "backtest", *files, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()]
    halted = [each["mentions_post"] if each["outcome"] == "fail" else None for each in verdicts]
    assert [halts[OURS] for _, _, halts in try_all(Task("vader", events=tmp_path))] == halted
    assert halted[0] is None
    assert halted[1] is not None


def test_without_the_streams_it_says_what_is_missing(tmp_path: Path) -> None:
    """Exit code 2, and the paths."""
    command = [sys.executable, "benchmarks/peers.py", "--shared", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cannot compare" in done.stderr
    assert "streams.py" in done.stderr
