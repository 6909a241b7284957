"""What is to be put into Azure's form for an Invoke REST API check, and around it.

The form's fields as learn.microsoft.com/azure/devops/pipelines/process/invoke-checks names them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from gate.http import address_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "/v1/azure/check"
KEY = "GATE_AZURE_KEY"
LONGEST_SAMPLING = 10
"""Azure calls a check compliant that asks at most so often before its time is over."""
SHORTEST, LONGEST = 2, 43_200
"""Minutes that a check may take: Azure takes up to 30 days."""
IDS = {
    "ProjectId": "$(system.TeamProjectId)",
    "PlanId": "$(system.PlanId)",
}
"""Azure fills in what is written $(…). A run is known by these two."""
CALLED_BACK = {
    "PlanUrl": "$(system.CollectionUri)",
    "HubName": "$(system.HostType)",
    "JobId": "$(system.JobId)",
    "TimelineId": "$(system.TimelineId)",
    "TaskInstanceId": "$(system.TaskInstanceId)",
    "AuthToken": "$(system.AccessToken)",
}
"""Where the answer is sent to, and with what."""
_POLICY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REPOSITORY = re.compile(r"[A-Za-z0-9._ -]{1,90}/[A-Za-z0-9._ -]{1,100}")
_ENVIRONMENT = re.compile(r"[^\"\\$()<>|:*?/#\x00-\x1f]{1,128}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the user wants set up."""

    service: str
    """Address of the gate's service, as Azure DevOps reaches it."""
    organization: str
    """Of Azure DevOps: ``https://dev.azure.com/acme``, or a collection of a server."""
    policy: str
    """Name of one that the service holds."""
    project: str = ""
    """Of Azure DevOps, for links; none if empty."""
    environment: str = "production"
    """That waits for the gate."""
    minutes: int = 120
    """So long it waits at most."""
    repository: str = ""
    """Label of its runs, for tokens that are for some repositories only; none if empty."""
    synchronous: bool = False
    """Whether Azure asks again and again, instead of being called back."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: with everything that is wrong.
        """
        wrong = [
            address_problem(self.service, option="service"),
            address_problem(self.organization, option="organization"),
        ]
        if not _POLICY.fullmatch(self.policy):
            wrong.append("policy-name must be the name of a policy that the service holds")
        if not _ENVIRONMENT.fullmatch(self.environment):
            wrong.append("environment must be the name of an environment: in a header Azure escapes nothing")
        if self.repository and not _REPOSITORY.fullmatch(self.repository):
            wrong.append("repository must be written owner/name")
        if not SHORTEST <= self.minutes <= LONGEST:
            wrong.append(f"timeout must be {SHORTEST} to {LONGEST:,} minutes")
        if wrong := [each for each in wrong if each]:
            raise ValueError(*wrong)

    @property
    def every(self) -> int:
        """Minutes between two questions; 0 for one question only."""
        return -(-self.minutes // LONGEST_SAMPLING) if self.synchronous else 0


def headers(plan: Plan) -> Mapping[str, str]:
    """Return the headers of the check.

    Azure escapes nothing that it fills in, so only what nobody can choose is filled in; and what is fixed comes last, as of
    two headers of one name the last one counts.
    """
    return {
        "Content-Type": "application/json",
        **IDS,
        **({} if plan.synchronous else CALLED_BACK),
        "Gate-Commit": "$(Build.SourceVersion)",
        # Asked again, the plan may be another one.
        **({"Gate-Run": "$(Build.BuildId)"} if plan.synchronous else {}),
        **({"Gate-Repository": plan.repository} if plan.repository else {}),
        "Gate-Environment": plan.environment,
        "Gate-Policy": plan.policy,
        **({"Gate-Completion": "ApiResponse"} if plan.synchronous else {"Gate-Timeout-Minutes": str(plan.minutes)}),
    }


def pasted(plan: Plan) -> str:
    """Return them as the form's field Headers takes them."""
    return json.dumps(headers(plan), indent=2) + "\n"


def fields(plan: Plan) -> Mapping[str, str]:
    """Return what is to be written into the other fields of the form."""
    return {
        "Display name": "Users",
        "Connection type": "Generic",
        "Generic service connection": "sentiment-gate",
        "Method": "POST",
        "Body": "(empty)",
        "URL suffix and parameters": PATH.lstrip("/"),
        "Completion event": "ApiResponse" if plan.synchronous else "Callback",
        **({"Success criteria": "eq(root['decision'], 'promote')"} if plan.synchronous else {}),
        "Time between evaluations (minutes)": str(plan.every),
        "Timeout (minutes)": str(plan.minutes),
    }


def service_settings(plan: Plan) -> str:
    """Return the part of service.yml that lets the service answer."""
    return f"""\
azure:
  organizations: ["{plan.organization.rstrip("/")}"]
  keys: ["${{{KEY}}}"]"""


def clicks(plan: Plan, file: str) -> list[str]:
    """Return what is left for a person, in order; the lines of one step are parted by line breaks.

    Args:
        plan: what is set up.
        file: where the headers were written to.
    """
    web = f"{plan.organization.rstrip('/')}/{quote(plan.project) or 'PROJECT'}"
    key = f"Give the service a key as {KEY} (make one: openssl rand -hex 32); in its service.yml:\n"
    form = "\n".join(f"{name}: {value}" for name, value in fields(plan).items())
    again = f"--service {plan.service} --organization {plan.organization} --policy-name {plan.policy}"
    again += f" --repository '{plan.repository}'" if plan.repository else ""
    again += " --synchronous" if plan.synchronous else ""
    parts = urlsplit(plan.service)
    steps = [
        f"Make a token that may do no more than this:\ngate token create azure --role run{f' --repository {plan.repository}' if plan.repository else ''}",
        f"""\
Service connection, New, Generic; Server URL {parts.scheme}://{parts.netloc}{parts.path.rstrip("/")}/, name sentiment-gate,
the token as Password/Token Key, Username left empty:
{web}/_settings/adminservices""",
        f"""\
Environment {plan.environment}, Approvals and checks, +, Invoke REST API:
{web}/_environments
Headers: all of {file}
{form}""",
        f"""\
See whether all is well, with the token in GATE_TOKEN:
gate setup azure --check {again}
gate setup azure --test {again}""",
    ]
    return steps if plan.synchronous else [key + service_settings(plan), *steps]
