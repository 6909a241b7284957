"""What is to be done about how runs ended, and what others told the service unasked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7"
down_revision = "6"


def upgrade() -> None:
    """Add the tables; about runs that ended before nothing is done any more."""
    op.create_table(
        "actions",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("type", "moment", "created_at", "deadline", "state")),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("claim", "claimed_until", "fault", "ended_at")),
        sa.ForeignKeyConstraint(["run_id", "seq"], ["events.run_id", "events.seq"]),
    )
    op.create_table(
        "webhooks",
        sa.Column("delivery", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("received_at", sa.Text, nullable=False),
        sa.Column("next_at", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id")),
        sa.Column("told", sa.Text),
        sa.Column("fault", sa.Text),
    )
    op.create_index("webhooks_by_run", "webhooks", ["run_id"])
    op.create_index("webhooks_due", "webhooks", ["next_at"])


def downgrade() -> None:
    """Forget them: what was not done yet is not done any more; what was done stands in the log."""
    op.drop_table("webhooks")
    op.drop_table("actions")
