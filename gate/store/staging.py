"""Rows set down beside the run log, so that it is locked for no longer than it takes to copy them.

SQLite has one writer at a time. To hand over a baseline of thousands of mentions takes a tenth of a second, and at every row
the thread lets go of Python's interpreter and waits for it again. In a table of the connection's own, in memory, that keeps
nobody waiting; from there one statement brings them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    Row = tuple[Any, ...]
    Rows = Mapping[Table, Sequence[Row]]
    """In the order of the tables' columns."""


def stage(connection: Connection, rows: Rows) -> None:
    """Set rows down, within a transaction that need not write to the run log; on a server, which locks rows, not yet."""
    if connection.dialect.name != "sqlite":
        return
    for table, some in rows.items():
        beside, columns = _beside(table), [column.name for column in table.columns]
        # Without types: each value stays what it is, and becomes what the column wants that it is copied to.
        connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {beside} ({', '.join(columns)})")
        connection.exec_driver_sql(f"DELETE FROM {beside}")  # noqa: S608 - our own tables
        if some:
            places = ", ".join("?" * len(columns))
            connection.exec_driver_sql(f"INSERT INTO {beside} VALUES ({places})", list(some))  # noqa: S608


def bring(connection: Connection, rows: Rows) -> None:
    """Write the rows that were staged, within the caller's transaction, a table after the other."""
    for table, some in rows.items():
        if not some:
            continue
        columns = [column.name for column in table.columns]
        if connection.dialect.name == "sqlite":
            names = ", ".join(columns)
            copied = f"SELECT {names} FROM {_beside(table)} ORDER BY rowid"  # noqa: S608 - our own tables
            connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) {copied}")
            # What people wrote stays in no second place, where nobody would forget it.
            connection.exec_driver_sql(f"DELETE FROM {_beside(table)}")  # noqa: S608
        else:
            connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in some])


def _beside(table: Table) -> str:
    return f"temp.staged_{table.name}"
