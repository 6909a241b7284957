"""Run logs of older gates: brought up in place, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from gate.model import Cost
from gate.store import State, Store
from gate.store.database import parse_url
from gate.store.tables import ADDED, SCHEMA_VERSION, metadata
from tests.looks import VERDICT, look
from tests.support import release, scored

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import ManualClock

TABLES = {1: {"gate_schema", "runs", "events", "observations"}, 2: {"spending"}}
"""By the schema that brought them; the others came last."""


def make_older(url: str, version: int) -> None:
    """Take away all that later schemas brought."""
    old = set().union(*(names for since, names in TABLES.items() if since <= version))
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in old:
                connection.execute(text(f"DROP TABLE {table.name}"))
        for since, columns in ADDED.items():
            for column in columns if since > version else ():
                connection.execute(text(f"ALTER TABLE {column.table.name} DROP COLUMN {column.name}"))
        connection.execute(text(f"UPDATE gate_schema SET version = {version}"))
    engine.dispose()


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_older_run_log(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock, kind: str, version: int
) -> None:
    """Finished runs verify as before, one under way goes on, new ones are listed with them; opening it again is fine."""
    url = str(tmp_path / "gate.db") if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    with Store(url, clock) as store:
        done, going = store.start_run(release(), {}), store.start_run(release(), {})
        for run_id in (done, going):
            store.append_look(run_id, look(1))
        store.finish(done, VERDICT)
    make_older(url, version)
    for _ in range(2):
        with Store(url, clock) as store:
            assert {line.id for line in store.page().lines} >= {done, going}
            assert store.verify(done) == store.verify(going) == []
    with Store(url, clock) as store:
        assert ({line.id: line.glance for line in store.page().lines}[going] is None) == (version < 3)
        store.append_look(going, look(2, kept=(scored(1, 0.1, seen_at=clock.now()),)))
        store.finish(going, VERDICT)
        assert store.run(going).state is State.DONE
        assert store.verify(going) == []
        assert store.open_orders() == []
        assert store.spent("x ${TOKEN}", clock.now().date()) == Cost()
