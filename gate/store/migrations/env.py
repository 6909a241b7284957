"""What Alembic runs to take the steps: within the transaction of whoever asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context
from sqlalchemy import update

from gate.store.tables import schema

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.engine import Connection

connection: Connection = context.config.attributes["connection"]


def _noted(ctx: object, step: object, heads: Collection[str], run_args: object) -> None:  # noqa: ARG001 - called by name
    # The number that gates look at, older ones included: they must see that a newer one was here.
    connection.execute(update(schema).values(version=int(max(heads))))


context.configure(connection=connection, version_table="gate_migrations", on_version_apply=_noted)
with context.begin_transaction():
    context.run_migrations()
