"""What was spent in a day, when mentions were seen, and which were purged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Add them; of older mentions it is not known when they were seen."""
    op.create_table(
        "spending",
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("reads", sa.Integer, nullable=False),
        sa.Column("usd", sa.Double, nullable=False),
    )
    op.add_column("observations", sa.Column("seen_at", sa.Text))
    op.add_column("observations", sa.Column("purged", sa.Integer))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("observations", "purged")
    op.drop_column("observations", "seen_at")
    op.drop_table("spending")
