"""What was changed in the run log shows, and the row is named."""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gate.store.chain import EVENT_FIELDS, fingerprint
from tests.support import release

if TYPE_CHECKING:
    from pathlib import Path

    from gate.store import Store


def sql(path: Path, *statements: str) -> None:
    """Change the file behind the gate's back; the triggers are taken away first."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for name in ("events_no_update", "events_no_delete"):
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


def test_events_cannot_be_changed(path: Path, store: Store, finished: str) -> None:
    """The database itself refuses to change or delete an event."""
    for statement in ("UPDATE events SET kind = 'x'", "DELETE FROM events WHERE seq = 5"):
        with closing(sqlite3.connect(path)) as raw, pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(statement)
    assert store.verify(finished) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE events SET data = replace(data, '\"kept\":3', '\"kept\":4') WHERE seq = 3", "events row 3: was changed"),
        ("UPDATE events SET at = '2026-03-10T14:01:01Z' WHERE seq = 3", "events row 3: was changed"),
        ("UPDATE events SET kind = 'note' WHERE seq = 2", "events row 2: was changed"),
        ("UPDATE events SET data = x'00ff' WHERE seq = 4", "events row 4: was changed"),
        ("UPDATE events SET hash = 'f00' WHERE seq = 5", "events row 5: was changed"),
        ("UPDATE events SET previous = hash WHERE seq = 4", "events row 4: does not follow row 3"),
        ("DELETE FROM events WHERE seq = 5", "events row 5: is missing"),
        ("DELETE FROM events WHERE seq > 1", "events rows 2 to 5: are missing"),
        ("DELETE FROM events WHERE seq = 2", "events row 2: is missing"),
        ("DELETE FROM events", "events rows 1 to 5: are missing"),
        ("UPDATE runs SET outcome = 'pass'", "runs row: outcome does not fit"),
        ("UPDATE runs SET reason = 'Pass: all is well.'", "runs row: reason does not fit"),
        ("UPDATE runs SET state = 'running'", "runs row: state does not fit"),
        ("UPDATE runs SET finished_at = NULL", "runs row: finished_at does not fit"),
        ("UPDATE runs SET dry_run = 1", "runs row: dry_run does not fit"),
        ("UPDATE runs SET policy = '{}'", "runs row: policy was changed"),
        ("UPDATE runs SET policy_digest = 'f00'", "runs row: policy_digest does not fit"),
        ("UPDATE runs SET labels = '{}'", "runs row: labels does not fit"),
        ("UPDATE runs SET window_to = '2030-01-01T00:00:00Z'", "runs row: window_to does not fit"),
        ("UPDATE runs SET head = 'f00'", "runs row: head was changed"),
        ("UPDATE runs SET events = 4", "runs row: events was changed"),
        ("UPDATE observations SET negative = 0.0 WHERE seq = 3 AND position = 1", "observations row 3/1: was changed"),
        ("UPDATE observations SET dropped = 'repost' WHERE seq = 3 AND position = 1", "observations row 3/1: was changed"),
        ("UPDATE observations SET mention = 'm\x1b' WHERE seq = 3 AND position = 1", r"observations row 3/1: .*'m\\x1b'"),
        ("DELETE FROM observations WHERE seq = 3 AND position = 1", "observations row 3/1: is missing"),
        ("UPDATE observations SET position = 9 WHERE seq = 3 AND position = 1", "observations row 3/9: was added"),
        ("UPDATE observations SET hash = 'f00' WHERE seq = 3 AND position = 1", "observations row 3/1: was changed"),
        ("UPDATE observations SET seq = 5 WHERE seq = 3", "observations of event 5: 4 rows that no look recorded"),
        ("UPDATE observations SET seq = 99 WHERE seq = 3", "observations of event 99: 4 rows of an event"),
    ],
)  # fmt: skip
def test_tampering_is_named(path: Path, store: Store, finished: str, statement: str, problem: str) -> None:
    """Whoever changes, removes or adds a row with plain SQL is found, and the row is named."""
    sql(path, statement)
    problems = [str(each) for each in store.verify(finished)]
    assert any(re.match(problem, each) for each in problems), problems


def test_one_change_is_one_problem(path: Path, store: Store, finished: str) -> None:
    """A changed row does not put its neighbours under suspicion."""
    sql(path, "UPDATE events SET at = '2026-03-10T14:01:01Z' WHERE seq = 3")
    assert [each.row for each in store.verify(finished)] == ["events row 3"]


def test_a_row_with_a_new_hash_breaks_the_chain(path: Path, store: Store, finished: str) -> None:
    """Who also writes a fitting hash for the changed row is found at the row after it."""
    with closing(sqlite3.connect(path)) as raw:
        raw.row_factory = sqlite3.Row
        row = dict(raw.execute("SELECT * FROM events WHERE seq = 3").fetchone())
    row["at"] = "2026-03-10T14:01:01Z"
    forged = fingerprint([row[name] for name in EVENT_FIELDS])
    sql(path, f"UPDATE events SET at = '2026-03-10T14:01:01Z', hash = '{forged}' WHERE seq = 3")
    assert [each.row for each in store.verify(finished)] == ["events row 4"]


def test_a_mention_with_a_new_hash_is_found(path: Path, store: Store, finished: str) -> None:
    """Who also writes a fitting hash for a changed mention is found by the look it belongs to."""
    copied = "(SELECT negative, hash FROM observations WHERE seq = 3 AND position = 0)"
    sql(path, f"UPDATE observations SET (negative, hash) = {copied} WHERE seq = 3 AND position = 1")
    assert "observations row 3/1" in [each.row for each in store.verify(finished)]


def test_a_run_that_goes_on_is_no_problem(store: Store) -> None:
    """A run may be verified while it is being written to."""
    run_id = store.start_run(release(), {})
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            store.append(run_id, "note", {})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = [store.verify(run_id) for _ in range(20)]
    finally:
        done.set()
        writer.join()
    assert found == [[]] * 20
