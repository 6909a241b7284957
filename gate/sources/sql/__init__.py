"""Mentions from a database: chat logs, call transcripts, surveys, by a query that only reads.

Any database that SQLAlchemy has a driver for. SQLite and PostgreSQL are opened so that nothing can be written, whatever
the query says; for others, use an account that may only read.
"""

from __future__ import annotations

from gate.ports import About
from gate.sources.sql.options import Options
from gate.sources.sql.source import Source

ABOUT = About(
    channel="a database: chat logs, call transcripts, surveys",
    auth="an account that may read; its password in an environment variable",
    cost="1 query a poll",
    delay="that of whoever writes to it",
    limits="the database's own",
    stored="what the policy keeps of any mention",
    terms="what you promised those whose words are in it",
)

UNCOUNTED = "a database is yours and its rows are not counted, so no budget could stop it"
"""Why this source takes no ``budget``."""

__all__ = ["ABOUT", "UNCOUNTED", "Options", "Source"]
