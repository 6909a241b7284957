"""What callers ask of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote
from uuid import uuid4

from gate.client.answers import LogEntry, RunState, VerdictState
from gate.client.transport import Transport
from gate.clock import SystemClock
from gate.errors import ServiceFault
from gate.model import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gate.ports import Clock

TIMEOUT = timedelta(seconds=10)
PATIENCE = timedelta(minutes=2)
POLL = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Order:
    """A run to start: ``policy`` or ``policy_name``."""

    policy: str | None = None
    """Text of gate.yml."""
    policy_name: str | None = None
    """Of one that the service holds."""
    deployed_at: datetime | None = None
    """Now, if it is left out."""
    release: str | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    callback: Mapping[str, Any] | None = None
    """``url``, ``secret`` (a reference, ``${NAME}``), ``deadline``, ``updates``."""
    key: str = ""
    """Idempotency key: the same order with the same key is the same run. Made up, if it is left out."""


class Client:
    """One service, asked as one caller."""

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        timeout: timedelta = TIMEOUT,
        patience: timedelta = PATIENCE,
        clock: Clock | None = None,
    ) -> None:
        """Take where and as whom; nothing is sent yet.

        Args:
            url: of the service; https, except on this machine.
            token: from ``gate token create``, or GitHub's; a function is asked before each request, for tokens that
                do not last as long as a run.
            timeout: of one request.
            patience: for how long a service that fails or cannot be reached is tried again.
            clock: the real one if not given.

        Raises:
            UsageFault: the address is none that a token may be sent to.
        """
        self._clock = clock or SystemClock()
        self._http = Transport(url, token, timeout, patience, self._clock)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let go of connections."""
        self._http.close()

    def start(self, order: Order) -> str:
        """Start a run and return its id.

        Raises:
            PolicyFault: the policy is wrong, or asks for what this service does not allow.
            KeyReused: the key stands for another order already.
            UsageFault: something else is wrong with the order.
            ServiceFault: the service cannot be reached or failed; whether the run began is not known.
        """
        # Fixed before the first try, so that a second one is the same order.
        deployed_at = order.deployed_at or self._clock.now()
        body = {
            "policy": order.policy,
            "policy_name": order.policy_name,
            "deployed_at": deployed_at.isoformat(),
            "release": order.release,
            "labels": dict(order.labels) or None,
            "callback": dict(order.callback) if order.callback else None,
        }
        said = {name: value for name, value in body.items() if value is not None}
        key = {"Idempotency-Key": order.key or str(uuid4())}
        return str(self._json("POST", "/v1/runs", body=said, headers=key)["id"])

    def run(self, run_id: str) -> RunState:
        """Return how a run stands."""
        return RunState.of(self._json("GET", _path(run_id)))

    def verdict(self, run_id: str) -> VerdictState:
        """Return the latest verdict."""
        return VerdictState.of(self._json("GET", _path(run_id, "verdict")))

    def wait(
        self, run_id: str, *, until: datetime | None = None, on_event: Callable[[LogEntry], None] | None = None
    ) -> VerdictState:
        """Wait until the run is over, or that time has come, and return the verdict.

        Args:
            run_id: of the run.
            until: for ever, if it is left out.
            on_event: told what happens, as it happens.
        """
        seen = 0
        while True:
            verdict = self.verdict(run_id)  # First, so that what it was decided on is told, too.
            for entry in self.log(run_id, after=seen) if on_event else ():
                seen = entry.seq
                on_event(entry)  # type: ignore[misc]
            if verdict.final or (until and self._clock.now() >= until):
                return verdict
            self._clock.wait(min(POLL, max(until - self._clock.now(), timedelta(0))) if until else POLL)

    def runs(self, limit: int | None = None, **filters: str | None) -> Iterator[RunState]:
        """Yield runs, newest first, those that match all filters; see ``GET /v1/runs``."""
        cursor, left = None, limit
        while left is None or left > 0:
            page = self._json("GET", "/v1/runs", query={**filters, "cursor": cursor, "limit": min(left or 200, 200)})
            yield from (RunState.of(each) for each in page["runs"])
            left = None if left is None else left - len(page["runs"])
            if (cursor := page["cursor"]) is None:
                return

    def policies(self) -> list[str]:
        """Return the names of the policies that the service holds."""
        return [str(each["name"]) for each in self._json("GET", "/v1/policies")["policies"]]

    def log(self, run_id: str, *, after: int = 0) -> Iterator[LogEntry]:
        """Yield what happened in a run, oldest first, from the event after that one on."""
        following: int | None = after
        while following is not None:
            page = self._json("GET", _path(run_id, "log"), query={"after": following})
            yield from (LogEntry.of(each) for each in page["events"])
            following = page["next"]

    def evidence(self, run_id: str) -> bytes:
        """Return log and evidence pack, a ZIP file."""
        return self._http.ask("GET", _path(run_id, "evidence")).content

    def approve(self, run_id: str, reason: str) -> RunState:
        """Promote, whatever the evidence says."""
        return self._override(run_id, "approve", reason)

    def reject(self, run_id: str, reason: str) -> RunState:
        """Halt, whatever the evidence says."""
        return self._override(run_id, "reject", reason)

    def cancel(self, run_id: str, reason: str) -> RunState:
        """End a run without a verdict."""
        return self._override(run_id, "cancel", reason)

    def extend(self, run_id: str, reason: str, until: datetime) -> RunState:
        """Let the window close later."""
        return self._override(run_id, "extend", reason, until=until.isoformat())

    def _override(self, run_id: str, what: str, reason: str, **more: str) -> RunState:
        # Not sent twice: it would stand in the log twice.
        return RunState.of(self._json("POST", _path(run_id, what), body={"reason": reason, **more}, again=False))

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of ``ask``
        reply = self._http.ask(method, path, **more)
        try:
            told = reply.json()
        except ValueError:
            told = None
        if not isinstance(told, dict):
            message = "the service answered something that is no JSON object"
            raise ServiceFault(message, hint="see that --service is the address of a gate service")
        return told


def _path(run_id: str, part: str = "") -> str:
    return f"/v1/runs/{quote(run_id, safe='')}" + (f"/{part}" if part else "")
