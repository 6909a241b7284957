"""Mentions from a database: chat logs, call transcripts, surveys, by a query that only reads.

Any database that SQLAlchemy has a driver for. SQLite and PostgreSQL are opened so that nothing can be written, whatever
the query says; for others, use an account that may only read.
"""

from __future__ import annotations

from gate.sources.sql.options import Options
from gate.sources.sql.source import Source

__all__ = ["Options", "Source"]
