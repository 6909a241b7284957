"""A run log, and a run with everything in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.model import Period
from gate.store import Store
from tests.looks import COVERAGE, MINUTE, VERDICT, look
from tests.support import ManualClock, release, scored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> ManualClock:
    """Time that the test owns."""
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file that is not there yet, in a folder that is not there yet."""
    return tmp_path / "state" / "gate.db"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs no file on both databases."""
    if "software" in metafunc.fixturenames:
        metafunc.parametrize("software", ["sqlite"] if "path" in metafunc.fixturenames else ["sqlite", "postgresql"])


@pytest.fixture
def store(request: pytest.FixtureRequest, software: str, clock: ManualClock) -> Iterator[Store]:
    """An empty run log."""
    url = request.getfixturevalue("path" if software == "sqlite" else "postgresql_url")
    with Store(str(url), clock) as opened:
        yield opened


@pytest.fixture
def finished(store: Store, clock: ManualClock) -> str:
    """A run with everything in it: events 1 started, 2 baseline, 3 and 4 looks, 5 verdict."""
    run_id = store.start_run(release(), {"rules": ["share"]}, labels={"team": "app"}, versions={"gate": "1"})
    store.append_baseline(run_id, [scored(1, 0.1, Period.BASELINE)], [], [COVERAGE], ["thin"])
    for number in (1, 2):
        clock.wait(MINUTE)
        store.append_look(run_id, look(number))
    store.finish(run_id, VERDICT)
    return run_id
