"""A look-alike of GitHub on 127.0.0.1, written to its public description, that refuses what GitHub would refuse.

It knows one repository, one App that is installed there, jobs that wait for the App's answer, deployments and their
statuses, workflows that can be dispatched, issues, and files at commits. It can fail, hang, break off after the work is
done, limit rates and redeliver. ``tests/servers/test_github.py`` holds it against GitHub's own description.

    with GitHub() as hub:
        hub.url                                             # what settings call the API's base
        waiting = hub.hold(run=77, environment="production")
        hub.webhook(waiting).send(f"{service.url}/webhooks/github")
        hub.trouble("POST", "/deployment_protection_rule", Reply(500), times=2)
        token = hub.app.issue({"issues": "write"})          # for what is given a token
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from gate.clock import SystemClock
from tests.servers import github_answers as answers
from tests.servers.github_app import App, Refused
from tests.servers.github_issues import Issues
from tests.servers.github_rules import Waiting
from tests.servers.github_webhooks import Webhook, protection_rule
from tests.servers.http_server import Reply, Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.ports import Clock
    from tests.servers.http_server import Recorded

SHA = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"
VERSIONS = {"2022-11-28", "2026-03-10"}
JSON = {"content-type": "application/json; charset=utf-8"}


@dataclass
class Trouble:
    """What goes wrong with some requests."""

    method: str
    path: str
    """Part of it."""
    reply: Reply
    times: int
    done: bool
    """Whether the work is done all the same, and only the answer is lost."""


@dataclass
class Repository:
    """What GitHub holds for one."""

    issues: Issues
    name: str = "acme/app"
    id: int = 4711
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """By commit and path."""
    workflows: dict[str, set[str]] = field(default_factory=lambda: {"rollback.yml": {"release", "reason"}})
    """Inputs of those that may be dispatched, by file."""
    refs: set[str] = field(default_factory=lambda: {"main", "refs/heads/main"})
    dispatched: list[dict[str, Any]] = field(default_factory=list)
    """Of workflows: ``workflow`` and what was sent."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """Repository dispatches."""
    deployments: dict[int, dict[str, Any]] = field(
        default_factory=lambda: {1: {"sha": SHA, "environment": "production"}}
    )
    statuses: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)


class GitHub:
    """Serves until the ``with`` block is left."""

    def __init__(self, clock: Clock | None = None, secret: str = "webhook-secret") -> None:  # noqa: S107 - invented
        """Know one repository, ``acme/app``, and one App."""
        self.clock = clock or SystemClock()
        self.secret = secret
        self.app = App(self.clock)
        self.server = Server(answer=self._answer)
        self.repository = Repository(Issues(f"{self.server.url}/repos/acme/app", "acme/app"))
        self.app.repositories.add(self.repository.id)
        self._troubles: list[Trouble] = []
        self._lock = threading.Lock()
        self._routes = list(_routes(self))

    @property
    def url(self) -> str:
        """The base of its API."""
        return self.server.url

    @property
    def requests(self) -> list[Recorded]:
        """What it was asked, oldest first."""
        return self.server.requests

    def __enter__(self) -> Self:
        """Start serving."""
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.server.__exit__()

    def trouble(self, method: str, path: str, reply: Reply, *, times: int = 1, done: bool = False) -> None:
        """Answer the next requests of that kind so.

        Args:
            method: of HTTP.
            path: a part of the path.
            reply: e.g. ``Reply(500)``, ``Reply(how="hang")``, or ``LIMITED``.
            times: how often.
            done: do the work all the same: the answer alone is lost.
        """
        self._troubles.append(Trouble(method, path, reply, times, done))

    def mend(self) -> None:
        """Answer as usual from now on."""
        self._troubles.clear()

    def hold(self, run: int = 77, environment: str = "production") -> Waiting:
        """Let a job of that run wait for the App."""
        waiting = Waiting(run, environment)
        self.repository.waiting.append(waiting)
        return waiting

    def webhook(self, waiting: Waiting, *, sha: str = SHA, **fields: Any) -> Webhook:  # noqa: ANN401 - any JSON
        """Return what the App is sent about a job that waits; ``fields`` stand over those of the payload."""
        payload = protection_rule(
            self.url, name=self.repository.name, repository=self.repository.id, run=waiting.run, at=self.clock.now(),
            environment=waiting.environment, sha=sha, installation=self.app.installation, deployment=waiting.run + 1000,
        )  # fmt: skip
        return Webhook("deployment_protection_rule", {**payload, **fields}, self.secret)

    def _answer(self, request: Recorded) -> Reply:
        with self._lock:
            trouble = next((each for each in self._troubles if each.times and each.method == request.method
                            and each.path in request.path), None)  # fmt: skip
            if trouble:
                trouble.times -= 1
                if not trouble.done:
                    return trouble.reply
            try:
                reply = self._route(request)
            except Refused as refused:
                reply = refused.reply
            return trouble.reply if trouble else reply

    def _route(self, request: Recorded) -> Reply:
        if not request.headers.get("user-agent"):
            raise Refused(
                403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
            )
        if request.headers.get("x-github-api-version", "2022-11-28") not in VERSIONS:
            raise Refused(400, "The requested version is not supported.")
        for method, pattern, do in self._routes:
            if method == request.method and (found := pattern.fullmatch(request.path)):
                return do(request, *found.groups())
        raise Refused(404, "Not Found")


LIMITED = Reply(403, b'{"message": "You have exceeded a secondary rate limit."}', {**JSON, "retry-after": "1"})
"""Come again in a second."""


def said(request: Recorded) -> dict[str, Any]:
    """Return the JSON of a request.

    Raises:
        Refused: it is none.
    """
    try:
        value = json.loads(request.body or b"{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refused(400, "Problems parsing JSON")
    return value


def _routes(hub: GitHub) -> list[tuple[str, re.Pattern[str], Callable[..., Reply]]]:
    """Return what there is: method, path, and what answers, which takes the request and the parts of the path."""
    repository, app = hub.repository, hub.app
    here = f"/repos/{re.escape(repository.name)}"

    def guarded(permission: str, level: str, do: Callable[..., Reply]) -> Callable[..., Reply]:
        def guard(request: Recorded, *parts: str) -> Reply:
            app.may(request.headers.get("authorization", ""), repository.id, permission, level)
            return do(request, *parts)

        return guard

    def as_app(do: Callable[..., Reply]) -> Callable[..., Reply]:
        def guard(request: Recorded, *parts: str) -> Reply:
            app.check(request.headers.get("authorization", ""))
            return do(request, *parts)

        return guard

    issues = repository.issues
    table: list[tuple[str, str, Callable[..., Reply]]] = [
        ("POST", r"/app/installations/(\d+)/access_tokens", as_app(lambda r, n: app.token(int(n), said(r)))),
        ("GET", r"/app", as_app(lambda _: Reply.of(answers.app(app)))),
        ("GET", f"{here}/installation", as_app(lambda _: Reply.of(answers.installation(app)))),
        ("GET", here, guarded("metadata", "read", lambda _: Reply.of(answers.repository(repository)))),
        ("POST", f"{here}/actions/runs/(\\d+)/deployment_protection_rule",
         guarded("deployments", "write", lambda r, n: answers.review(repository, int(n), said(r)))),
        ("GET", f"{here}/contents/(.+)", guarded("contents", "read", lambda r, p: answers.content(repository, p, r))),
        ("GET", f"{here}/deployments", guarded("deployments", "read", lambda r: answers.deployments(repository, r))),
        ("POST", f"{here}/deployments/(\\d+)/statuses",
         guarded("deployments", "write", lambda r, n: answers.status(repository, int(n), said(r)))),
        ("GET", f"{here}/deployments/(\\d+)/statuses",
         guarded("deployments", "read", lambda _, n: answers.statuses(repository, int(n)))),
        ("POST", f"{here}/actions/workflows/([^/]+)/dispatches",
         guarded("actions", "write", lambda r, w: answers.dispatch(repository, w, said(r)))),
        ("POST", f"{here}/dispatches", guarded("contents", "write", lambda r: answers.event(repository, said(r), r))),
        ("POST", f"{here}/issues", guarded("issues", "write", lambda r: Reply.of(issues.create(said(r)), 201))),
        ("GET", f"{here}/issues", guarded("issues", "read", lambda r: Reply.of(issues.listed(r.query)))),
        ("GET", f"{here}/issues/(\\d+)",
         guarded("issues", "read", lambda _, n: Reply.of(issues.shown(issues.find(int(n)))))),
        ("PATCH", f"{here}/issues/(\\d+)",
         guarded("issues", "write", lambda r, n: Reply.of(issues.change(int(n), said(r))))),
        ("POST", f"{here}/issues/(\\d+)/comments",
         guarded("issues", "write", lambda r, n: Reply.of(issues.comment(int(n), said(r)), 201))),
        ("GET", f"{here}/issues/(\\d+)/comments",
         guarded("issues", "read", lambda _, n: Reply.of(issues.comments(int(n))))),
        ("GET", r"/search/issues", guarded("issues", "read", lambda r: answers.search(issues, r))),
    ]  # fmt: skip
    return [(method, re.compile(path), do) for method, path, do in table]
