"""Action `azure-release`: deploys the last good release of a stage again, in classic release pipelines of Azure DevOps.

The last good one is the newest that was deployed there with success, and another than the one that is there now. Where
it is on its way already, or another release came meanwhile, nothing is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import ActionRefused
from gate.http import address_problem
from gate.model import Intent
from gate.outgoing import azure, places
from gate.ports import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.model import Occasion
    from gate.ports import ActionContext

VERSION = "api-version=7.1-preview.7"
LISTED = "api-version=7.1-preview.2"
MOST = 100
"""Deployments that are looked through, newest first."""
LONGEST_COMMENT = 500
SKEW = timedelta(minutes=10)
"""By so much the time of a deploy, as the run was told it, may be before the deployment was asked for."""
_HINTS = {400: "see what it says; the stage may be waiting for an approval, or be under way"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(azure.Target):
    """Which releases, and where."""

    definition: int
    """Number of the release pipeline: `definitionId` in the address of its page."""
    stage: str = ""
    """Name of the stage; the run's label `environment` if empty."""
    releases: str = ""
    """Address of the organization for releases; found out if empty: `https://vsrm.dev.azure.com/acme` in the cloud."""
    token: Secret = Secret("${AZURE_DEVOPS_TOKEN}")
    """Token with Release (read, write and execute), as a reference."""

    def problems(self) -> list[str]:
        """Say what Azure DevOps would refuse."""
        numbered = "" if self.definition > 0 else "definition must be the number of a release pipeline"
        wrong = address_problem(self.releases, option="releases") if self.releases else ""
        return [*azure.Target.problems(self), numbered, wrong]


class Action(azure.OnAzure):
    """Deploys it again."""

    def __init__(self, options: Options, context: ActionContext) -> None:
        """Prepare; nothing is asked yet."""
        base = options.releases or azure.releases_of(options.collection)
        super().__init__(options, context, "Release (read, write and execute)", _HINTS, base=base)
        self._options = options

    def intents(self, occasion: Occasion) -> Sequence[Intent]:
        """Return the one message; which release is the last good one is found out when it is done.

        Raises:
            ActionRefused: nobody says which stage.
        """
        self._stage(occasion)
        return [self._intent(occasion, "{release}", "{environment}")]

    def run(self, occasion: Occasion) -> str:
        """Look for it, and deploy it.

        Raises:
            ActionRefused: there is none.
            GateError: Azure DevOps says no, or did not answer.
        """
        self._client.start(self._within)
        stage = self._stage(occasion)
        now, others = self._divided(self._deployments(stage), stage, occasion)
        for each in others:
            if each.newer or each.status == "inProgress":
                return f"{each.name} is in {stage} or on its way there already: nothing is done"
        good = next((each for each in others if each.status == "succeeded"), None)
        if good is None:
            message = f"no release but {now.name} was ever deployed to {stage} with success"
            raise ActionRefused(message, hint="there is nothing to go back to: mend the release, or deploy by hand")
        intent = self._intent(occasion, str(good.release), str(good.environment))
        self._known(self._client.post(intent.where, json=intent.body, method=intent.method)).json_object()
        return f"{good.name} is deployed to {stage} again, in place of {now.name}"

    def _stage(self, occasion: Occasion) -> str:
        if said := self._options.stage or places.label(occasion, "environment"):
            return said
        message = "no stage to deploy to: neither the policy nor a label of the run names it"
        raise ActionRefused(message, hint="write stage: NAME, or start the run with --label environment=NAME")

    def _intent(self, occasion: Occasion, release: str, environment: str) -> Intent:
        comment = places.line(f"Sentiment Gate {occasion.key}: {occasion.verdict.reason}")[:LONGEST_COMMENT]
        where = f"{self._project}/release/releases/{release}/environments/{environment}?{VERSION}"
        return Intent("PATCH", where, {"status": "inProgress", "comment": comment})

    def _deployments(self, stage: str) -> list[_Deployment]:
        """Return what was deployed to the stage, newest first."""
        query = {"definitionId": self._options.definition, "queryOrder": "descending", "$top": MOST}
        address = f"{self._project}/release/deployments?{LISTED}"
        listed = self._known(self._client.get(address, query)).json_list("value")
        found = [made for each in listed if (made := _deployment(each)) and made.stage.casefold() == stage.casefold()]
        return sorted(found, key=lambda each: -each.id)

    def _divided(
        self, deployments: list[_Deployment], stage: str, occasion: Occasion
    ) -> tuple[_Deployment, list[_Deployment]]:
        """Return what was there when the verdict was found, and the deployments of other releases, newest first."""
        ahead = self._client.skew or timedelta(0)
        # Post-deployment gates let a deployment count as failed once they reject it; one that began later just failed.
        begun = occasion.release.deployed_at + SKEW
        for each in deployments:
            at = each.queued_at + ahead if each.queued_at else None
            each.newer = at is not None and at > occasion.verdict.decided_at
            each.in_vain = each.status == "failed" and at is not None and at > begun
        came = [each for each in deployments if not each.in_vain]
        now = next((each for each in came if not each.newer), None)
        if now is None:
            message = f"nothing was deployed to a stage {stage} before the verdict, by release pipeline {self._options.definition}"
            raise ActionRefused(message, hint="check definition and the name of the stage")
        return now, [each for each in came if each.release != now.release]


@dataclass(slots=True)
class _Deployment:
    """One attempt to bring a release to a stage."""

    id: int
    release: int
    name: str
    environment: int
    """The stage within that release."""
    stage: str
    status: str
    queued_at: datetime | None
    newer: bool = False
    """Whether it was asked for after the verdict."""
    in_vain: bool = False
    """Whether it began after the deploy that is judged, and failed."""


def _deployment(said: Any) -> _Deployment | None:  # noqa: ANN401 - any JSON
    try:
        release, environment = said["release"], said["releaseEnvironment"]
        return _Deployment(
            id=int(said["id"]),
            release=int(release["id"]),
            name=places.line(str(release.get("name") or f"release {release['id']}")),
            environment=int(environment["id"]),
            stage=places.line(str(environment["name"])),
            status=str(said.get("deploymentStatus")),
            queued_at=azure.time_of(said.get("queuedOn")),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
