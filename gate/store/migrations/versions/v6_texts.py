"""What people wrote, where the policy keeps it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "6"
down_revision = "5"


def upgrade() -> None:
    """Add the table; runs from before have nothing in it."""
    op.create_table(
        "texts",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["run_id", "seq"], ["events.run_id", "events.seq"]),
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_table("texts")
