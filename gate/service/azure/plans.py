"""Speaks to Azure DevOps about a plan that waits: lines for whoever watches, a log that stays, and how it ends.

With the token of the check itself, and at an address that is built of the settings and of ids: none that came is called.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown, SourceRefused
from gate.http import Client, Limits, Retry, one_line
from gate.ports import SourceContext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gate.http import Reply
    from gate.ports import Clock
    from gate.service.azure.asked import Asked

EVENTS, RECORDS = "2.0-preview.1", "4.1"
"""Versions of the API: the oldest that have this, so that servers of one's own have it too."""
TIMEOUT = timedelta(seconds=10)
"""For one call."""
LARGEST = 1024 * 1024
OLD_GATES = 12
"""In the hub of gates, plans up to this version know a job by the id of its task. So does Microsoft's own helper
(azure-pipelines-extensions, ServerTaskHelper)."""
SIGN_IN, INVALID, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT = 203, 400, 401, 403, 404, 409
_GONE = ("TaskOrchestration", "OrchestrationSession", "Timeline")
"""So begin the kinds of error of a plan that is over, or was deleted."""


class Closed(SourceRefused):
    """Nothing waits there any more."""


class Plans:
    """Azure DevOps, as a check may use it. Safe to share between threads."""

    def __init__(self, clock: Clock) -> None:
        """Ask nothing yet."""
        self._clock = clock

    def complete(self, asked: Asked, token: str, result: str) -> None:
        """End a check.

        Args:
            asked: the check.
            token: that came with it.
            result: ``succeeded`` or ``failed``.

        Raises:
            Closed: it is over already.
            SourceDown: Azure could not be told this time.
            Cancelled: the process was told to stop.
        """
        with self._speaking(asked, token) as client:
            job, task = asked.job, asked.task
            if asked.hub == "gates" and _version(
                self._said(client.get(asked.address, {"api-version": RECORDS}, accept=_SEEN))
            ):
                job, task = task, str(uuid.UUID(int=0))
            event = {"name": "TaskCompleted", "taskId": task, "jobId": job, "result": result}
            self._sent(client, f"{asked.address}/events", event, version=EVENTS)

    def show(self, asked: Asked, token: str, lines: Sequence[str]) -> None:
        """Show lines to whoever watches.

        Raises:
            Closed: nobody does.
            SourceDown: Azure does not take them this time.
            Cancelled: the process was told to stop.
        """
        with self._speaking(asked, token) as client:
            address = f"{asked.address}/timelines/{asked.timeline}/records/{asked.job}/feed"
            self._sent(client, address, {"value": list(lines), "count": len(lines)})

    def keep(self, asked: Asked, token: str, lines: Sequence[str], log: int | None) -> int:
        """Add lines to the log that stays, and return its number; begin it where there is none yet.

        Raises:
            Closed: it is over.
            SourceDown: Azure does not take them this time.
            Cancelled: the process was told to stop.
        """
        with self._speaking(asked, token) as client:
            known = log
            if known is None:
                made = self._sent(client, f"{asked.address}/logs", {"path": f"logs\\{asked.task}"}).json_object()
                known = _number(made)
            octets = {"Content-Type": "application/octet-stream"}
            text = "".join(f"{line}\n" for line in lines).encode()
            about = self._sent(client, f"{asked.address}/logs/{known}", raw=text, headers=octets).json_object()
            if log is None:
                tied = {"value": [{"id": asked.task, "log": {**about, "id": known}}], "count": 1}
                self._sent(client, f"{asked.address}/timelines/{asked.timeline}/records", tied, method="PATCH")
            return known

    @contextmanager
    def _speaking(self, asked: Asked, token: str) -> Iterator[Client]:
        context = SourceContext("azure", "", Path(), "", lambda _: token, self._clock)
        # Whoever calls tries again, less and less often.
        client = Client(asked.organization, context, who="Azure DevOps", limits=Limits(body=LARGEST), retry=Retry(0))
        client.authorize(token)
        try:
            yield client.start(TIMEOUT)
        except Closed:
            raise
        except SourceRefused as fault:
            # A stage waits for the answer, as long as it waits: nothing is the last word.
            raise SourceDown(fault.message, hint=fault.hint) from None
        finally:
            client.close()

    def _sent(  # noqa: PLR0913 - all but the first three by name
        self, client: Client, address: str, value: object = None, *, raw: bytes | None = None,
        headers: Mapping[str, str] | None = None, method: str = "POST", version: str = RECORDS,
    ) -> Reply:  # fmt: skip
        query = {"api-version": version}
        return self._said(
            client.post(address, json=value, raw=raw, query=query, headers=headers, accept=_SEEN, method=method)
        )

    def _said(self, reply: Reply) -> Reply:
        """Return an answer that is none of a refusal.

        Raises:
            Closed: it says that the plan is over.
            SourceDown: it refuses otherwise.
        """
        if reply.status in {SIGN_IN, UNAUTHORIZED, FORBIDDEN}:
            # 203 is a page to sign in, which by its status is a success.
            message = f"Azure DevOps does not take the check's token ({reply.status}{_why(reply)})"
            raise SourceDown(message, hint="it is good for 48 hours, and for its own organization only")
        if reply.status not in _SEEN:
            return reply
        message = f"Azure DevOps answered {reply.status}{_why(reply)}"
        if str(_error(reply).get("typeKey", "")).startswith(_GONE):
            raise Closed(message, hint="somebody cancelled the pipeline, or the check was answered already")
        raise SourceDown(message, hint="see whether PlanUrl, ProjectId and HubName are those of the pipeline")


_SEEN = frozenset({SIGN_IN, INVALID, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT})


def _version(reply: Reply) -> bool:
    """Say whether a plan is one of the old ones."""
    version = reply.json_object().get("version")
    return isinstance(version, int) and version <= OLD_GATES


def _number(made: Mapping[str, Any]) -> int:
    if not isinstance(made.get("id"), int):
        message = "Azure DevOps' answer holds no number of a log"
        raise SourceDown(message, hint="it is tried again")
    return int(made["id"])


def _error(reply: Reply) -> Mapping[str, Any]:
    try:
        return reply.json_object()
    except SourceDown:
        return {}


def _why(reply: Reply) -> str:
    said = one_line(str(_error(reply).get("message", "")))
    return f": {said}" if said else ""
