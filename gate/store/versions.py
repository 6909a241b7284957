"""Which schema a database has, and bringing it to another one.

A new database is made as it is to be at once, and one that is as it is to be is only asked for its number: Alembic is
loaded where there is something to change, and nowhere else.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, inspect, select, text

from gate.errors import StoreFault, UsageFault
from gate.store import access_tables, standing_tables, webhook_tables  # noqa: F401 - register their tables
from gate.store.tables import SCHEMA_VERSION, metadata, schema

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection, Engine

OLDEST = 1
# PostgreSQL: any one number that all gates agree on.
_LOCK = 7_461_746_500


def prepare(engine: Engine, name: str) -> None:
    """Make the schema what this gate needs.

    Raises:
        StoreFault: a newer gate made it, or Alembic is missing.
        SQLAlchemyError: the database fails; nothing of it was changed.
    """
    with engine.begin() as connection:
        found = version_of(connection)
    if found is None or found < SCHEMA_VERSION:
        found = bring(engine, SCHEMA_VERSION, name, newer=True)
    if found > SCHEMA_VERSION:
        message = f"the run log {name} was made by a newer gate (schema {found}, this one knows {SCHEMA_VERSION})"
        raise StoreFault(message, hint="upgrade sentiment-gate, or point --store at another file")


def bring(engine: Engine, wanted: int, name: str, *, newer: bool = False) -> int:
    """Bring the schema to that version, and return the one it has then; with ``newer``, never to an older one.

    Raises:
        UsageFault: there is no such version.
        StoreFault: a newer gate made the database, or Alembic is missing.
        SQLAlchemyError: the database fails; nothing of it was changed.
    """
    if not OLDEST <= wanted <= SCHEMA_VERSION:
        message = f"there is no schema {wanted}: this gate knows {OLDEST} to {SCHEMA_VERSION}"
        raise UsageFault(message, hint="the changelog says which gate had which")
    with engine.execution_options(writing=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        found = version_of(connection)  # Another process may have been faster.
        if found is None:
            metadata.create_all(connection)
            connection.execute(insert(schema).values(version=SCHEMA_VERSION))
            found = SCHEMA_VERSION
        if found == wanted or (newer and found > wanted):
            return found
        if found > SCHEMA_VERSION:
            message = f"the run log {name} was made by a newer gate (schema {found})"
            raise StoreFault(message, hint="let that gate bring it back")
        _walk(connection, found, wanted, name)
        return wanted


def version_of(connection: Connection) -> int | None:
    """Return the version of the schema; None where there is none yet."""
    if not inspect(connection).has_table(schema.name):
        return None
    return connection.execute(select(schema.c.version)).scalar()


def _walk(connection: Connection, found: int, wanted: int, name: str) -> None:
    """Take the steps between; they note the version themselves."""
    if find_spec("alembic") is None:
        message = f"the run log {name} has schema {found}, and bringing it to {wanted} needs alembic"
        raise StoreFault(message, hint="pip install alembic; or point --store at another file")
    from alembic import command

    config = _config(connection)
    # Our own number is the truth: a database that was made at once has no history.
    command.stamp(config, str(found), purge=True)
    if wanted > found:
        command.upgrade(config, str(wanted))
    else:
        command.downgrade(config, str(wanted))


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
