"""``gate check`` as a pipeline sees it: exit codes, output, and what bad input gets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import BAD, DEPLOY, GOOD, POLICY, check, environment, gate, history, line, project, verdict
from tests.hostile import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path


def test_calm_release_passes(tmp_path: Path) -> None:
    """As many unhappy people as before: exit 0, and the first line says what to do."""
    done = check(project(tmp_path, history(0.2)))
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("✓ PASS → promote the release.")


def test_bad_release_fails(tmp_path: Path) -> None:
    """A mood that turned: exit 10 before the window closes, with the numbers in the sentence."""
    done = check(project(tmp_path, history(0.9)))
    assert done.returncode == 10
    first = done.stdout.splitlines()[0]
    assert first.startswith("✗ FAIL → halt the rollout.")
    assert "20 % of 140 before" in first


def test_a_mood_of_everybodys_is_not_put_down_to_the_release(tmp_path: Path) -> None:
    """The control turned as we did: exit 11 and why; the evidence holds the control, and decides the same again."""
    policy = POLICY + "control: [{type: file, name: rival, path: rival.jsonl}]\n"
    folder = project(tmp_path, history(0.9), policy)
    (folder / "rival.jsonl").write_text("\n".join(history(0.9)) + "\n", encoding="utf-8")
    done = check(folder, "--evidence", "pack")
    assert done.returncode == 11
    assert "the control's negative share rose from 20 % to 91 % in 58 mentions too" in " ".join(done.stdout.split())
    assert gate(folder, "replay", "pack").returncode == 11
    (folder / "rival.jsonl").write_text("\n".join(history(0.1)) + "\n", encoding="utf-8")
    found = verdict(folder)
    assert (found["outcome"], found["code"]) == ("fail", "share_rose")
    assert found["tally"]["mentions_baseline"] == 140


def test_json_is_one_object_on_stdout(tmp_path: Path) -> None:
    """Progress goes to stderr, so that stdout can be piped to a JSON reader."""
    found = verdict(project(tmp_path, history(0.9)))
    assert (found["outcome"], found["decision"]) == ("fail", "halt")
    assert found["decided_at"] < "2026-03-10T14:30"


def test_too_few_mentions_is_inconclusive(tmp_path: Path) -> None:
    """Silence is not calm: exit 11, and the report says what is missing."""
    done = check(project(tmp_path, history()[:145]))
    assert done.returncode == 11
    assert "5 mentions since the deploy, 20 needed" in done.stdout


def test_the_policy_maps_inconclusive_and_dry_run_promotes(tmp_path: Path) -> None:
    """Where the policy says promote the exit code lets the pipeline go on; the outcome stays true."""
    promote = POLICY.replace("inconclusive: hold", "inconclusive: promote")
    assert check(project(tmp_path, history()[:145], promote)).returncode == 0
    done = check(project(tmp_path, history(0.9)), "--dry-run", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["outcome"], found["decision"]) == (0, "fail", "promote")


def test_a_missing_source_is_an_error_and_not_silence(tmp_path: Path) -> None:
    """A file that is not there: exit 12, named, with the next step."""
    folder = project(tmp_path)
    (folder / "mentions.jsonl").rename(folder / "mentoins.jsonl")
    done = check(folder)
    assert done.returncode == 12
    assert "mentions.jsonl" in done.stdout
    assert "ERROR" in done.stdout


def test_a_deploy_before_the_data_is_inconclusive_at_once(tmp_path: Path) -> None:
    """With nothing to compare with there is no verdict, and the report says so."""
    done = gate(project(tmp_path), "check", "--deployed-at", "2025-01-01T00:00:00Z")
    assert done.returncode == 11
    assert "0 mentions before the deploy, 10 needed" in done.stdout


def test_a_deploy_in_the_future_is_refused(tmp_path: Path) -> None:
    """It is said how far off it is, as durations are written; the likely cause, a wrong zone, is in the hint."""
    ahead = (datetime.now(UTC) + timedelta(days=40, minutes=30, seconds=50)).isoformat()  # noqa: TID251 - the real command asks the real clock
    done = gate(project(tmp_path), "check", "--deployed-at", ahead)
    assert done.returncode == 2
    assert "UTC is 40d30m in the future" in done.stderr
    assert "--deployed-at" in done.stderr


@pytest.mark.parametrize("when", ["2026-03-10T14:00:00", "yesterday", "5x ago"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, when: str) -> None:
    """A time without zone, a word, a strange unit: exit 2 and an example."""
    done = gate(project(tmp_path), "check", "--deployed-at", when)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_every_policy_fault_at_once(tmp_path: Path) -> None:
    """Five faults, five lines with file and line, one exit code."""
    wrong = (
        POLICY.replace("settle: 1m", "settel: 1m")
        .replace("type: file", "type: fiel")
        .replace("mentions: 20", "mentions: 0")
    )
    wrong += "rules:\n  - {type: shar}\n  - {type: share, alpha: 7}\n"
    done = check(project(tmp_path, policy=wrong))
    assert done.returncode == 2
    assert done.stderr.count("gate.yml:") == 5
    assert "did you mean" in done.stderr


def test_one_bad_line_is_quoted_and_refused_or_counted(tmp_path: Path) -> None:
    """One broken line among many stops the run, unless the policy says to count it."""
    lines = history(0.2)
    lines[100] = '{"id": "m9", "created_at": "202'
    refused = check(project(tmp_path, lines))
    assert refused.returncode == 12
    assert "mentions.jsonl:101" in refused.stdout
    skip = POLICY.replace("path: mentions.jsonl", "path: mentions.jsonl, bad_lines: skip")
    found = check(project(tmp_path, lines, skip))
    assert found.returncode == 0
    assert "unreadable" in found.stdout


def test_hostile_mentions_never_reach_the_terminal(tmp_path: Path) -> None:
    """No control character, workflow command or markup comes through, kept text or not."""
    texts = [text for _, text in HOSTILE]
    lines = [line(i, DEPLOY + timedelta(seconds=5 * i), text, author=text[:50]) for i, text in enumerate(texts)]
    folder = project(tmp_path, [*history(), *lines])
    done = check(folder, "--keep-text", "--evidence", "pack")
    told = gate(folder, "log", "last")
    for output in (done.stdout, done.stderr, told.stdout):
        assert not [char for char in output if ord(char) < 32 and char != "\n"]
        assert not [each for each in output.splitlines() if each.startswith(("::", "##["))]
        assert "##vso[" not in output
    assert gate(folder, "replay", "pack").returncode == done.returncode


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_cleanly(tmp_path: Path, number: int, code: int) -> None:
    """Ctrl-C and SIGTERM: exit 128 + signal, the run is recorded as cancelled, no traceback."""
    folder = project(tmp_path, [])
    now = datetime.now(UTC)  # noqa: TID251 - the real command asks the real clock
    lines = [line(i, now - timedelta(minutes=i), GOOD) for i in range(40)]
    project(folder, lines)
    command = [sys.executable, "-m", "gate", "check", "--deployed-at", "5m ago", "--plain"]
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr
        seen = ""
        while "look 1" not in seen:
            seen = running.stderr.readline()
            assert seen, "the run ended before its first look"
        os.kill(running.pid, number)
        rest = running.communicate(timeout=30)[1]
    assert running.returncode == code
    assert "Traceback" not in rest
    assert "cancelled" in gate(folder, "log", "last").stdout


def test_a_locked_run_log_says_so(tmp_path: Path) -> None:
    """Another process that holds the database: exit 12 and what to do, not a traceback."""
    import sqlite3

    folder = project(tmp_path)
    assert check(folder).returncode == 0
    holder = sqlite3.connect(folder / "gate.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    done = check(folder)
    holder.close()
    assert done.returncode == 12
    assert "locked" in done.stderr
    assert "next:" in done.stderr


def test_evidence_is_not_written_over(tmp_path: Path) -> None:
    """A folder in use is refused before the watch begins; --force replaces a pack."""
    folder = project(tmp_path)
    assert check(folder, "--evidence", "pack").returncode == 0
    assert check(folder, "--evidence", "pack").returncode == 2
    assert check(folder, "--evidence", "pack", "--force").returncode == 0


def test_replay_gives_the_same_and_names_a_changed_file(tmp_path: Path) -> None:
    """Same bytes in, same verdict out; a changed score is found, with the file's name."""
    folder = project(tmp_path, history(0.9))
    check(folder, "--evidence", "pack")
    same = gate(folder, "replay", "pack")
    assert same.returncode == 10
    assert "byte for byte" in same.stdout
    mentions = folder / "pack" / "mentions.jsonl"
    mentions.write_text(mentions.read_text(encoding="utf-8").replace('"score":-', '"score":', 1), encoding="utf-8")
    changed = gate(folder, "replay", "pack")
    assert changed.returncode == 12
    assert "mentions.jsonl" in changed.stderr


def test_log_reads_like_a_story_and_finds_a_changed_row(tmp_path: Path) -> None:
    """The log tells start, baseline, looks and verdict; a row changed behind its back is found."""
    import sqlite3

    folder = project(tmp_path, history(0.9))
    check(folder)
    told = gate(folder, "log", "last").stdout
    for part in ("run started", "baseline", "look 1:", "verdict: FAIL"):
        assert part in told
    assert gate(folder, "log", "last", "--verify").returncode == 0
    with sqlite3.connect(folder / "gate.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE observations SET negative = 0 WHERE negative > 0.5")
    database.close()
    assert gate(folder, "log", "last", "--verify").returncode == 12


def test_runs_lists_newest_first(tmp_path: Path) -> None:
    """Each run is a line, and a filter by outcome holds."""
    folder = project(tmp_path, history(0.9))
    assert "No run log yet" in gate(folder, "runs").stderr
    check(folder)
    project(folder, history(0.2))
    check(folder)
    outcomes = [json.loads(row)["outcome"] for row in gate(folder, "runs", "--json").stdout.splitlines()]
    assert outcomes == ["pass", "fail"]
    assert len(gate(folder, "runs", "--outcome", "fail").stdout.splitlines()) == 1


def test_text_is_kept_only_where_the_policy_says_so(tmp_path: Path) -> None:
    """Neither the pack nor the database holds what people wrote, nor who, without leave."""
    folder = project(
        tmp_path, [*history(), line(7777, DEPLOY + timedelta(minutes=3), f"zanzibar {BAD}", author="joe.public")]
    )
    check(folder, "--evidence", "pack")
    kept = b"".join(file.read_bytes() for file in [*(folder / "pack").iterdir(), *folder.glob("gate.db*")])
    assert b"zanzibar" not in kept
    assert b"joe.public" not in kept
    check(folder, "--evidence", "pack", "--force", "--keep-text")
    assert b"zanzibar" in (folder / "pack" / "mentions.jsonl").read_bytes()
