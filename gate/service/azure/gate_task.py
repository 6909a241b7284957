"""``POST /v1/azure/gate``: what the gate task of our Azure Pipelines extension asks again and again.

A gate of a classic release is sampled every five minutes or so, and each sample is a new request that knows nothing of
those before. So one request does both: the first one of a deployment starts its run, and every later one gets that run's
verdict, which does not change once it is there. All values come by headers, as Azure puts variables into bodies
unescaped; a variable that is not set arrives as it is written, ``$(Release.ReleaseId)``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Response  # noqa: TC002 - flask-openapi3 reads the types of a view
from pydantic import Field

from gate.canonical import dumps
from gate.errors import UsageFault
from gate.runs.orders import LONGEST_LABEL
from gate.service.api.asked import NAME, Read
from gate.service.api.blueprint import api, problem, told
from gate.service.api.told import VerdictTold
from gate.service.auth import Role, labels_for, principal, require
from gate.service.azure.asked import Wanted
from gate.service.azure.sampling import sample
from gate.service.services import services

UNSET = re.compile(r"\$\([^()]*\)")
"""How a variable that does not exist arrives."""
INPUTS = frozenset({"policy", "release", "deployed_at", "repository", "run"})
"""What somebody wrote; the rest Azure knows of the deployment, or not."""
_LONGEST = 500


class GateHeader(Read):
    """What the task sends; empty for what there is not, and ``$(…)`` for what Azure does not know."""

    policy: str = Field(default="", alias="Gate-Policy", max_length=_LONGEST)
    """Name of a policy that the service holds."""
    release: str = Field(default="", alias="Gate-Release", max_length=_LONGEST)
    """Hashtag or phrase that users write, instead of the policy's own."""
    deployed_at: str = Field(default="", alias="Gate-Deployed-At", max_length=_LONGEST)
    """When the release went out; the time of the first request, if it is left out."""
    repository: str = Field(default="", alias="Gate-Repository", max_length=_LONGEST)
    """Label of that name, for tokens that are good for certain repositories."""
    run: str = Field(default="", alias="Gate-Run", max_length=_LONGEST)
    """Stands for the run in place of release, stage and attempt, so that several stages share one."""
    collection: str = Field(default="", alias="Azure-Collection", max_length=_LONGEST)
    project: str = Field(default="", alias="Azure-Project", max_length=_LONGEST)
    """Id of the project."""
    release_id: str = Field(default="", alias="Azure-Release", max_length=_LONGEST)
    """Of a classic release; with it environment and attempt."""
    environment_id: str = Field(default="", alias="Azure-Environment", max_length=_LONGEST)
    release_attempt: str = Field(default="", alias="Azure-Release-Attempt", max_length=_LONGEST)
    build_id: str = Field(default="", alias="Azure-Build", max_length=_LONGEST)
    """Of a pipeline's run; with it stage, job and attempt."""
    stage: str = Field(default="", alias="Azure-Stage", max_length=_LONGEST)
    stage_attempt: str = Field(default="", alias="Azure-Stage-Attempt", max_length=_LONGEST)
    job: str = Field(default="", alias="Azure-Job", max_length=_LONGEST)
    commit: str = Field(default="", alias="Azure-Commit", max_length=_LONGEST)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a gate, understood."""

    policy: str
    release: str
    deployed_at: datetime | None
    key: str
    """The same for every sample of one attempt to deploy one release to one stage, and for no other."""
    labels: dict[str, str]


@api.post("/azure/gate", operation_id="sampleAzureGate", responses={
    "200": VerdictTold, "413": problem("Larger than the service takes."), "415": problem("Not JSON."),
})  # fmt: skip
@require(Role.RUN)
def sample_gate(header: GateHeader) -> Response:
    """Start the run of a deployment, or give its verdict: what a release gate of Azure Pipelines samples."""
    asked = understood(header)
    wanted = Wanted(
        policy=asked.policy,
        release=asked.release,
        deployed_at=asked.deployed_at,
        labels=dict(labels_for(asked.labels)),
    )
    return told(sample(services(), wanted, asked.key, principal().name))


def understood(header: GateHeader) -> Asked:
    """Return what the headers mean.

    Raises:
        UsageFault: no policy, nothing that tells the deployment from others, or a time that is none.
    """
    given = {name: value for name in GateHeader.model_fields if (value := _known(name, getattr(header, name)))}
    if not re.fullmatch(NAME, given.get("policy", "")):
        message = "Gate-Policy is not the name of a policy" if "policy" in given else "there is no Gate-Policy"
        raise UsageFault(message, hint="write into the task's field Policy which of the service's policies to watch by")
    return Asked(
        policy=given["policy"],
        release=given.get("release", ""),
        deployed_at=_moment(given["deployed_at"]) if "deployed_at" in given else None,
        key=_key(given),
        labels=_labels(given),
    )


def _known(name: str, value: str) -> str:
    value, header = value.strip(), GateHeader.model_fields[name].alias
    if not value.isascii():
        # A header has no other letters; whatever arrived is not what somebody wrote.
        message = f"{header} holds letters that headers cannot carry"
        raise UsageFault(message, hint="write them into the policy: `release:`")
    if not (unset := UNSET.search(value)):
        return value
    if name in INPUTS:
        # To watch by less than was asked for would be another watch.
        message = f"{header} holds {unset[0]}, a variable that is not set"
        raise UsageFault(message, hint="set the variable, or leave it out of the task's field")
    return ""


def _key(given: dict[str, str]) -> str:
    """Return what every sample of one deployment has in common.

    Not the plan, job or task instance: what a gate calls so is another thing at each sample.
    """
    if "run" in given:
        which = ["run", given["run"]]
    elif "release_id" in given:
        which = ["release", *(given.get(name, "") for name in ("release_id", "environment_id", "release_attempt"))]
    elif "build_id" in given:
        which = ["build", *(given.get(name, "") for name in ("build_id", "stage", "stage_attempt", "job"))]
    else:
        message = "nothing tells this deployment from others: neither release, nor build, nor a name of the run"
        raise UsageFault(message, hint="send Azure-Release, Azure-Build or Gate-Run, as the task of the extension does")
    # One gate more, by another policy or for another phrase, is another run.
    parts = [given.get("collection", ""), given.get("project", ""), given["policy"], given.get("release", ""), *which]
    return f"azure-gate:{hashlib.sha256(dumps(parts)).hexdigest()}"


def _labels(given: dict[str, str]) -> dict[str, str]:
    names = {"repository": "repository", "commit": "commit", "azure_release": "release_id",
             "azure_environment": "environment_id", "azure_build": "build_id", "azure_stage": "stage"}  # fmt: skip
    return {label: given[name][:LONGEST_LABEL] for label, name in names.items() if name in given}


def _moment(text: str) -> datetime:
    """Read a time as Azure writes it: RFC 3339, with a blank for the T at times, in UTC where it does not say."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"Gate-Deployed-At is no time: {text[:40]!r}"
        raise UsageFault(
            message, hint="write 2026-03-10T14:00:00Z, or leave the task's field Deployed at empty"
        ) from None
