"""The tables of the run log. Times are RFC 3339 text in UTC, as in every file the gate writes."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
)

SCHEMA_VERSION = 8
"""A new one is a new file in ``gate/store/migrations/versions``."""

metadata = MetaData()

# A table rather than SQLite's user_version: the same on PostgreSQL, and others may share the file.
schema = Table("gate_schema", metadata, Column("version", Integer, nullable=False))

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("created_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("state", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("deployed_at", Text, nullable=False),
    Column("window_to", Text, nullable=False),
    Column("policy_digest", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("labels", Text, nullable=False),
    Column("outcome", Text),
    Column("decision", Text),
    Column("code", Text),
    Column("reason", Text),
    # Count and hash of the last event: without them, cutting off the end of a chain would not show.
    Column("events", Integer, nullable=False),
    Column("head", Text, nullable=False),
    # What lists and readers of the verdict show, kept here so that it costs one row; the events have it all.
    Column("latest", Text),
    Column("glance", Text),
)

events = Table(
    "events",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

observations = Table(
    "observations",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("look", Integer, nullable=False),
    Column("mention", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("created_at", Text),
    Column("negative", Double),
    Column("score", Double),
    Column("author", Text, nullable=False),
    Column("conversation", Text, nullable=False),
    Column("lang", Text, nullable=False),
    Column("text_hash", Text, nullable=False),
    Column("phrases", Text, nullable=False),
    Column("dropped", Text),
    Column("detail", Text, nullable=False),
    Column("seen_at", Text),
    # The event in which id, author and conversation were forgotten. The hash stays: the look's event was made of it.
    Column("purged", Integer),
    Column("hash", Text, nullable=False),
    ForeignKeyConstraint(["run_id", "seq"], ["events.run_id", "events.seq"]),
    sqlite_with_rowid=False,  # One tree instead of two: half the writing.
)

# Beside the observations, not in them: texts may go at any time, and what was decided still verifies.
texts = Table(
    "texts",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("url", Text, nullable=False),
    ForeignKeyConstraint(["run_id", "seq"], ["events.run_id", "events.seq"]),
)

spending = Table(
    "spending",
    metadata,
    Column("day", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("requests", Integer, nullable=False),
    Column("reads", Integer, nullable=False),
    Column("usd", Double, nullable=False),
)

labels = Table(
    "labels",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Index("labels_by_value", "name", "value"),
)

orders = Table(
    "orders",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), primary_key=True),
    Column("started_by", Text, nullable=False),
    Column("key", Text),
    # Of the order, to tell whether a key that comes again asks for the same.
    Column("fingerprint", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("callback", Text),
    Column("looks", Integer, nullable=False),
    Column("next_at", Text, nullable=False),
    # How often the run was taken up again after its end, because somebody changed how it ended.
    Column("generation", Integer, nullable=False),
    Column("closed", Boolean, nullable=False),
    # "start" until a worker has taken it up, "wake" when it must look up at once; then nothing.
    Column("attention", Text),
    UniqueConstraint("started_by", "key"),
)
# Not a partial index: to say so would load PostgreSQL's dialect, a twentieth of a second, at every start.
Index("orders_calling", orders.c.attention)

journal = Table(
    "journal",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), primary_key=True),
    Column("look", Integer, primary_key=True, autoincrement=False),
    Column("entries", LargeBinary, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("deadline", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Text, nullable=False),
    Column("fault", Text),
    Column("ended_at", Text),
)

actions = Table(
    "actions",
    metadata,
    Column("run_id", Text, primary_key=True),
    # The event that made it due: a verdict, or a person's word.
    Column("seq", Integer, primary_key=True, autoincrement=False),
    # Among what the policy asks for at that moment.
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("moment", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("deadline", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Text, nullable=False),
    # Who is at it, and until when nobody else may be.
    Column("claim", Text),
    Column("claimed_until", Text),
    Column("fault", Text),
    Column("ended_at", Text),
    ForeignKeyConstraint(["run_id", "seq"], ["events.run_id", "events.seq"]),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seen_at", Text, nullable=False),
)

for _action in ("UPDATE", "DELETE"):
    event.listen(
        events,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER events_no_{_action.lower()} BEFORE {_action} ON events "
            "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
        ).execute_if(dialect="sqlite"),
    )
event.listen(
    events,
    "after_create",
    DDL(  # type: ignore[no-untyped-call]
        "CREATE FUNCTION gate_events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$; "
        "CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION gate_events_are_append_only()"
    ).execute_if(dialect="postgresql"),
)
