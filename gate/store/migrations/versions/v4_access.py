"""Who may use the service: tokens, sessions, logins under way, and what was taken lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("repositories", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("expires_at", "revoked_at", "revoked_by", "used_at")),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("token_id", sa.Text, sa.ForeignKey("tokens.id")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("repositories", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("created_at", "seen_at", "expires_at")),
    )
    op.create_table(
        "logins",
        sa.Column("hash", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("browser", "nonce", "verifier", "next", "expires_at")),
    )
    op.create_table(
        "permits",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("until", sa.Text, primary_key=True),
        sa.Column("taken", sa.Integer, nullable=False),
    )
    op.create_index("permits_by_end", "permits", ["until"])


def downgrade() -> None:
    """Forget them: nobody is let in by a token any more."""
    for table in ("permits", "logins", "sessions", "tokens"):
        op.drop_table(table)
