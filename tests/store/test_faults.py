"""What is wrong with a database is said with a next step, and nothing that was stored is lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from gate.errors import StoreFault, UsageFault
from gate.store import NewOrder, State, Store
from tests.looks import look
from tests.store.test_verify import sql
from tests.support import ManualClock, release, scored

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

WRITER = """
import sys
import traceback
from gate.store import Store
from tests.support import ManualClock, release
url, shared = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
with Store(url, ManualClock()) as store:
    own = store.start_run(release(), {})
    for i in range(20):
        store.append(shared, "note", {"i": i})
        store.append(own, "note", {"i": i})
"""


def test_two_processes_write_at_once(path: Path, store: Store) -> None:
    """Two gates that write to one file at the same time lose nothing, and no chain forks."""
    shared = store.start_run(release(), {})
    command = [sys.executable, "-W", "error", "-c", WRITER, str(path), shared]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for writer in writers:
        writer.stdout.readline()
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    failures = [writer.communicate(timeout=60)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], failures
    assert store.run(shared).events == 41
    assert [store.verify(run.id) for run in store.runs()] == [[], [], []]


def test_a_killed_writer_leaves_a_whole_log(path: Path, store: Store) -> None:
    """A process that dies in the middle of writing leaves the log as it was before."""
    run_id = store.start_run(release(), {})
    script = (
        "import os, sys, sqlite3; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE');"
        "c.execute(\"INSERT INTO events SELECT run_id, 2, at, kind, data, hash, 'x' FROM events\"); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == 9
    store.append(run_id, "note", {})
    assert store.verify(run_id) == []


def test_locked(path: Path, clock: ManualClock, store: Store) -> None:
    """A database that another process holds is reported with the way to find that process; reading goes on."""
    run_id = store.start_run(release(), {})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Store(str(path), clock, patience=timedelta(milliseconds=20)) as opened:
            assert opened.run(run_id).state is State.RUNNING
            with pytest.raises(StoreFault, match="is locked by another process") as fault:
                opened.append(run_id, "note", {})
    assert "fuser" in fault.value.hint
    assert str(path) in fault.value.message


def test_locked_for_an_order(path: Path, clock: ManualClock, store: Store) -> None:
    """An order that cannot be written is told like anything else that cannot, and nothing was begun."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        new = NewOrder("ci", "key", "fingerprint", "version: 1", "gate.yml", None)
        with (
            Store(str(path), clock, patience=timedelta(milliseconds=20)) as opened,
            pytest.raises(StoreFault, match="is locked by another process"),
        ):
            opened.order(new, release(), {}, dry_run=False, labels={}, versions={})
    assert store.runs() == []


@contextmanager
def on_connect(statement: str) -> Iterator[None]:
    """Run a statement on every new connection of every store."""

    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(statement)

    event.listen(Engine, "connect", connect)
    try:
        yield
    finally:
        event.remove(Engine, "connect", connect)


def test_full_disk(path: Path, clock: ManualClock, store: Store) -> None:
    """A full disk is reported as one, what was stored before stays, and a later try may succeed."""
    run_id = store.start_run(release(), {})
    big = look(1, kept=tuple(scored(i, 0.5) for i in range(2000)))
    with (
        on_connect("PRAGMA max_page_count = 30"),
        Store(str(path), clock) as opened,
        pytest.raises(StoreFault, match="the disk is full") as fault,
    ):
        opened.append_look(run_id, big)
    assert "free some space" in fault.value.hint
    assert store.verify(run_id) == []
    store.append_look(run_id, big)
    assert store.verify(run_id) == []


def test_read_only(path: Path, clock: ManualClock, store: Store) -> None:
    """A database that may only be read can be read; writing says what to do."""
    run_id = store.start_run(release(), {})
    with Store(f"sqlite:///file:{path}?mode=ro&uri=true", clock) as opened:
        assert opened.verify(run_id) == []
        with pytest.raises(StoreFault, match="cannot be written") as fault:
            opened.append(run_id, "note", {})
    assert "writable" in fault.value.hint


def test_folder_cannot_be_made(tmp_path: Path, clock: ManualClock) -> None:
    """A place where nothing can be made is named, with the way to choose another."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFault, match="cannot be made") as fault:
        Store(str(tmp_path / "file" / "gate.db"), clock)
    assert "--store" in fault.value.hint


@pytest.mark.parametrize("place", ["", "folder"], ids=["in the current folder", "a folder"])
def test_a_folder_is_no_database(tmp_path: Path, clock: ManualClock, place: str) -> None:
    """The name of a folder is refused."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreFault, match="cannot be"):
        Store(str(tmp_path / place), clock)


def test_not_a_database(path: Path, clock: ManualClock) -> None:
    """Another kind of file is refused and left alone."""
    path.parent.mkdir()
    path.write_bytes(b"id,text\n1,hello\n" * 100)
    with pytest.raises(StoreFault, match="is not a database"):
        Store(str(path), clock)
    assert path.read_bytes().startswith(b"id,text")


def test_corrupted(path: Path, clock: ManualClock) -> None:
    """A damaged file is reported as such when the damage is met."""
    with Store(str(path), clock) as opened:
        for _ in range(50):
            opened.start_run(release(), {"long": "x" * 2000})
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(StoreFault, match="is corrupted"), Store(str(path), clock) as opened:
        opened.runs()


def test_damaged_rows(path: Path, store: Store, finished: str) -> None:
    """A row in which somebody wrote nonsense is a fault that leads to --verify, not a crash."""
    sql(path, "UPDATE runs SET created_at = 'tomorrow'", "UPDATE events SET data = '[]'")
    for read in (lambda: store.run(finished), lambda: store.events(finished)):
        with pytest.raises(StoreFault, match="damaged") as fault:
            read()
        assert f"gate log {finished} --verify" in fault.value.hint
    assert len(store.verify(finished)) >= 6


def test_newer_schema(path: Path, clock: ManualClock, store: Store) -> None:
    """A run log of a newer gate is refused rather than spoilt."""
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE gate_schema SET version = 99")
    with pytest.raises(StoreFault, match=r"newer gate \(schema 99") as fault:
        Store(str(path), clock)
    assert "upgrade" in fault.value.hint
    assert store.runs() == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://gate:hunter2@127.0.0.1:1/gate?password=hunter2",
        "postgresql://gate:hunter2@[127.0.0.1:port/gate",
        "nosuch://gate:hunter2@127.0.0.1/gate?password=hunter2",
        "nosuch+hunter2://",
    ],
)
def test_passwords_stay_secret(clock: ManualClock, url: str) -> None:
    """A URL that does not work is refused with a next step, and its password is in no message."""
    with pytest.raises((StoreFault, UsageFault)) as fault:
        Store(url, clock)
    assert fault.value.hint
    assert "hunter2@" not in "".join(traceback.format_exception(fault.value))
    assert "password=" not in fault.value.message + fault.value.hint


def test_a_head_that_cannot_be_read(path: Path, store: Store) -> None:
    """What is asked past SQLAlchemy fails in the same words as everything else."""
    run_id = store.start_run(release(), {})
    assert store.head(run_id)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE runs RENAME TO others")
    with pytest.raises(StoreFault, match="no such table: runs"):
        store.head(run_id)
