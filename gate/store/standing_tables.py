"""The tables of standing watches: what is listened to between releases, and what was heard."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, Table, Text

from gate.store.tables import metadata

watches = Table(
    "watches",
    metadata,
    # Of all that decides what is heard and how it is read: another policy is another watch.
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    # Seconds.
    Column("every", Integer, nullable=False),
    # Nothing older is kept.
    Column("since", Text, nullable=False),
    # Whoever moves this on is the one who listens.
    Column("next_at", Text, nullable=False),
)

watch_sources = Table(
    "watch_sources",
    metadata,
    Column("watch", Text, ForeignKey("watches.key"), primary_key=True),
    Column("source", Text, primary_key=True),
    # Where the next poll goes on.
    Column("cursor", Text),
    # Everything since this time and before that one was heard; nothing as long as nothing was.
    Column("since", Text, nullable=False),
    Column("reached", Text),
    Column("complete", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("reads", Integer, nullable=False),
    Column("usd", Double, nullable=False),
)

heard = Table(
    "heard",
    metadata,
    Column("watch", Text, ForeignKey("watches.key"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("mention", Text, primary_key=True),
    Column("created_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("control", Boolean, nullable=False),
    Column("negative", Double),
    Column("score", Double),
    Column("author", Text, nullable=False),
    Column("conversation", Text, nullable=False),
    Column("lang", Text, nullable=False),
    Column("text_hash", Text, nullable=False),
    Column("phrases", Text, nullable=False),
    Column("scorer", Text, nullable=False),
    # Why it does not count whatever the period; whose vote counts is seen when a run begins.
    Column("dropped", Text),
    Column("detail", Text, nullable=False),
    # Only where the policy keeps text.
    Column("text", Text),
    Index("heard_by_time", "watch", "created_at"),
)

moods = Table(
    "moods",
    metadata,
    # Of the policy: its mood goes on when the policy changes.
    Column("name", Text, primary_key=True),
    Column("hour", Text, primary_key=True),
    Column("mentions", Integer, nullable=False),
    Column("negative", Integer, nullable=False),
    # Sum, not mean.
    Column("score", Double, nullable=False),
)
