"""The one HTTP core: what every source that speaks HTTP needs, on top of ``requests``.

``guard`` (or ``session``, for a fresh one) makes a session safe to poll with:

* each request has a connect and a read timeout, the poll as a whole has a ``Deadline``, and a
  server that trickles bytes is cut off when the time is up (name resolution alone is left to
  the system's own limits);
* a body is read to a cap, and the connection is given back at once;
* it talks to one origin only: a redirect elsewhere is refused, so that no token travels;
* credentials are added on the wire, where no library's log can see them, and are taken out of
  whatever comes back;
* proxies and CA bundles of the environment are honoured for the real address; ``.netrc`` is not,
  because ``requests`` would let it replace our own credentials.

Nothing here waits or tries again: the next look does.
"""

from __future__ import annotations

from gate.http.adapter import Adapter, Limits, guard, session
from gate.http.deadline import Deadline, DeadlinePassed
from gate.http.replies import json_object, redact, reset_at

__all__ = [
    "Adapter",
    "Deadline",
    "DeadlinePassed",
    "Limits",
    "guard",
    "json_object",
    "redact",
    "reset_at",
    "session",
]
