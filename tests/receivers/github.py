"""GitHub as the far side of actions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

from tests.servers.github import SHA, GitHub
from tests.servers.http_server import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gate.ports import Clock
    from tests.servers.http_server import Recorded

INPUTS = {"gate-run-id", "release", "reason"}


class GitHubSide:
    """A look-alike that has one workflow, whose runs are named after ``gate-run-id``."""

    def __init__(self, clock: Clock, permissions: Mapping[str, str], path: str, count: Callable[[GitHub], int]) -> None:
        """Take what the token may, a part of the path of the message that does it, and how to count what was done."""
        self.hub = GitHub(clock)
        self.hub.app.permissions = dict(permissions)
        self.hub.repository.workflows = {"rollback.yml": set(INPUTS)}
        self.hub.repository.deployments = {5: {"sha": SHA, "environment": "production"}}
        self._path, self._count = path, count
        self._token = self.hub.app.issue(permissions)
        self._truth = self.hub.server.answer
        self._instead: Reply | None = None
        self.hub.server.answer = self._answer

    def __enter__(self) -> Self:
        """Start serving."""
        self.hub.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.hub.__exit__()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.hub.url

    @property
    def token(self) -> str:
        """That lets an action in."""
        return self._token

    @property
    def requests(self) -> Sequence[Recorded]:
        """What it was asked."""
        return self.hub.requests

    def done(self) -> int:
        """How often it was done."""
        return self._count(self.hub)

    def trouble(self, reply: Reply, *, done: bool = False) -> None:
        """Give this answer once to the message that does it."""
        self.hub.trouble("POST", self._path, reply, done=done)

    def always(self, reply: Reply) -> None:
        """Give this answer to everything."""
        self._instead = reply

    def _answer(self, request: Recorded) -> Reply:
        if self._instead:
            return self._instead
        if request.method == "GET" and re.search(r"/actions/(workflows/[^/]+/)?runs$", request.path):
            return Reply.of({"workflow_runs": [_run(each) for each in self._started()]})
        return self._truth(request)

    def _started(self) -> list[str]:
        repository = self.hub.repository
        told = [each["inputs"] for each in repository.dispatched]
        told += [each["client_payload"] for each in repository.events]
        return [f"Roll back {each['gate-run-id']}" for each in told]


def _run(name: str) -> dict[str, str]:
    return {"display_title": name, "html_url": "https://github.com/acme/app/actions/runs/9001"}
