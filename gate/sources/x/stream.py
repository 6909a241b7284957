"""One connection to X's filtered stream, read by a thread of its own into a buffer.

The thread ends with the connection; connecting again is up to whoever polls, by the clock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown, SourceFault
from gate.http import CutOff, go_on, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from gate.http import Lines
    from gate.model import Unreadable
    from gate.ports import Clock

NAME = "x-stream"
"""Of the thread."""
SPENT = "the budget for X is used up"


@dataclass(slots=True)
class Catch:
    """What came since the last time somebody asked."""

    items: list[Any] = field(default_factory=list)
    """Posts as X sent them, each with its author beside it where authors were asked for."""
    posts: int = 0
    """Posts that were sent, buffered or not: what X bills."""
    users: int = 0
    overflow: bool = False
    """Whether the buffer was full and posts were left out."""
    unreadable: tuple[Unreadable, ...] = ()

    def as_page(self) -> dict[str, Any]:
        """Return it in the shape of a reply of search."""
        users = [user for item in self.items for user in _users(item)]
        return {"data": [item["data"] for item in self.items], "includes": {"users": users}, "meta": {}}


class Stream:
    """Connects at once, in the background."""

    def __init__(self, connect: Callable[[], Lines], clock: Clock, rule: str, *, buffer: int, allowance: int) -> None:
        """Start the thread.

        Args:
            connect: makes the connection; may take its time, and may raise a SourceFault.
            rule: id of the rule whose posts are wanted.
            clock: by which signs of life are dated.
            buffer: posts kept at most.
            allowance: posts that may be bought; with the last one the connection is closed.
        """
        self.fault: SourceFault | None = None
        """Why there was no connection."""
        self.ended = ""
        """Why there is none any more, for people; empty while it stands."""
        self.started: datetime | None = None
        """When it stood."""
        self.alive: datetime | None = None
        """When something came last, if only a sign of life."""
        self._connect = connect
        self._clock = clock
        self._rule = rule
        self._buffer = buffer
        self._allowance = allowance
        self._catch = Catch()
        self._lock = Lock()
        self._lines: Lines | None = None
        self._wake = Event()
        self._closing = False
        self._thread = Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()

    def stands(self, seconds: float) -> bool:
        """Wait at most so long until it is known whether the connection stands; False also while it is not known.

        Raises:
            Cancelled: the process was told to stop.
        """
        if self.started is None and self.fault is None:
            with CutOff(seconds, self._wake.set):
                self._wake.wait()
            go_on()
            self._wake.clear()
        return self.started is not None

    def take(self) -> Catch:
        """Return what came."""
        with self._lock:
            caught, self._catch = self._catch, Catch()
        return caught

    def allow(self, posts: int) -> None:
        """Let so many be bought from now on, those that came but were not taken yet among them."""
        with self._lock:
            self._allowance = posts - self._catch.posts
        if posts <= 0:
            self.ended = SPENT
            self._hang_up()

    def close(self) -> None:
        """Disconnect, and wait for the thread to end."""
        self._closing = True
        self._hang_up()
        self._thread.join(1)

    def _hang_up(self) -> None:
        if self._lines is not None:
            self._lines.close()

    def _run(self) -> None:
        try:
            self._lines = lines = self._connect()
        except SourceFault as fault:
            self.fault, self.ended = fault, fault.message
            return
        except Exception as error:  # noqa: BLE001 - a thread has nobody above it; whoever polls hears of it
            self.fault = SourceDown(f"the stream of X broke ({type(error).__name__})")
            self.ended = self.fault.message
            return
        finally:
            if self._lines is None:
                self._wake.set()
        try:
            self.started = self.alive = self._clock.now()
            self._wake.set()
            why = "" if self._closing else self._read(lines)
            self.ended = self.ended or why
        except SourceFault as fault:
            self.ended = fault.message
        except Exception as error:  # noqa: BLE001 - as above
            self.ended = f"it could not be read ({type(error).__name__})"
        finally:
            lines.close()
            lines.release()

    def _read(self, lines: Lines) -> str:
        for line in lines:
            if line and (why := self._accept(line)):
                return why
            self.alive = self._clock.now()
        return "X closed it"

    def _accept(self, line: bytes) -> str:
        """Buffer a post; return why the connection is of no use any more, if it is not."""
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            return "X sent a line that is no JSON"
        if not isinstance(item, dict) or "data" not in item:
            return f"X ended it: {_problem(item)}"
        ours = self._ours(item)
        with self._lock:
            self._catch.posts += 1
            self._catch.users += len(_users(item))
            self._allowance -= 1
            if not ours:
                pass  # another rule's of the same app: paid for all the same
            elif len(self._catch.items) < self._buffer:
                self._catch.items.append(item)
            else:
                self._catch.overflow = True
            return "" if self._allowance > 0 else SPENT

    def _ours(self, item: Mapping[str, Any]) -> bool:
        matched = item.get("matching_rules")
        ids = {rule.get("id") for rule in matched if isinstance(rule, dict)} if isinstance(matched, list) else set()
        return not ids or self._rule in ids


def _users(item: Mapping[str, Any]) -> list[Any]:
    included = item.get("includes")
    users = included.get("users") if isinstance(included, dict) else None
    return users if isinstance(users, list) else []


def _problem(item: Any) -> str:  # noqa: ANN401  # any JSON
    errors = item.get("errors") if isinstance(item, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else item
    if not isinstance(first, dict):
        return "it does not say why"
    return one_line(str(first.get("detail") or first.get("title") or "it does not say why"))
