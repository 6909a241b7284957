"""Action `github-dispatch`: starts a workflow, e.g. the one that rolls back.

The workflow gets ``gate-run-id``, another one for each time this is to be done and the same however often it is tried. Where
it is part of ``run-name``, a second attempt finds the run that an earlier one started, and starts none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gate.canonical import rfc3339
from gate.errors import SourceRefused
from gate.model import Intent
from gate.outgoing import github, places
from gate.ports import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Occasion
    from gate.ports import ActionContext

MOST_INPUTS = 25
MOST_NAMES = 10
LONGEST_EVENT = 100
SKEW = timedelta(minutes=10)
"""By so much clocks may differ."""
_WORKFLOW = re.compile(r"[A-Za-z0-9._ -]{1,100}\.ya?ml|\d{1,20}")
_HINTS = {
    404: "check repository and workflow; a token without actions: write gets the same answer",
    422: "the workflow must have `on: workflow_dispatch` with these inputs on its default branch, and `ref` must exist; "
    "declare the input gate-run-id too, or write run_input: ''",
}


@dataclass(frozen=True, slots=True)
class Options(github.Target):
    """Which workflow, and what it is told."""

    workflow: str = ""
    """File name of a workflow with `on: workflow_dispatch`, e.g. `rollback.yml`. Either this or `event`."""
    event: str = ""
    """Type of a `repository_dispatch` event, for whichever workflows listen to it."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Inputs of the workflow, or payload of the event; facts of the run in braces, e.g. `{release}`."""
    ref: str = "main"
    """Branch or tag the workflow is taken from; facts of the run in braces."""
    run_input: str = "gate-run-id"
    """Name of the input that gets this action's own id, by which the workflow can tell doubles; empty for none."""
    token: Secret = Secret("${GITHUB_TOKEN}")
    """Token with `actions: write` (`contents: write` for `event`), as a reference."""

    def problems(self) -> list[str]:
        """Say what GitHub would refuse."""
        wrong = github.Target.problems(self)
        if bool(self.workflow) == bool(self.event):
            wrong.append("give either workflow or event")
        if self.workflow and not _WORKFLOW.fullmatch(self.workflow):
            wrong.append("workflow must be the name of a file in .github/workflows, e.g. rollback.yml")
        if len(self.event) > LONGEST_EVENT:
            wrong.append(f"event must have at most {LONGEST_EVENT} characters")
        most = MOST_INPUTS if self.workflow else MOST_NAMES
        if len({*self.inputs, self.run_input} - {""}) > most:
            wrong.append(f"inputs must be at most {most}, {self.run_input or 'run_input'} included")
        if self.run_input in self.inputs:
            wrong.append(f"inputs must not hold {self.run_input}, which is filled in")
        wrong.append(places.problem([*self.inputs.values(), self.ref], option="inputs"))
        return wrong


class Action(github.OnGitHub):
    """Starts it."""

    def __init__(self, options: Options, context: ActionContext) -> None:
        """Prepare; nothing is asked yet."""
        needs = "actions: write" if options.workflow else "contents: write"
        hints = _HINTS if options.workflow else {}
        super().__init__(options, context, needs, hints)
        self._options = options

    def intents(self, occasion: Occasion) -> Sequence[Intent]:
        """Return the one message.

        Raises:
            ActionRefused: nobody says which repository.
        """
        return [self._intent(occasion)]

    def run(self, occasion: Occasion) -> str:
        """Send it.

        Raises:
            GateError: GitHub says no, or did not answer.
        """
        self._client.start(self._within)
        name = self._repository(occasion)
        if occasion.again and (found := self._started(occasion, name)):
            return f"{self._what(name)} was started already, by an attempt whose answer was lost: {found}"
        intent = self._intent(occasion)
        reply = self._client.post(intent.where, json=intent.body)
        started: dict[str, Any] = reply.json_object() if reply.content else {}
        where = places.line(str(started.get("html_url") or ""))
        return f"{self._what(name)} started" + (f": {where}" if where else "")

    def _what(self, name: str) -> str:
        if self._options.workflow:
            return f"workflow {self._options.workflow} of {name}"
        return f"event {self._options.event} of {name}"

    def _intent(self, occasion: Occasion) -> Intent:
        options = self._options
        told = {each: places.filled(text, occasion) for each, text in options.inputs.items()}
        if options.run_input:
            told[options.run_input] = occasion.key
        base = self._base(occasion)
        if options.event:
            body: dict[str, object] = {"event_type": options.event, "client_payload": told}
            return Intent("POST", f"{base}/dispatches", body)
        body = {"ref": places.filled(options.ref, occasion), "inputs": told}
        if github.is_cloud(options.base_url):
            # So that the answer says which run it is; older servers refuse what they do not know.
            body["return_run_details"] = True
        return Intent("POST", f"{base}/actions/workflows/{quote(options.workflow)}/dispatches", body)

    def _started(self, occasion: Occasion, name: str) -> str:
        """Return the address of the run that an earlier attempt started; empty if none can be told."""
        options = self._options
        if not options.run_input:
            return ""
        listed = f"workflows/{quote(options.workflow)}/runs" if options.workflow else "runs"
        since = rfc3339((occasion.verdict.decided_at - SKEW).replace(microsecond=0))
        query = {
            "event": "workflow_dispatch" if options.workflow else "repository_dispatch",
            "created": f">={since}",
            "per_page": 100,
        }
        try:
            reply = self._client.get(f"/repos/{name}/actions/{listed}", query)
        except SourceRefused:
            return ""  # A token that may start runs need not be one that may list them.
        for each in reply.json_list("workflow_runs"):
            if isinstance(each, dict) and places.holds(each.get("display_title"), occasion.key):
                return places.line(str(each.get("html_url") or "")) or "its name holds the id"
        return ""
