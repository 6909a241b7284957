"""The one HTTP core: what every source that speaks HTTP needs, on top of ``requests``.

``Client`` is what a source uses: it asks, and returns what came back or raises an error that says what to do. It

* keeps to the time of the poll: connecting, headers, a body that trickles and further tries included;
* tries again what may pass at once, within one small budget a poll; remembers until when a rate limit holds; and
  leaves a host alone for a while that fails again and again;
* reads a body to a cap, and can ask only for what changed since the last time;
* talks to one origin only: a redirect elsewhere is refused, so that no token travels;
* adds credentials on the wire, where no library's log can see them, and takes them out of whatever comes back;
* honours proxies and CA bundles of the environment for the real address, but not ``.netrc``, because ``requests``
  would let it replace our own credentials;
* lets go at once when the process is told to stop; see ``interrupt``.

``guard`` gives the same limits to a session that a client library made, but waits and tries again for nobody.
"""

from __future__ import annotations

from gate.http.adapter import Adapter, Limits, guard, session
from gate.http.address import address_problem, joined
from gate.http.client import Client
from gate.http.deadline import Deadline, DeadlinePassed
from gate.http.doctor import diagnose
from gate.http.faults import CircuitOpen, ConnectionFault, RateLimited, ServerFault
from gate.http.keys import Key
from gate.http.rates import Quota, quota, reset_at
from gate.http.replies import Reply, json_object, redact
from gate.http.retry import Retry
from gate.http.signing import signed
from gate.http.statuses import one_line
from gate.http.stopping import CutOff, go_on, interrupt, resume, stoppable
from gate.http.streaming import Lines, StreamAdapter

__all__ = [
    "Adapter",
    "CircuitOpen",
    "Client",
    "ConnectionFault",
    "CutOff",
    "Deadline",
    "DeadlinePassed",
    "Key",
    "Limits",
    "Lines",
    "Quota",
    "RateLimited",
    "Reply",
    "Retry",
    "ServerFault",
    "StreamAdapter",
    "address_problem",
    "diagnose",
    "go_on",
    "guard",
    "interrupt",
    "joined",
    "json_object",
    "one_line",
    "quota",
    "redact",
    "reset_at",
    "resume",
    "session",
    "signed",
    "stoppable",
]
