"""The database in which DBOS remembers workflows, and how the threads of a worker share its interpreter."""

from __future__ import annotations

import gc
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event

from gate.store.database import parse_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbos import DBOSConfig

APPLICATION = "sentiment-gate"
WORKFLOW_VERSION = "1"
"""Raised when the order of steps in ``watch_release`` changes; a worker goes on with runs of its own version only."""

ASKED_AT_ONCE = 200
"""Workflows in one query."""

TURN = 0.0005
"""Seconds for which a thread computes while others wait for the interpreter; by default Python takes ten times as long."""


def system_url(store_url: str) -> str:
    """Return where workflows are remembered: beside a SQLite run log, within a PostgreSQL one."""
    url = parse_url(store_url)
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}-workflows"
    return url.render_as_string(hide_password=False)


def config(url: str, worker: str) -> DBOSConfig:
    """Return how DBOS is to run: silently, without its cloud, and on a SQLite that is fast enough."""
    # DBOS would print by itself; its warnings go where ours go.
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    made: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": url,
        "application_version": WORKFLOW_VERSION,
        "executor_id": worker,
        "log_level": "WARNING",
        "enable_otlp": False,
    }
    if url.startswith("sqlite"):
        made["system_database_engine"] = _sqlite(url)
    return made


def share_interpreter() -> None:
    """Let the threads of this process take shorter turns.

    Whoever writes to the run log waits for one at each statement, behind every look that is being computed; and all that
    time the others, the web server among them, wait for the run log. It waits for the collector of garbage, too, which
    takes a tenth of a second to go through all libraries and models: what is there by now stays, and is left out of it.
    """
    sys.setswitchinterval(TURN)
    gc.freeze()


def statuses(names: Sequence[str]) -> dict[str, str]:
    """Return how each workflow stands, of those that there are."""
    from dbos import DBOS

    found: dict[str, str] = {}
    for start in range(0, len(names), ASKED_AT_ONCE):
        # Not one by one: looks wait for the same database meanwhile.
        some = list(names[start : start + ASKED_AT_ONCE])
        known = DBOS.list_workflows(workflow_ids=some, load_input=False, load_output=False)
        found |= {each.workflow_id: each.status for each in known}
    return found


def _sqlite(url: str) -> Any:  # noqa: ANN401 - SQLAlchemy's Engine
    """Open SQLite with a write-ahead log: DBOS would wait for the disk at every step of every run."""
    # SQLite would make it readable for everybody; its -wal and -shm files take over the mode of this one.
    os.close(os.open(str(parse_url(url).database), os.O_CREAT | os.O_RDONLY, 0o600))
    engine = create_engine(url, pool_size=4, max_overflow=4)

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:  # noqa: ANN401
        connection.isolation_level = "IMMEDIATE"
        for pragma in (
            "busy_timeout = 30000",
            "foreign_keys = ON",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "cache_size = -512",  # kB, for each of the connections
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine
