"""Runs, what happened in them, and what they saw."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

_SQLITE = (
    "CREATE TRIGGER events_no_{name} BEFORE {action} ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
)
_FUNCTION = (
    "CREATE FUNCTION gate_events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$"
)
_POSTGRESQL = (
    "CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
    "FOR EACH STATEMENT EXECUTE FUNCTION gate_events_are_append_only()"
)


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("finished_at", sa.Text),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("state", "release", "deployed_at", "window_to", "policy_digest", "policy")
        ),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("outcome", "decision", "code", "reason")),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("at", "kind", "data", "previous", "hash")),
    )
    op.create_table(
        "observations",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("look", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("mention", "source", "period")),
        sa.Column("created_at", sa.Text),
        sa.Column("negative", sa.Double),
        sa.Column("score", sa.Double),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("author", "conversation", "lang", "text_hash", "phrases")
        ),
        sa.Column("dropped", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["run_id", "seq"], ["events.run_id", "events.seq"]),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(name=action.lower(), action=action))
    else:
        op.execute(_FUNCTION)
        op.execute(_POSTGRESQL)


def downgrade() -> None:
    """Leave nothing."""
    for table in ("observations", "events", "runs"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION gate_events_are_append_only()")
