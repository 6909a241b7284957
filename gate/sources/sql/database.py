"""One query on a database that is opened for reading only, row by row, within a time."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import DateTime, bindparam, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import NullType

from gate.errors import SourceRefused
from gate.sources.sql.faults import fault_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.engine import URL, Connection, CursorResult, Engine

BLOCK = 500
"""Rows fetched at a time."""
CONNECT_SECONDS = 10
_SQLITE_STEPS = 10_000  # of its virtual machine, some milliseconds
_PROTECTED = {"sqlite", "postgresql"}
# A server that is cut off from us says nothing: ask whether it is there after 10 s, and give up after 25 s.
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


DRIVERS = {"mysql": "pymysql", "mariadb": "pymysql", "mssql": "pyodbc", "oracle": "oracledb"}
"""The package for each kind of database that SQLAlchemy speaks by itself; as a driver it has the same name."""


class Database:
    """A database that can be asked and not changed."""

    def __init__(self, address: str, folder: Path) -> None:
        """Prepare to ask; nothing is opened yet.

        Raises:
            SourceRefused: the URL cannot be read, or there is no driver for it.
        """
        try:
            self._url = make_url(address)
        except (ArgumentError, ValueError):
            # The text may hold a password, so the message shows none of it.
            message = "the URL of the database cannot be read"
            raise SourceRefused(message, hint="write e.g. sqlite:///chats.db or postgresql://reader@db/chats") from None
        if self._url.drivername in {"postgres", "postgresql"}:
            self._url = self._url.set(drivername="postgresql+psycopg")
        self.name = self._url.set(query={}).render_as_string(hide_password=True)
        self._engine = _engine(self._url, folder)

    @property
    def kind(self) -> str:
        """Name of the database software as SQLAlchemy has it, e.g. ``postgresql``."""
        return self._engine.dialect.name

    @property
    def protected(self) -> bool:
        """Whether the database itself refuses to write for us."""
        return self.kind in _PROTECTED

    @contextmanager
    def rows(
        self, query: str, values: Mapping[str, datetime | int | str], seconds: float
    ) -> Iterator[tuple[list[str], Iterator[tuple[Any, ...]]]]:
        """Run the query and give the names of its columns and its rows, which are fetched as they are asked for.

        Args:
            query: one that ``check_query`` let pass.
            values: of its parameters.
            seconds: that the database may take.

        Raises:
            SourceRefused: the database refused us or the query.
            SourceDown: it did not answer, or not in time.
        """
        deadline = monotonic() + seconds
        try:
            with self._engine.connect() as connection, connection.begin() as transaction:
                self._limit(connection, seconds, deadline)
                prepared = text(query).bindparams(*(_bound(name, value) for name, value in values.items()))
                result = connection.execution_options(yield_per=BLOCK).execute(prepared)
                try:
                    yield list(result.keys()), _tuples(result)
                finally:
                    result.close()
                    transaction.rollback()
        except SQLAlchemyError as error:
            raise fault_of(error, self.name) from error

    def _limit(self, connection: Connection, seconds: float, deadline: float) -> None:
        if self.kind == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}")
        elif self.kind == "sqlite":
            raw: Any = connection.connection.dbapi_connection
            raw.set_progress_handler(lambda: monotonic() > deadline, _SQLITE_STEPS)


def _engine(url: URL, folder: Path) -> Engine:
    try:
        if url.get_backend_name() == "sqlite" and url.database:
            path = folder / url.database
            return create_engine("sqlite://", creator=lambda: _sqlite(path), poolclass=NullPool, hide_parameters=True)
        arguments: dict[str, Any] = {}
        if url.drivername == "postgresql+psycopg":
            arguments = {"connect_timeout": CONNECT_SECONDS, **_KEEPALIVE}
        # NullPool: polls are far apart, and a connection that idles is one that firewalls drop.
        return create_engine(url, connect_args=arguments, poolclass=NullPool, hide_parameters=True)
    except (NoSuchModuleError, ImportError):
        message = f"there is no driver for {url.drivername} here"
        raise SourceRefused(message, hint=_driver_hint(url)) from None


def _driver_hint(url: URL) -> str:
    backend = url.get_backend_name()
    if backend == "postgresql":
        return "pip install 'sentiment-gate[postgresql]'"
    if backend not in DRIVERS:
        return "see https://docs.sqlalchemy.org/dialects for the package that SQLAlchemy needs for it, and install that"
    package = DRIVERS[backend]
    return f"pip install {package}, and begin the URL with {backend}+{package}://"


def _sqlite(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=CONNECT_SECONDS)
    # mode=ro does not cover databases that a query might attach.
    connection.execute("PRAGMA query_only = ON")
    return connection


def _bound(name: str, value: datetime | int | str) -> Any:  # noqa: ANN401 - SQLAlchemy's own type
    if isinstance(value, str):
        return bindparam(name, value, type_=NullType())  # the column says what it is compared with
    if isinstance(value, int):
        return bindparam(name, value)
    return bindparam(name, value, type_=DateTime(timezone=value.tzinfo is not None))


def _tuples(result: CursorResult[Any]) -> Iterator[tuple[Any, ...]]:
    for block in result.partitions(BLOCK):
        yield from map(tuple, block)
