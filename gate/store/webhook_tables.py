"""The table of what other systems asked for by webhook."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from gate.store.tables import metadata

webhooks = Table(
    "webhooks",
    metadata,
    # As the sender named it; whatever comes again under the same name is the same.
    Column("delivery", Text, primary_key=True),
    # SHA-256 of the bytes as they came: the same under another name is a replay.
    Column("digest", Text, nullable=False, unique=True),
    # Canonical JSON of what is needed of it.
    Column("asked", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    # When a worker is to see to it; whoever moves this on is the one who does. Nothing once it is done with.
    Column("next_at", Text),
    Column("attempts", Integer, nullable=False),
    Column("run_id", Text, ForeignKey("runs.id")),
    # Canonical JSON: what was told so far.
    Column("told", Text),
    Column("fault", Text),
    # The token that came with it, encrypted; nothing once it is done with.
    Column("sealed", Text),
    Index("webhooks_by_run", "run_id"),
    Index("webhooks_due", "next_at"),
)
