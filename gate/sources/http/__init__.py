"""Any API that answers with JSON, described without code.

The request has ``{since}``, ``{until}`` and ``{release}`` in it, JMESPath says where the fields of a mention stand, and
``paging`` how to come to the next page.
"""

from __future__ import annotations

from gate.ports import About
from gate.sources.http.options import Options
from gate.sources.http.source import Source

ABOUT = About(
    channel="anything that answers with JSON: an in-house feedback store, a survey tool, a forum",
    auth="a token in a header or in the query, where the service wants one",
    cost="1 request a page, up to `max_pages` a poll; nothing is bought",
    delay="the service's own; `lag` says how long to wait for it",
    limits="the service's own rate limits, as its headers tell them",
    stored="what the policy keeps of any mention",
    terms="whatever you agreed with the service",
)

__all__ = ["ABOUT", "Options", "Source"]
