"""One worker of a name: the second one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.errors import StoreFault, UsageFault
from gate.runs.alone import alone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import ManualClock


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_second_worker(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock, kind: str) -> None:
    """While a worker is at work no other one of its name begins; afterwards one may."""
    url = str(tmp_path / "gate.db") if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    with alone(url, "one", clock):
        with pytest.raises(UsageFault, match="another worker"), alone(url, "one", clock):
            pass
        if kind == "postgresql":
            with alone(url, "two", clock):
                pass
    with alone(url, "one", clock):
        pass


def test_a_server_that_is_not_there(clock: ManualClock) -> None:
    """A database that cannot be reached is said so, without its password."""
    with pytest.raises(StoreFault) as fault, alone("postgresql://gate:hunter2@127.0.0.1:1/gate", "one", clock):
        pass
    assert "hunter2" not in fault.value.message
