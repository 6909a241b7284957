"""Action `github-status`: says on a deployment at GitHub how the release was taken, with a link to the run.

It only shows: a deployment that is said to have failed is not rolled back by that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gate.errors import ActionRefused
from gate.http import address_problem
from gate.model import Decision, Intent, Outcome
from gate.outgoing import github, places
from gate.ports import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Occasion, Verdict
    from gate.ports import ActionContext

LONGEST_DESCRIPTION = 140
_HINTS = {422: "GitHub does not take what is said; check environment_url"}
_HELD = {Outcome.FAIL: "failure", Outcome.ERROR: "error"}


@dataclass(frozen=True, slots=True)
class Options(github.Target):
    """Which deployment, and what is linked."""

    deployment: str = ""
    """Its id; if empty, the run's label `deployment`, unless `environment` is another than the run's; else the newest of
    `environment`, and of the run's label `commit`."""
    environment: str = ""
    """Where it was deployed to; the run's label `environment` if empty."""
    environment_url: str = ""
    """Address of what was deployed, shown beside the status; facts of the run in braces."""
    auto_inactive: bool = False
    """Whether a success makes earlier deployments of the environment inactive."""
    token: Secret = Secret("${GITHUB_TOKEN}")
    """Token with `deployments: write`, as a reference."""

    def problems(self) -> list[str]:
        """Say what GitHub would refuse."""
        wrong = github.Target.problems(self)
        if self.deployment and not self.deployment.isdecimal():
            wrong.append("deployment must be the number of a deployment")
        if self.environment_url:
            wrong.append(address_problem(self.environment_url, option="environment_url", query=True))
            wrong.append(places.problem([self.environment_url], option="environment_url"))
        return wrong


class Action(github.OnGitHub):
    """Says it."""

    def __init__(self, options: Options, context: ActionContext) -> None:
        """Prepare; nothing is asked yet."""
        super().__init__(options, context, "deployments: write", _HINTS)
        self._options = options

    def intents(self, occasion: Occasion) -> Sequence[Intent]:
        """Return the one message; a deployment that must be looked for has no number in it yet.

        Raises:
            ActionRefused: nobody says which repository.
        """
        return [self._intent(occasion, self._given(occasion) or "{deployment}")]

    def run(self, occasion: Occasion) -> str:
        """Send it.

        Raises:
            ActionRefused: there is no such deployment.
            GateError: GitHub says no, or did not answer.
        """
        self._client.start(self._within)
        number = self._given(occasion) or self._newest(occasion)
        intent = self._intent(occasion, number)
        if not (occasion.again and self._said_already(intent.where, occasion.key)):
            self._client.post(intent.where, json=intent.body).json_object()
        return f"deployment {number} of {self._repository(occasion)} is {state(occasion.verdict)}"

    def _given(self, occasion: Occasion) -> str:
        said = self._options.deployment or ("" if self._elsewhere(occasion) else places.label(occasion, "deployment"))
        return said if said.isdecimal() else ""

    def _elsewhere(self, occasion: Occasion) -> bool:
        """Whether the policy names another environment than that of the run, whose deployment is then not meant."""
        return places.label(occasion, "environment") not in {"", self._environment(occasion)}

    def _intent(self, occasion: Occasion, number: str) -> Intent:
        options, verdict = self._options, occasion.verdict
        body: dict[str, object] = {
            "state": state(verdict),
            "description": _description(verdict, occasion.key),
            "auto_inactive": options.auto_inactive,
        }
        if occasion.url:
            body["log_url"] = occasion.url
        if environment := self._environment(occasion):
            body["environment"] = environment
        if options.environment_url:
            body["environment_url"] = places.filled(options.environment_url, occasion)
        return Intent("POST", f"{self._base(occasion)}/deployments/{number}/statuses", body)

    def _environment(self, occasion: Occasion) -> str:
        return self._options.environment or places.label(occasion, "environment")

    def _newest(self, occasion: Occasion) -> str:
        environment, commit = self._environment(occasion), places.label(occasion, "commit")
        if not environment:
            message = (
                "no deployment to speak of: neither the policy nor a label of the run names it, or its environment"
            )
            raise ActionRefused(message, hint="write environment: NAME, or start the run with --label environment=NAME")
        query = {"environment": environment, "sha": commit or None, "per_page": 1}
        found = self._client.get(f"{self._base(occasion)}/deployments", query).json_list()
        number = found[0].get("id") if found and isinstance(found[0], dict) else None
        if not isinstance(number, int):
            message = f"GitHub knows no deployment to {environment}" + (f" of {commit}" if commit else "")
            raise ActionRefused(message, hint="jobs that name an environment make one; check the names")
        return str(number)

    def _said_already(self, address: str, key: str) -> bool:
        known: list[Any] = self._client.get(address, {"per_page": 100}).json_list()
        return any(isinstance(each, dict) and places.holds(each.get("description"), key) for each in known)


def state(verdict: Verdict) -> str:
    """Return GitHub's word for it: what is to be done counts more than what the evidence says."""
    if verdict.decision is Decision.PROMOTE:
        return "success"
    if verdict.decision is Decision.HALT:
        return "failure"
    return _HELD.get(verdict.outcome, "pending")


def _description(verdict: Verdict, key: str) -> str:
    said = places.line(f"{verdict.outcome.name}, {verdict.decision.value} [{key}]: {verdict.reason}")
    return said if len(said) <= LONGEST_DESCRIPTION else said[: LONGEST_DESCRIPTION - 1] + "…"
