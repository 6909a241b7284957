"""``gate runs`` and the words of commands that find nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.clock import SystemClock
from gate.store import Store
from tests.cli.commands import check, gate, history, project
from tests.looks import VERDICT
from tests.support import release

if TYPE_CHECKING:
    from pathlib import Path


def test_runs_are_a_table_and_can_be_chosen(tmp_path: Path) -> None:
    """Columns line up whatever the names; a run without an outcome is found by its state; no match is said so."""
    with Store(str(tmp_path / "gate.db"), SystemClock()) as log:
        log.finish(log.start_run(release(), {}), VERDICT)
        log.cancel(log.start_run(release(), {}), "stopped by signal 15")
        log.start_run(release(), {})
    lines = gate(tmp_path, "runs").stdout.splitlines()
    assert len({line.index("deployed") for line in lines}) == 1
    assert {line.split()[1] for line in lines} == {"running", "cancelled", "fail"}
    (cancelled,) = gate(tmp_path, "runs", "--outcome", "cancelled").stdout.splitlines()
    assert "stopped by signal 15" in cancelled
    none = gate(tmp_path, "runs", "--outcome", "pass", "--release", "acme").stderr
    assert none == "No run matches --outcome pass --release acme; `gate runs` lists all.\n"


@pytest.mark.parametrize("written", ["2 hours ago", "ages ago", "yesterday"])
def test_a_time_that_is_none_is_told_the_forms(tmp_path: Path, written: str) -> None:
    """Exit 2, and the forms that are taken."""
    done = gate(tmp_path, "check", "--deployed-at", written)
    assert (done.returncode, "`2h ago`" in done.stderr, "2026-03-10T14:00:00Z" in done.stderr) == (2, True, True)


def test_an_empty_run_log_is_named(tmp_path: Path) -> None:
    """Who mistyped --store sees which run log was looked into; doctor names the one it tried."""
    Store(str(tmp_path / "other.db"), SystemClock()).close()
    done = gate(project(tmp_path, history()), "runs", "--store", "sqlite:///other.db")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("No runs recorded yet in other.db.\n  next: ")
    assert (
        "store: run log: other.db is open, 0 runs recorded\n" in gate(tmp_path, "doctor", "--store", "other.db").stdout
    )


def test_looking_into_no_run_log_makes_none(tmp_path: Path) -> None:
    """Reading writes nothing: what is not there is said so, and how it comes to be."""
    runs, story = (gate(tmp_path, word, "--store", "deep/other.db") for word in ("runs", "log"))
    assert (runs.returncode, runs.stdout) == (0, "")
    assert runs.stderr == "No run log yet at deep/other.db; `gate check` makes one.\n"
    assert story.returncode == 2
    assert story.stderr.startswith("gate: no run log yet at deep/other.db\n  next: `gate check` makes one")
    assert list(tmp_path.iterdir()) == []


def test_a_backtest_on_nothing_is_none(tmp_path: Path) -> None:
    """Files without a single mention are a mistake, not releases of which nobody wrote."""
    project(tmp_path, [])
    (tmp_path / "releases.jsonl").write_text('{"id": "r", "deployed_at": "2026-03-10T14:00:00Z"}\n')
    files = ("--mentions", "mentions.jsonl", "--releases", "releases.jsonl", "--output", "verdicts.jsonl")
    done = gate(tmp_path, "backtest", *files)
    assert (done.returncode, "there is no mention in what --mentions names" in done.stderr) == (2, True)
    assert not (tmp_path / "verdicts.jsonl").exists()


def test_a_folder_of_packs_names_them(tmp_path: Path) -> None:
    """Who replays the folder above is told which packs are in it."""
    check(project(tmp_path, history(0.9)), "--evidence", "pack")
    done = gate(tmp_path, "replay", ".")
    assert (done.returncode, "name one: pack" in done.stderr, str(tmp_path) in done.stderr) == (12, True, True)
