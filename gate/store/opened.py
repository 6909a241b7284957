"""The database behind the run log, opened: what every part of it needs."""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy.exc import DBAPIError

from gate.model import NOTHING
from gate.store.database import faults, open_engine, parse_url, shown
from gate.store.staging import stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Select, Table
    from sqlalchemy.engine import Connection

    from gate.ports import Clock
    from gate.store.staging import Rows


class Opened:
    """An open database. Safe to share between threads; several processes may use one database."""

    def __init__(self, url: str, clock: Clock, *, patience: timedelta = timedelta(seconds=5)) -> None:
        """Open it, and make it where there is none.

        Args:
            url: SQLAlchemy URL, or a path, which means SQLite; see ``default_url``.
            clock: says when things happened.
            patience: how long to wait for a lock that another process holds (SQLite).

        Raises:
            UsageFault: the URL cannot be read, or there is no driver for it.
            StoreFault: the database cannot be opened, or a newer gate made it.
        """
        self._url = parse_url(url)
        self._clock = clock
        self._engine = open_engine(self._url, patience)
        self._writer = self._engine.execution_options(writing=True)
        # SQLite has one writer at a time, and whoever finds it busy sleeps and looks again, the unlucky for seconds:
        # the threads of one process take turns instead. A server sees to that itself.
        self._turn = threading.Lock() if self._engine.dialect.name == "sqlite" else nullcontext()
        # Whoever has it holds a connection before it is its turn: of several, none would be left for whose turn it is.
        self._staging = threading.Lock() if self._engine.dialect.name == "sqlite" else nullcontext()
        self._reader = self._engine.execution_options(one_query=True)

    @property
    def name(self) -> str:
        """Return where it is, for people: a path, or a URL without its password."""
        return shown(self._url)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close it."""
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._turn, faults(self._url), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _bringing(self, rows: Rows) -> Iterator[Connection]:
        """Begin to write once ``rows`` are staged: nobody waits for that."""
        with self._staging, faults(self._url), self._engine.connect() as connection:
            with connection.begin():
                stage(connection, rows)
            with self._turn, connection.execution_options(writing=True).begin():
                yield connection

    def _rows(self, query: Select[Any], **values: object) -> list[dict[str, Any]]:
        with faults(self._url), self._reader.begin() as connection:
            return fetch(connection, query, values)


class Cell:
    """One value of one row, asked for all the time, at a third of what a query costs that SQLAlchemy carries out."""

    def __init__(self, opened: Opened, query: Select[Any]) -> None:
        """Translate a query with one parameter into the SQL of the database at hand."""
        self._engine, self._url = opened._engine, opened._url  # noqa: SLF001 - part of it
        compiled = query.compile(dialect=self._engine.dialect)
        self._sql = str(compiled)
        (self._name,) = compiled.params
        self._positional = compiled.positional

    def __call__(self, value: str) -> Any:  # noqa: ANN401 - of whatever type the column is
        """Return what the query finds with that parameter; None if it finds nothing."""
        given = (value,) if self._positional else {self._name: value}
        try:
            with faults(self._url):
                connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute(self._sql, given)
                row = cursor.fetchone()
                cursor.close()
            finally:
                connection.close()
        except self._engine.dialect.loaded_dbapi.Error as error:
            with faults(self._url):
                raise DBAPIError(self._sql, None, error) from error
        return row[0] if row else None


def fetch(connection: Connection, query: Select[Any], values: Mapping[str, object] = NOTHING) -> list[dict[str, Any]]:
    """Return what a query finds, each row by column names; ``values`` are those of its named parameters."""
    return [row._asdict() for row in connection.execute(query, values)]


def upserting(connection: Connection, table: Table) -> Any:  # noqa: ANN401 - each dialect has a class of its own
    """Return the INSERT of the database at hand, which knows ``on_conflict_do_update``."""
    # Imported here: a dialect takes long to load, and most runs need none but their own.
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)
