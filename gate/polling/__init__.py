"""From pages to a ``Fetch``: what every source that reads pages of posts has in common.

A source says how to ask for one page, and how a post becomes a mention; ``collect`` walks the pages, keeps to the
period asked for, drops what it delivered before, stops at the caps, keeps what was read when a page fails, and
returns what came with a cursor from which the next poll goes on.
"""

from __future__ import annotations

from gate.polling.markup import plain_text
from gate.polling.page import Odd, Page, Stretch, moment, native_id
from gate.polling.paging import Paging, collect

__all__ = ["Odd", "Page", "Paging", "Stretch", "collect", "moment", "native_id", "plain_text"]
