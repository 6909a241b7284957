"""The run log: what every run looked at, saw and decided, append-only and hash-chained.

SQLite by default, PostgreSQL by URL. Importing this loads SQLAlchemy, so commands import it when
they need it.

A chain shows that a row was changed, removed or slipped in. It cannot show that somebody with
write access to the database wrote a whole new chain: keep ``Run.head`` elsewhere for that.
"""

from __future__ import annotations

from gate.store.actions import Task
from gate.store.authors import author_key, hash_author
from gate.store.counting import Counts
from gate.store.database import default_url, key_folder, missing
from gate.store.glance import Glance
from gate.store.listing import Line, Page, Standing
from gate.store.log import Store
from gate.store.mentions import Seen
from gate.store.moods import Mood, Moods
from gate.store.outbox import Delivery
from gate.store.purging import Chosen
from gate.store.rows import Event, Run, State
from gate.store.sessions import Login, Session
from gate.store.starting import NewOrder
from gate.store.texts import Said
from gate.store.tokens import NewToken, Token
from gate.store.verify import Problem
from gate.store.watches import StandingWatch, WatchedSource
from gate.store.webhooks import Receipt, Webhook
from gate.store.work import Assignment, Call, Step

__all__ = [
    "Assignment",
    "Call",
    "Chosen",
    "Counts",
    "Delivery",
    "Event",
    "Glance",
    "Line",
    "Login",
    "Mood",
    "Moods",
    "NewOrder",
    "NewToken",
    "Page",
    "Problem",
    "Receipt",
    "Run",
    "Said",
    "Seen",
    "Session",
    "Standing",
    "StandingWatch",
    "State",
    "Step",
    "Store",
    "Task",
    "Token",
    "WatchedSource",
    "Webhook",
    "author_key",
    "default_url",
    "hash_author",
    "key_folder",
    "missing",
]
