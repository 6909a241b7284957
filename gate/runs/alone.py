"""Sees to it that a worker is the only one of its name: two would take each other's runs up again and again."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from gate.errors import UsageFault
from gate.store.database import faults, parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from sqlalchemy.engine import URL

    from gate.ports import Clock

PATIENCE = timedelta(seconds=15)
"""A worker that was killed just now may not be quite gone."""
BETWEEN_TRIES = timedelta(seconds=0.5)


@contextmanager
def alone(store_url: str, name: str, clock: Clock) -> Iterator[None]:
    """Be the only worker on a SQLite run log, or the only one of that name on a PostgreSQL one, while the block runs.

    Raises:
        UsageFault: there is another one.
        StoreFault: the database cannot be reached.
    """
    url = parse_url(store_url)
    lock = _on_file(f"{url.database}-worker.lock") if url.get_backend_name() == "sqlite" else _on_server(url, name)
    try:
        ends = clock.now() + PATIENCE
        while not next(lock):
            if clock.now() >= ends:
                message = f"another worker is at work here already, by the name of {name} or on the same SQLite file"
                raise UsageFault(message, hint="stop it, or on PostgreSQL give this one another --name")
            clock.wait(BETWEEN_TRIES)
        yield
    finally:
        lock.close()


def _on_file(path: str) -> Generator[bool, None, None]:
    # The system lets go of it when the process ends, however it ends.
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    lock = _file_lock()
    try:
        while True:
            try:
                lock(descriptor)
            except OSError:
                yield False
            else:
                break
        yield True
    finally:
        os.close(descriptor)


def _file_lock() -> Callable[[int], object]:
    if sys.platform == "win32":
        import msvcrt

        return lambda descriptor: msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    import fcntl

    return lambda descriptor: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _on_server(url: URL, name: str) -> Generator[bool, None, None]:
    # A lock of the session: the server lets go of it when the connection ends.
    engine = create_engine(url, hide_parameters=True)
    try:
        with faults(url), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            query = text("SELECT pg_try_advisory_lock(hashtext('sentiment-gate worker'), hashtext(:name))")
            while not connection.execute(query, {"name": name}).scalar():
                yield False
            yield True
    finally:
        with suppress(SQLAlchemyError):
            engine.dispose()
