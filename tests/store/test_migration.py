"""Run logs of older gates, brought up in place, and brought back; on both databases.

``schemas`` holds the statements by which older gates made their tables.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect, select, text

from gate.errors import StoreFault, UsageFault
from gate.model import Cost
from gate.store import NewOrder, State, Store
from gate.store.database import migrate, parse_url
from gate.store.tables import SCHEMA_VERSION, metadata
from tests.looks import VERDICT, look
from tests.support import release, scored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from tests.support import ManualClock

SCHEMAS = Path(__file__).parent / "schemas"
OLDER = [1, 2, 3, 6]
"""Schemas of gates that are out there."""


@contextmanager
def database(url: str) -> Iterator[Connection]:
    """Work on the database without a gate."""
    engine = create_engine(parse_url(url))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def fill(url: str, clock: ManualClock) -> tuple[str, str, str]:
    """Write a run that is done, one under way and one that was ordered; returns their ids."""
    with Store(url, clock) as store:
        done, going = store.start_run(release(), {}), store.start_run(release(), {})
        for run_id in (done, going):
            store.append_look(run_id, look(1))
        store.finish(done, VERDICT)
        new = NewOrder("ci", "key", "print", "policy", "gate.yml", {"url": "https://ci.example", "deadline": None})
        ordered = store.order(new, release(), {}, dry_run=False, labels={"repository": "acme/app"}, versions={})
    return done, going, ordered


def rows_of(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return everything in the database, as it is there."""
    found = MetaData()
    found.reflect(connection)
    return {
        table.name: sorted((row._asdict() for row in connection.execute(select(table))), key=repr)
        for table in found.sorted_tables
        if table.name not in {"gate_schema", "gate_migrations"}
    }


def make_older(url: str, version: int, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Make a database as an older gate did, and write into it what it has a place for."""
    with database(url) as connection:
        name = connection.dialect.name
        for statement in (SCHEMAS / f"{version}-{name}.sql").read_text(encoding="utf-8").split(";;\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        connection.execute(text(f"INSERT INTO gate_schema VALUES ({version})"))
        made = MetaData()
        made.reflect(connection)
        for table in made.sorted_tables:
            for row in rows.get(table.name, []):
                connection.execute(table.insert().values({column.name: row[column.name] for column in table.columns}))


def shape_of(connection: Connection) -> dict[str, Any]:
    """Return tables, columns, keys, indexes and triggers."""
    said = inspect(connection)
    names = sorted(set(said.get_table_names()) - {"gate_migrations"})
    return {
        name: (
            sorted((each["name"], str(each["type"]), each["nullable"]) for each in said.get_columns(name)),
            said.get_pk_constraint(name)["constrained_columns"],
            sorted((each["constrained_columns"], each["referred_table"]) for each in said.get_foreign_keys(name)),
            sorted((each["name"] or "", each["column_names"]) for each in said.get_indexes(name)),
        )
        for name in names
    }


@pytest.fixture
def urls(request: pytest.FixtureRequest, tmp_path: Path, software: str) -> list[str]:
    """Two empty databases."""
    if software == "sqlite":
        return [str(tmp_path / "one.db"), str(tmp_path / "two.db")]
    server = request.getfixturevalue("postgresql_server")
    return [server.new_database(), server.new_database()]


@pytest.mark.parametrize("version", OLDER)
def test_an_older_run_log(urls: list[str], clock: ManualClock, version: int) -> None:
    """Finished runs verify as before, one under way goes on, new ones are listed with them; opening it again is fine."""
    source, url = urls
    done, going, ordered = fill(source, clock)
    with database(source) as connection:
        rows = rows_of(connection)
    make_older(url, version, rows)
    for _ in range(2):
        with Store(url, clock) as store:
            assert {line.id for line in store.page().lines} == {done, going, ordered}
            assert store.verify(done) == store.verify(going) == []
    with Store(url, clock) as store:
        assert ({line.id: line.glance for line in store.page().lines}[going] is None) == (version < 3)
        store.append_look(going, look(2, kept=(scored(1, 0.1, seen_at=clock.now()),)))
        store.finish(going, VERDICT)
        assert store.run(going).state is State.DONE
        assert store.verify(going) == []
        assert [call.run_id for call in store.open_orders()] == ([ordered] if version >= 3 else [])
        assert store.spent("x ${TOKEN}", clock.now().date()) == Cost()


@pytest.mark.parametrize("version", OLDER)
def test_down_and_up_again(urls: list[str], clock: ManualClock, version: int) -> None:
    """Brought back, a run log is as the older gate made it; up again, nothing that it had a place for has changed."""
    url, older = urls
    runs = fill(url, clock)
    with database(url) as connection:
        before = rows_of(connection)
    assert migrate(parse_url(url), version) == version
    make_older(older, version, {})
    with database(url) as connection, database(older) as made:
        assert shape_of(connection) == shape_of(made)
        assert connection.execute(text("SELECT version FROM gate_schema")).scalars().all() == [version]
        with pytest.raises(Exception, match="append-only"):
            connection.execute(text("DELETE FROM events"))
    with Store(url, clock) as store:
        assert [store.verify(run_id) for run_id in runs] == [[], [], []]
    with database(url) as connection, database(older) as made:
        after, kept = rows_of(connection), rows_of(made)
        for table in kept:
            columns = {column["name"] for column in inspect(made).get_columns(table)}
            assert [{name: row[name] for name in columns} for row in after[table]] == [
                {name: row[name] for name in columns} for row in before[table]
            ]


def test_tokens_do_not_go_back(urls: list[str], clock: ManualClock) -> None:
    """Brought back to a gate that knows no tokens of others, neither they nor what waits for them are left."""
    url = urls[0]
    with Store(url, clock) as store:
        store.receive_webhook("github:1", "aa", {})
        store.receive_webhook("azure:1", "bb", {}, "sealed")
    assert migrate(parse_url(url), 7) == 7
    with database(url) as connection:
        assert connection.execute(text("SELECT delivery FROM webhooks")).scalars().all() == ["github:1"]
    with Store(url, clock) as store:
        assert [(each.delivery, each.sealed) for each in store.due_webhooks()] == [("github:1", "")]


def test_the_steps_lead_to_the_tables(urls: list[str], clock: ManualClock) -> None:
    """Whoever comes step by step from the first schema has the same tables as a database that is made at once."""
    stepped, made = urls
    make_older(stepped, 1, {})
    for url in urls:
        Store(url, clock).close()
    with database(stepped) as one, database(made) as other:
        assert shape_of(one) == shape_of(other)
        options = {
            "compare_type": True,
            "include_name": lambda name, kind, _: (name, kind) != ("gate_migrations", "table"),
        }
        assert compare_metadata(MigrationContext.configure(one, opts=options), metadata) == []


def test_a_step_that_fails(urls: list[str], clock: ManualClock) -> None:
    """Where a step fails, nothing is changed: the database is still the older gate's."""
    url = urls[0]
    make_older(url, 2, {})
    with database(url) as connection:
        connection.execute(text("CREATE TABLE workers (something TEXT)"))
        before = shape_of(connection)
    with pytest.raises(StoreFault, match="workers"):
        Store(url, clock)
    with database(url) as connection:
        assert shape_of(connection) == before
        assert connection.execute(text("SELECT version FROM gate_schema")).scalar() == 2


def test_versions_there_are_not(urls: list[str], clock: ManualClock) -> None:
    """Neither an unknown version nor a run log of a newer gate is touched."""
    url = urls[0]
    Store(url, clock).close()
    for version in (0, SCHEMA_VERSION + 1):
        with pytest.raises(UsageFault, match="no schema"):
            migrate(parse_url(url), version)
    with database(url) as connection:
        connection.execute(text("UPDATE gate_schema SET version = 99"))
    with pytest.raises(StoreFault, match="newer gate"):
        migrate(parse_url(url), SCHEMA_VERSION)


def test_a_run_log_that_is_as_it_should_be(path: Path) -> None:
    """Neither making a run log nor opening one loads Alembic, or a dialect other than its own."""
    code = (
        "import sys; from gate.clock import SystemClock; from gate.store import Store\n"
        f"for _ in range(2): Store({str(path)!r}, SystemClock()).close()\n"
        "print([name for name in sys.modules if name.split('.')[0] in {'alembic', 'mako'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_alembic(path: Path, clock: ManualClock) -> None:
    """Where it is missing, a run log of an older gate is left alone, and the message says what to install."""
    path.parent.mkdir()
    make_older(str(path), 3, {})
    code = (
        "import sys, importlib.util as found\n"
        "real, found.find_spec = found.find_spec, lambda name, *rest: None if name == 'alembic' else real(name, *rest)\n"
        "from gate.clock import SystemClock; from gate.errors import StoreFault; from gate.store import Store\n"
        f"try: Store({str(path)!r}, SystemClock())\n"
        "except StoreFault as fault: print(fault.message, '|', fault.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs alembic | pip install alembic" in done.stdout
    Store(str(path), clock).close()
