"""``/events``: a run as it goes on, as server-sent events (HTML standard, section 9.2)."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Response, current_app

from gate.canonical import dumps
from gate.errors import StoreFault
from gate.service.api.asked import EventsHeader, RunPath
from gate.service.api.blueprint import NO_RUN, api, standing
from gate.service.api.shown import event_told
from gate.service.auth import Role, lasting, require
from gate.service.problems import Problem
from gate.service.services import services
from gate.service.stopping import STOPPING
from gate.store import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from gate.ports import Clock
    from gate.service.services import Services

EVERY = 1.0
"""Seconds between looks at the run log."""
HEARTBEAT = 15
"""So many of them without news, and a heartbeat is sent: proxies cut silent connections."""
PROBE = 2
"""So many of them without news, and an empty comment is sent: only who writes learns that a reader has left its place."""
AGAIN = timedelta(minutes=1)
"""So often it is seen whether the reader may read still: tokens are revoked."""
AT_ONCE = 200
RETRY_AFTER = 10
STREAMS = "gate.streams"
"""In ``app.extensions``."""


class Streams:
    """Counts the streams of this process, each of which holds a thread."""

    def __init__(self, most: int) -> None:
        """Take how many there may be."""
        self._free = threading.BoundedSemaphore(most) if most else None

    def enter(self) -> None:
        """Take a place.

        Raises:
            Problem: there is none.
        """
        if not (self._free and self._free.acquire(blocking=False)):
            raise Problem(429, "too many streams are open", kind="streams", headers={"Retry-After": str(RETRY_AFTER)},
                          hint="ask for /verdict every few seconds instead")  # fmt: skip

    def leave(self) -> None:
        """Give it back."""
        if self._free:
            self._free.release()


@api.get("/runs/<run_id>/events", operation_id="streamEvents", responses={
    "200": {"description": "Events of the log by their kind (`look`, `verdict` …), `heartbeat`, and `end`.",
            "content": {"text/event-stream": {}}},
    "204": {"description": "All was sent before, and nothing more will come."},
    **NO_RUN,
})  # fmt: skip
@require(Role.READ)
def stream_events(path: RunPath, header: EventsHeader) -> Response:
    """Stream what happens in a run; `Last-Event-ID` takes a stream up where it was cut off."""
    run = standing(path.run_id, Role.READ)
    seen = int(header.last) if header.last.isascii() and header.last.isdigit() else 0
    if run.line.state is not State.RUNNING and seen >= run.events:
        return Response(status=204)  # A browser stops asking at that.
    streams: Streams = current_app.extensions[STREAMS]
    streams.enter()
    response = Response(_events(services(), path.run_id, seen, lasting()), 200, {
        "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
    })  # fmt: skip
    response.call_on_close(streams.leave)
    return response


def _events(parts: Services, run_id: str, seen: int, lasts: Callable[[], bool]) -> Iterator[bytes]:
    store = parts.store
    until: datetime = parts.clock.now() + parts.settings.limits.stream_length
    quiet, admitted = 0, _each(AGAIN, lasts, parts.clock)
    yield b"retry: 2000\n\n"
    while parts.clock.now() < until and admitted():
        try:
            run = store.standing(run_id)
            new = store.events(run_id, after=seen, limit=AT_ONCE) if run.events > seen else []
        except StoreFault:
            return  # The reader comes again.
        for event in new:
            seen, quiet = event.seq, 0
            yield message(event.kind, dumps(event_told(event)), seen)
        if seen >= run.events and run.line.state is not State.RUNNING:
            yield message("end", dumps({"state": run.line.state}))
            return
        if not new:
            quiet += 1
            if quiet % HEARTBEAT == 0:
                yield message("heartbeat", b"{}")
            elif quiet % PROBE == 0:
                yield b":\n\n"
            if STOPPING.wait(EVERY):
                return


def _each(period: timedelta, lasts: Callable[[], bool], clock: Clock) -> Callable[[], bool]:
    """Return what says yes, and asks once a period whether that is so."""
    asks_at = clock.now() + period

    def admitted() -> bool:
        nonlocal asks_at
        if clock.now() < asks_at:
            return True
        asks_at = clock.now() + period
        try:
            return lasts()
        except StoreFault:
            return False  # The reader comes again.

    return admitted


def message(kind: str, data: bytes, number: int | None = None) -> bytes:
    """Return one event; canonical JSON has no line breaks, so that its data is one line."""
    name = b"" if number is None else b"id: %d\n" % number
    return b"%sevent: %s\ndata: %s\n\n" % (name, kind.encode(), data)
