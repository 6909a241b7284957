"""Taking turns at writing to SQLite: soon, however many wait.

SQLite's own waiting sleeps longer each time, up to a tenth of a second, and whoever has waited longest asks least often: a
web process that has one row to write can wait half a second for a lock that was free most of that time. A lock is held for
a millisecond or two here, so it is asked for every other millisecond.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy.engine import Connection

BEGIN = "BEGIN IMMEDIATE"
PAUSE = 0.002
"""Seconds between two tries."""


def begin_writing(connection: Connection, patience: timedelta) -> None:
    """Begin a transaction that may write, once nobody else writes.

    Args:
        connection: to SQLite, with ``busy_timeout`` set to ``patience``, which it has again afterwards.
        patience: how long to wait.

    Raises:
        OperationalError: SQLAlchemy's; another process held the lock all that time, or something else is wrong.
    """
    plain = connection.connection.driver_connection
    assert isinstance(plain, sqlite3.Connection)  # noqa: S101 - for mypy
    until = time.monotonic() + patience.total_seconds()
    pause = threading.Event()
    plain.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < until:
            try:
                plain.execute(BEGIN)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                pause.wait(PAUSE)
            else:
                return
        connection.exec_driver_sql(BEGIN)  # Which raises as everything else does that goes wrong with the database.
    finally:
        plain.execute(f"PRAGMA busy_timeout = {int(patience.total_seconds() * 1000)}")
