"""One service for all tests that ask one over HTTP: to start it takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.running import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.service.running import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service."""
    with serving(tmp_path_factory.mktemp("service")) as running:
        yield running
