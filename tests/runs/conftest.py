"""Durable runs without a worker: the run log, a clock that tests own, and sources that are lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.store import Store
from tests.runs.world import World
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> ManualClock:
    """Time that the test owns."""
    return ManualClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    """An empty run log."""
    sqlite = request.param == "sqlite"
    url = tmp_path / "gate.db" if sqlite else request.getfixturevalue("postgresql_url")
    with Store(str(url), clock) as opened:
        yield opened


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    """Orders, looks and callbacks on it."""
    return World(store, clock)
