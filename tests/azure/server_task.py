"""Executes a server task's HTTP request as Azure DevOps does: from ``task.json``, inputs and variables, and nothing else.

https://github.com/microsoft/azure-pipelines-tasks/blob/master/docs/authoring/servertaskauthoring.md says what there is.
It does not say whether values are escaped when they are put into the JSON of the headers. Here they are not, which is
the worse of the two: whoever chooses a value can then add headers, and a quotation mark breaks the request.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from tests.azure.expressions import holds
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

EXTENSION = ROOT / "azure-pipelines-task"
PATIENCE = 20.0
"""Seconds that Azure waits for an answer."""
_MACRO = re.compile(r"\$\(([\w.]+)\)")


@dataclass(frozen=True)
class Answer:
    """What came of one request."""

    status: int
    body: dict[str, Any]
    text: str
    passed: bool
    """Whether the task is done with that, and succeeded; one that waits to be called back is not done."""


@dataclass
class ServerTask:
    """A task as somebody has set it up."""

    name: str
    url: str
    """Of the service connection."""
    token: str
    inputs: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the release or the pipeline's run."""

    def execute(self) -> Answer:
        """Send the request once, and judge the answer."""
        task = definition(self.name)
        execute = task["execution"]["HttpRequest"]["Execute"]
        defaults = {each["name"]: each["defaultValue"] for each in task["inputs"]}
        known = {name.lower(): value for name, value in {**self.variables, "endpoint.url": self.url}.items()}
        # Values of inputs may hold variables themselves.
        inputs = {name.lower(): filled(value, known) for name, value in {**defaults, **self.inputs}.items()}
        known |= inputs
        connection = _MACRO.fullmatch(execute["EndpointId"])
        assert connection, "without a service connection there is no token"
        assert known[connection[1].lower()], "no service connection was chosen"
        headers = {**json.loads(filled(execute["Headers"], known)), "Authorization": self.token}
        reply = requests.request(
            execute["Method"],
            filled(execute["EndpointUrl"], known),
            data=filled(execute["Body"], known),
            headers=headers,
            timeout=PATIENCE,
            allow_redirects=False,
        )
        body = reply.json()
        judges = execute["WaitForCompletion"] == "false"
        passed = judges and reply.status_code == 200 and holds(filled(execute["Expression"], known), body)
        return Answer(reply.status_code, body, reply.text, passed)


def definition(name: str) -> dict[str, Any]:
    """Read a task's definition."""
    found: dict[str, Any] = json.loads((EXTENSION / name / "task.json").read_text(encoding="utf-8"))
    return found


def filled(text: str, known: Mapping[str, str]) -> str:
    """Put variables in; one that is not known stays as it is."""
    return _MACRO.sub(lambda found: known.get(found[1].lower(), found[0]), text)
