"""A look-alike of Azure DevOps, and beside it a check without processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.store import Store
from tests.servers.azure_devops import AzureDevOps
from tests.service.azure.held import Place
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A check whose clock the test owns."""
    clock = ManualClock()
    with AzureDevOps(clock) as azure, Store(str(tmp_path / "gate.db"), clock) as store:
        yield Place(azure, store, clock, tmp_path)
