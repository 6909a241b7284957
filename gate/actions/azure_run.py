"""Action `azure-run`: runs a pipeline of Azure DevOps with parameters, e.g. the one that rolls back.

The pipeline gets an id of this action as a parameter, the same however often it is tried; a second attempt looks for it among
the runs that were started, and starts none where it is found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import SourceRefused
from gate.model import Intent
from gate.outgoing import azure, places
from gate.ports import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gate.model import Occasion
    from gate.ports import ActionContext

VERSION = "api-version=7.1"
MOST_RUNS = 50
"""In which the one that was started is looked for; they come newest first."""
SKEW = timedelta(minutes=10)
"""By so much clocks may differ."""
_HINTS = {
    400: "the pipeline must declare these parameters, the one named by run_parameter too (or write run_parameter: '')",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(azure.Target):
    """Which pipeline, and what it is told."""

    pipeline: int
    """Its number: `definitionId` in the address of its page."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Parameters of its template; facts of the run in braces, e.g. `{release}`."""
    ref: str = ""
    """Branch or tag it is taken from, e.g. `refs/heads/main`; the pipeline's own default if empty; facts of the run in braces."""
    stages_to_skip: tuple[str, ...] = ()
    """Stages that are not run."""
    run_parameter: str = "gateRunId"
    """Name of the parameter that gets this action's own id, by which a double is told; empty for none."""
    token: Secret = Secret("${AZURE_DEVOPS_TOKEN}")
    """Token with Build (read and execute), as a reference."""

    def problems(self) -> list[str]:
        """Say what Azure DevOps would refuse."""
        names = [*self.parameters, *([self.run_parameter] if self.run_parameter else [])]
        unfit = next((each for each in names if not _NAME.fullmatch(each)), "")
        twice = self.run_parameter in self.parameters
        return [
            *azure.Target.problems(self),
            "" if self.pipeline > 0 else "pipeline must be the number of a pipeline",
            f"parameters: {unfit} is no name of a parameter" if unfit else "",
            f"parameters must not hold {self.run_parameter}, which is filled in" if twice else "",
            places.problem(self.parameters.values(), option="parameters"),
            places.problem([self.ref], option="ref"),
        ]


class Action(azure.OnAzure):
    """Runs it."""

    def __init__(self, options: Options, context: ActionContext) -> None:
        """Prepare; nothing is asked yet."""
        super().__init__(options, context, "Build (read and execute)", _HINTS)
        self._options = options
        self._runs = f"{self._project}/pipelines/{options.pipeline}/runs"

    def intents(self, occasion: Occasion) -> Sequence[Intent]:
        """Return the one message."""
        return [Intent("POST", f"{self._runs}?{VERSION}", self._asked(occasion))]

    def run(self, occasion: Occasion) -> str:
        """Send it.

        Raises:
            GateError: Azure DevOps says no, or did not answer.
        """
        self._client.start(self._within)
        what = f"pipeline {self._options.pipeline} of {self._options.project}"
        if occasion.again and (found := self._started(occasion)):
            return f"{what} was started already, by an attempt whose answer was lost: {found}"
        (intent,) = self.intents(occasion)
        started = self._known(self._client.post(intent.where, json=intent.body)).json_object()
        return f"{what} started: {_page(started)}"

    def _asked(self, occasion: Occasion) -> dict[str, object]:
        options = self._options
        told = {name: places.filled(text, occasion) for name, text in options.parameters.items()}
        if options.run_parameter:
            told[options.run_parameter] = occasion.key
        asked: dict[str, object] = {"templateParameters": told}
        if options.ref:
            asked["resources"] = {"repositories": {"self": {"refName": places.filled(options.ref, occasion)}}}
        if options.stages_to_skip:
            asked["stagesToSkip"] = list(options.stages_to_skip)
        return asked

    def _started(self, occasion: Occasion) -> str:
        """Return the address of the run that an earlier attempt started; empty if none can be told."""
        if not self._options.run_parameter:
            return ""
        try:
            return next((_page(each) for each in self._recent(occasion) if _told(each, occasion.key)), "")
        except SourceRefused:
            return ""  # Who may start runs need not be allowed to list them.

    def _recent(self, occasion: Occasion) -> Iterator[dict[str, Any]]:
        """Yield the runs since the verdict, newest first, with what each was told."""
        since = occasion.verdict.decided_at - SKEW
        listed = self._known(self._client.get(f"{self._runs}?{VERSION}")).json_list("value")
        for each in listed[:MOST_RUNS]:
            if not isinstance(each, dict) or (azure.time_of(each.get("createdDate")) or since) < since:
                continue
            if each.get("templateParameters") or not isinstance(each.get("id"), int):
                yield each
            else:  # Not every server tells it in a list.
                yield self._known(self._client.get(f"{self._runs}/{each['id']}?{VERSION}")).json_object()


def _told(run: dict[str, Any], key: str) -> bool:
    parameters = run.get("templateParameters")
    values = parameters.values() if isinstance(parameters, dict) else ()
    return any(places.holds(each, key) for each in (run.get("name"), *values))


def _page(run: dict[str, Any]) -> str:
    links = run.get("_links")
    web = links.get("web") if isinstance(links, dict) else None
    address = web.get("href") if isinstance(web, dict) else None
    return places.line(str(address or f"run {run.get('id')}"))
