"""Durable runs: orders, journals, messages to callers, workers; labels, and runs at a glance."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Add them."""
    op.add_column("runs", sa.Column("latest", sa.Text))
    op.add_column("runs", sa.Column("glance", sa.Text))
    op.create_table(
        "labels",
        _run_id(),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_index("labels_by_value", "labels", ["name", "value"])
    op.create_table(
        "orders",
        _run_id(),
        sa.Column("started_by", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("fingerprint", "policy", "path")),
        sa.Column("callback", sa.Text),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("attention", sa.Text),
        sa.UniqueConstraint("started_by", "key"),
    )
    op.create_index("orders_calling", "orders", ["attention"])
    op.create_table(
        "journal",
        _run_id(),
        sa.Column("look", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entries", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "outbox",
        _run_id(),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("url", "secret", "body", "created_at", "deadline", "state")
        ),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Text, nullable=False),
        sa.Column("fault", sa.Text),
        sa.Column("ended_at", sa.Text),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("seen_at", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Forget them: a run under way is looked at by nobody any more."""
    for table in ("workers", "outbox", "journal", "orders", "labels"):
        op.drop_table(table)
    op.drop_column("runs", "glance")
    op.drop_column("runs", "latest")


def _run_id() -> sa.Column[str]:
    return sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), primary_key=True)
