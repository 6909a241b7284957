"""Standing watches, what they heard, and the mood by the hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "watches",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("every", sa.Integer, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("next_at", sa.Text, nullable=False),
    )
    op.create_table(
        "watch_sources",
        sa.Column("watch", sa.Text, sa.ForeignKey("watches.key"), primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("reached", sa.Text),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("reads", sa.Integer, nullable=False),
        sa.Column("usd", sa.Double, nullable=False),
    )
    op.create_table(
        "heard",
        sa.Column("watch", sa.Text, sa.ForeignKey("watches.key"), primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("mention", sa.Text, primary_key=True),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Text, nullable=False),
        sa.Column("control", sa.Boolean, nullable=False),
        sa.Column("negative", sa.Double),
        sa.Column("score", sa.Double),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("author", "conversation", "lang", "text_hash", "phrases", "scorer")
        ),
        sa.Column("dropped", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("text", sa.Text),
    )
    op.create_index("heard_by_time", "heard", ["watch", "created_at"])
    op.create_table(
        "moods",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("hour", sa.Text, primary_key=True),
        sa.Column("mentions", sa.Integer, nullable=False),
        sa.Column("negative", sa.Integer, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
    )


def downgrade() -> None:
    """Forget them."""
    for table in ("moods", "heard", "watch_sources", "watches"):
        op.drop_table(table)
