"""A check "Invoke REST API" as somebody sets it up, and what Azure DevOps does with it.

Variables are put into the headers and the body as they are, with nothing escaped, and only then is the text read as JSON:
whoever can choose the value of a variable can add headers. So does the real one.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.servers.azure_devops import AzureDevOps
    from tests.servers.azure_devops_plans import Plan

PATIENCE = 3.0
"""Seconds in which a check is to answer."""
DEFAULT = {
    "Content-Type": "application/json",
    "PlanUrl": "$(system.CollectionUri)",
    "ProjectId": "$(system.TeamProjectId)",
    "HubName": "$(system.HostType)",
    "PlanId": "$(system.PlanId)",
    "JobId": "$(system.JobId)",
    "TimelineId": "$(system.TimelineId)",
    "TaskInstanceId": "$(system.TaskInstanceId)",
    "AuthToken": "$(system.AccessToken)",
}
"""Headers that the form has filled in."""


@dataclass
class Check:
    """What stands in the form."""

    address: str
    """Of the service connection, with the URL suffix."""
    password: str
    """Of the service connection, of type Generic; its user name is left empty."""
    headers: str = json.dumps(DEFAULT)
    body: str = ""
    callback: bool = True
    """Completion event: Callback, or else ApiResponse."""
    criteria: str = ""
    """Success criteria, where the answer is what counts."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the pipeline's run, beside the system's own."""

    def call(self, azure: AzureDevOps, plan: Plan, **headers: str) -> requests.Response:
        """Call once, as for a stage that wants to use what the check protects; ``headers`` stand over those of the form."""
        known = {**variables_of(azure, plan), **{name.lower(): value for name, value in self.variables.items()}}
        sent: dict[str, Any] = json.loads(filled(self.headers, known))
        secret = b64encode(f":{self.password}".encode()).decode()
        sent = {"Authorization": f"Basic {secret}", **sent, **headers}
        # requests leaves out what is None.
        return requests.post(self.address, data=filled(self.body, known), headers=sent, timeout=PATIENCE)

    def passes(self, answer: requests.Response) -> bool:
        """Say whether a check whose answer counts is passed by it."""
        if answer.status_code >= 400:
            return False
        found = re.fullmatch(r"eq\(root\['(\w+)'\], '(\w+)'\)", self.criteria)
        assert found, "the look-alike knows eq(root['name'], 'value') alone"
        return str(answer.json().get(found[1])).lower() == found[2].lower()


def variables_of(azure: AzureDevOps, plan: Plan) -> dict[str, str]:
    """Return the system's own variables for a check, by names in lower case."""
    return {
        "system.collectionuri": f"{azure.url}/", "system.teamprojectid": azure.project, "system.hosttype": plan.hub,
        "system.planid": plan.id, "system.jobid": plan.job, "system.timelineid": plan.timeline,
        "system.taskinstanceid": plan.task, "system.accesstoken": plan.token,
    }  # fmt: skip


def filled(text: str, known: Mapping[str, str]) -> str:
    """Put variables in; what is not known stays as it is."""
    return re.sub(r"\$\(([\w.]+)\)", lambda found: known.get(found[1].lower(), found[0]), text)
