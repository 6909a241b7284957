"""The tables of who may use the service: tokens, sessions of the page, logins under way, and what was taken lately.

No secret is in them, only its hash; see ``gate.store.token_text`` for why a plain SHA-256 is enough.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from gate.store.tables import metadata

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False, unique=True),
    # Names separated by spaces.
    Column("roles", Text, nullable=False),
    # A JSON list; none at all for every repository.
    Column("repositories", Text),
    Column("created_at", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Text),
    Column("revoked_at", Text),
    Column("revoked_by", Text),
    Column("used_at", Text),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),
    # Of whoever logged in by a token: the session may do what the token may, as long as the token may.
    Column("token_id", Text, ForeignKey("tokens.id")),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("repositories", Text),
    Column("created_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)

logins = Table(
    "logins",
    metadata,
    # Of the state that travels by way of the provider.
    Column("hash", Text, primary_key=True),
    # Of the cookie that ties it to one browser.
    Column("browser", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("next", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)

permits = Table(
    "permits",
    metadata,
    Column("key", Text, primary_key=True),
    # When the period ends in which they count.
    Column("until", Text, primary_key=True),
    Column("taken", Integer, nullable=False),
    Index("permits_by_end", "until"),
)
