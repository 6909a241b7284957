"""The run log on a real PostgreSQL: what the file promises, the server does too."""

from __future__ import annotations

import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gate.errors import StoreFault
from gate.store import State, Store
from tests.looks import VERDICT, look
from tests.store.test_faults import WRITER
from tests.support import ManualClock, release, scored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.postgresql import PostgreSQL

ROOT = Path(__file__).parents[2]


@pytest.fixture
def logged(postgresql_url: str, clock: ManualClock) -> Iterator[Store]:
    """An empty run log on the server."""
    with Store(postgresql_url, clock) as opened:
        yield opened


def run_sql(url: str, *statements: str) -> None:
    """Change the database behind the gate's back."""
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def a_run(store: Store) -> str:
    """Record a run with two looks and a verdict."""
    run_id = store.start_run(release(), {"rules": ["share"]})
    for number in (1, 2):
        store.append_look(run_id, look(number))
    store.finish(run_id, VERDICT)
    return run_id


@pytest.mark.parametrize(
    "statement", ["UPDATE events SET kind = 'x'", "DELETE FROM events WHERE seq = 3", "TRUNCATE events CASCADE"]
)
def test_events_cannot_be_changed(postgresql_url: str, logged: Store, statement: str) -> None:
    """The server itself refuses to change, delete or empty what happened."""
    run_id = a_run(logged)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        run_sql(postgresql_url, statement)
    assert logged.verify(run_id) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE events SET data = replace(data, '\"kept\":3', '\"kept\":4') WHERE seq = 3",
            "events row 3: was changed",
        ),
        ("UPDATE runs SET outcome = 'pass'", "runs row: outcome does not fit"),
        ("UPDATE runs SET dry_run = true", "runs row: dry_run does not fit"),
        ("UPDATE observations SET negative = 0 WHERE seq = 3 AND position = 1", "observations row 3/1: was changed"),
        ("DELETE FROM observations WHERE seq = 3 AND position = 1", "observations row 3/1: is missing"),
    ],
)
def test_tampering_is_named(postgresql_url: str, logged: Store, statement: str, problem: str) -> None:
    """Whoever takes the trigger away and changes a row is found, and the row is named."""
    run_id = a_run(logged)
    run_sql(postgresql_url, "DROP TRIGGER events_append_only ON events", statement)
    assert any(str(each).startswith(problem) for each in logged.verify(run_id)), logged.verify(run_id)


def test_two_processes_write_at_once(postgresql_url: str, logged: Store) -> None:
    """Two gates that write to one run at the same time lose nothing, and no chain forks."""
    shared = logged.start_run(release(), {})
    command = [sys.executable, "-W", "error", "-c", WRITER, postgresql_url, shared]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for writer in writers:
        writer.stdout.readline()
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    failures = [writer.communicate(timeout=60)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], failures
    assert logged.run(shared).events == 41
    assert [logged.verify(run.id) for run in logged.runs()] == [[], [], []]


def test_tables_are_made_once_by_many(postgresql_url: str) -> None:
    """Gates that open an empty database at the same moment all find their tables."""
    faults: list[BaseException] = []

    def begin() -> None:
        try:
            with Store(postgresql_url, ManualClock()) as opened:
                opened.start_run(release(), {})
        except BaseException as fault:  # noqa: BLE001  # shown below
            faults.append(fault)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with Store(postgresql_url, ManualClock()) as opened:
        assert len(opened.runs()) == 6


def test_a_gate_that_dies_leaves_a_whole_log(postgresql_url: str, logged: Store) -> None:
    """What was begun and not committed is gone, and the run goes on."""
    run_id = logged.start_run(release(), {})
    script = (
        "import os, sys, psycopg; c = psycopg.connect(sys.argv[1]);"
        "c.execute(\"INSERT INTO events SELECT run_id, 2, at, kind, data, hash, 'x' FROM events\"); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script, postgresql_url], check=False).returncode == 9
    logged.append(run_id, "note", {})
    assert logged.verify(run_id) == []


def test_a_dropped_connection_is_made_anew(postgresql_server: PostgreSQL, postgresql_url: str, logged: Store) -> None:
    """A server that was restarted between two looks, or dropped an idle connection, costs nothing."""
    run_id = logged.start_run(release(), {})
    name = postgresql_url.rpartition("/")[2]
    run_sql(postgresql_server.url(), f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    logged.append(run_id, "note", {})
    assert logged.run(run_id).state is State.RUNNING
    assert logged.verify(run_id) == []


@pytest.mark.parametrize("wrong", ["password", "database"])
def test_a_server_that_refuses(postgresql_url: str, clock: ManualClock, wrong: str) -> None:
    """A wrong password or database is said so, and the password is in no message."""
    url = postgresql_url.replace("invented-password", "hunter2") if wrong == "password" else f"{postgresql_url}-no"
    with pytest.raises(StoreFault, match="cannot be used") as fault:
        Store(url, clock)
    assert wrong in fault.value.message
    assert "hunter2" not in "".join(traceback.format_exception(fault.value))


def test_newer_schema(postgresql_url: str, clock: ManualClock, logged: Store) -> None:
    """A run log of a newer gate is refused rather than spoilt."""
    assert logged.runs() == []
    run_sql(postgresql_url, "UPDATE gate_schema SET version = 99")
    with pytest.raises(StoreFault, match=r"newer gate \(schema 99"):
        Store(postgresql_url, clock)


@pytest.fixture(scope="module")
def long_lived(postgresql_server: PostgreSQL) -> Iterator[Store]:
    """A run log for many quick examples."""
    with Store(postgresql_server.new_database(), ManualClock()) as opened:
        yield opened


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    numbers=st.lists(st.floats(0, 1) | st.just(-0.0) | st.integers(0, 1)),
    text=st.text(st.characters(codec=None), max_size=9),
)
def test_any_mention_verifies(long_lived: Store, numbers: list[float], text: str) -> None:
    """Every number and every text, lone surrogates and NUL among them, comes back as it was hashed."""
    kept = tuple(scored(i, number, author=text, conversation=text) for i, number in enumerate(numbers))
    run_id = long_lived.start_run(release(), {})
    long_lived.append_look(run_id, look(1, kept=kept))
    assert long_lived.verify(run_id) == []
