"""``gate migrate``: the run log to another schema and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.clock import SystemClock
from gate.store import Store
from gate.store.tables import SCHEMA_VERSION
from tests.cli.commands import gate
from tests.looks import VERDICT
from tests.support import release

if TYPE_CHECKING:
    from pathlib import Path


def test_back_and_up_again(tmp_path: Path) -> None:
    """Going back is asked about first; the next command brings the run log up again, with all its runs."""
    path = tmp_path / "gate.db"
    with Store(str(path), SystemClock()) as log:
        run_id = log.start_run(release(), {})
        log.finish(run_id, VERDICT)
    refused = gate(tmp_path, "migrate", "--to", "2", text="n\n")
    assert (refused.returncode, "forget what it lacks" in refused.stderr) == (130, True)
    assert gate(tmp_path, "migrate").stdout == f"{path} has schema {SCHEMA_VERSION}\n"
    assert gate(tmp_path, "migrate", "--to", "2", "--yes").stdout == f"{path} has schema 2\n"
    assert run_id in gate(tmp_path, "runs").stdout
    assert gate(tmp_path, "migrate").stdout == f"{path} has schema {SCHEMA_VERSION}\n"


def test_a_schema_there_is_not(tmp_path: Path) -> None:
    """Exit 2, and which there are; where there is no run log yet, none is made by asking."""
    assert "No run log yet" in gate(tmp_path, "migrate").stderr
    assert not (tmp_path / "gate.db").exists()
    Store(str(tmp_path / "gate.db"), SystemClock()).close()
    done = gate(tmp_path, "migrate", "--to", "99")
    assert (done.returncode, f"1 to {SCHEMA_VERSION}" in done.stderr) == (2, True)
