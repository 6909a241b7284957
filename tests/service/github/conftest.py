"""A look-alike of GitHub, and beside it a rule without processes, or a real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.store import Store
from tests.servers.github import GitHub
from tests.service.github.held import Place
from tests.service.github.real import Real, real_service
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A rule whose clock the test owns."""
    clock = ManualClock()
    with GitHub(clock) as hub, Store(str(tmp_path / "gate.db"), clock) as store:
        yield Place(hub, store, clock, tmp_path)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A real service that answers a look-alike of GitHub."""
    with GitHub() as hub, real_service(tmp_path_factory.mktemp("service"), hub) as running:
        yield running
