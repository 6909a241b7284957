"""A look-alike of Azure DevOps on 127.0.0.1, written to its public description, that refuses what the real one refuses.

It knows one organization and one project: checks that wait for a callback, with their timelines, feeds and logs;
pipelines that can be run; a classic release that can be deployed again. It can fail, hang, lose an answer and close a
plan. ``azure_devops_checks`` is the side of it that calls: a check as somebody sets it up.

    with AzureDevOps() as azure:
        azure.url                                   # of the organization, as $(system.CollectionUri) without its slash
        azure.project                               # id; its name "Shop" is good as well
        plan = azure.start_check()                  # something that waits: plan.token, plan.job, plan.feed, plan.completed
        token = azure.issue("queue", "release")     # a personal access token, for what runs pipelines
        azure.pipelines[12].runs, azure.releases[7].environments[70].status
        azure.trouble("POST", "/events", Reply(503), times=2)
        azure.trouble("POST", "/events", Reply(500), done=True)      # done, and the answer lost
        azure.requests                              # what it was asked, oldest first
"""

from __future__ import annotations

import base64
import re
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from gate.clock import SystemClock
from tests.servers import azure_devops_pipelines as rollbacks
from tests.servers import azure_devops_plans as waiting
from tests.servers.azure_devops_answers import PROJECT, SIGN_IN, Refused
from tests.servers.http_server import Reply, Server

if TYPE_CHECKING:
    from gate.ports import Clock
    from tests.servers.http_server import Recorded

NAME = "Shop"
"""Of the project."""
ORGANIZATION = "acme"


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
class Holder:
    """Whom a token belongs to."""

    rights: frozenset[str]
    """``queue`` builds, ``release``, or ``plan`` and an id: what the token of a job may."""
    valid: bool = True


@dataclass
class AzureDevOps:
    """Serves until the ``with`` block is left."""

    clock: Clock = field(default_factory=SystemClock)
    plans: dict[str, waiting.Plan] = field(default_factory=dict)
    pipelines: dict[int, rollbacks.Pipeline] = field(default_factory=rollbacks.some_pipelines)
    releases: dict[int, rollbacks.Release] = field(default_factory=rollbacks.some_releases)
    tokens: dict[str, Holder] = field(default_factory=dict)
    project: str = PROJECT

    def __post_init__(self) -> None:
        """Have nothing wait."""
        self.server = Server(answer=self._answer)
        self._troubles: list[Trouble] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address of the organization."""
        return f"{self.server.url}/{ORGANIZATION}"

    @property
    def release_url(self) -> str:
        """The address of the organization for classic releases, which have a host of their own."""
        return f"{self.server.url}/vsrm/{ORGANIZATION}"

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

    def start_check(self, hub: str = "checks", version: int = 14) -> waiting.Plan:
        """Let something wait for a callback; ``version`` is the plan's, which counts in the hub of gates."""
        plan = waiting.Plan(hub=hub, version=version)
        self.plans[plan.id] = plan
        plan.token = self._token(
            {f"plan {plan.id}"}, f"eyJ0eXAi.{secrets.token_urlsafe(300)}.{secrets.token_urlsafe(40)}"
        )
        return plan

    def issue(self, *rights: str) -> str:
        """Make a personal access token."""
        return self._token(set(rights), secrets.token_hex(26))

    def revoke(self, token: str) -> None:
        """Take it no more."""
        self.tokens[token].valid = False

    def trouble(self, method: str, path: str, reply: Reply, *, times: int = 1, done: bool = False) -> None:
        """Answer the next requests of that kind so.

        Args:
            method: of HTTP.
            path: a part of the path.
            reply: e.g. ``Reply(500)``, or ``Reply(how="hang")``, which answers too late.
            times: how often.
            done: do the work all the same: the answer alone is lost.
        """
        self._troubles.append(Trouble(method, path, reply, times, done))

    def mend(self) -> None:
        """Answer as usual from now on."""
        self._troubles.clear()

    def may(self, request: Recorded, right: str, told: str = "") -> None:
        """Let in who holds a token that opens that.

        Raises:
            Refused: it does not.
        """
        given = _presented(request.headers.get("authorization", ""))
        if not given:
            raise Refused(203, "", reply=SIGN_IN)
        holder = self.tokens.get(given)
        if holder is None or not holder.valid:
            raise Refused(
                401, "TF400813: The user '' is not authorized to access this resource.", "UnauthorizedRequestException"
            )
        if right not in holder.rights:
            raise Refused(403, told or "Access denied: the identity needs another permission.", "AccessDeniedException")

    def _token(self, rights: set[str], text: str) -> str:
        self.tokens[text] = Holder(frozenset(rights))
        return text

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
        found = re.match(rf"/(vsrm/)?{ORGANIZATION}/([^/]+)/_apis/(.*)", request.path)
        if not found:
            raise Refused(404, "The resource cannot be found.")
        if found[2].lower() not in {self.project, NAME.lower()}:
            message = f"TF200016: The following project does not exist: {found[2]}."
            raise Refused(404, message, "ProjectDoesNotExistWithNameException")
        for method, pattern, versions, do in (*waiting.ROUTES, *rollbacks.ROUTES):
            rest = re.fullmatch(pattern, found[3], re.IGNORECASE)
            if rest and method == request.method and (do.__name__.startswith("release") == bool(found[1])):
                _check_version(request, versions)
                return do(self, request, *rest.groups())
        raise Refused(404, "The controller for path was not found or does not implement IController.")


def _presented(header: str) -> str:
    """Return the token: alone behind ``Bearer``, or as the password of anybody."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest
    try:
        return base64.b64decode(rest).decode().partition(":")[2] if scheme.lower() == "basic" else ""
    except ValueError:
        return ""


def _check_version(request: Recorded, versions: str) -> None:
    """Want a version of the API that has this, as the real one does for whatever changes something.

    Raises:
        Refused: none is named, or one that lacks it.
    """
    given = request.query.get("api-version", "")
    if not given and request.method != "GET":
        message = f'No api-version was supplied for the "{request.method}" request. The version must be supplied.'
        raise Refused(400, message, "VssVersionNotSpecifiedException")
    if given and not re.fullmatch(versions, given):
        message = f"The requested REST API version of {given} is out of range for this server."
        raise Refused(400, message, "VssVersionOutOfRangeException")
