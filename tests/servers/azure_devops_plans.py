"""Plans of Azure DevOps: something waits for a callback, with a timeline, a feed of lines and logs."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.azure_devops_answers import Refused, said
from tests.servers.http_server import Reply

if TYPE_CHECKING:
    from tests.servers.azure_devops import AzureDevOps
    from tests.servers.http_server import Recorded

EVENTS = {"TaskAssigned", "TaskStarted", "TaskCompleted"}
RESULTS = {"succeeded", "succeededWithIssues", "failed", "canceled", "skipped", "abandoned"}
NOBODY = str(uuid.UUID(int=0))
OLD_GATES = 12
"""Up to this version of a plan its hub of gates knows a job by the id of its task."""
LONGEST_LINE = 1024
LARGEST_PAGE = 8 * 1024 * 1024


def _id() -> str:
    return str(uuid.uuid4())


@dataclass
class Log:
    """One log of a plan."""

    path: str
    text: str = ""


@dataclass
class Plan:
    """One that waits, with one job of one task."""

    hub: str = "checks"
    version: int = 14
    id: str = field(default_factory=_id)
    job: str = field(default_factory=_id)
    timeline: str = field(default_factory=_id)
    task: str = field(default_factory=_id)
    token: str = ""
    open: bool = True
    """Whether it waits still."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """What it was told and took, oldest first."""
    feed: list[str] = field(default_factory=list)
    """Lines that somebody who watches sees at once."""
    logs: dict[int, Log] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of its timeline, by id."""
    results: list[str] = field(default_factory=list)
    """Of the completions that it took: one at most."""

    @property
    def completed(self) -> str:
        """How it was completed; empty as long as it waits."""
        return self.results[0] if self.results else ""

    @property
    def shown(self) -> str:
        """The log that the page of the pipeline shows."""
        log = self.records.get(self.task, {}).get("log")
        return self.logs[log["id"]].text if log else ""

    def close(self) -> None:
        """End it, as somebody who cancels the pipeline does: nothing is taken any more."""
        self.open = False


def show_plan(azure: AzureDevOps, request: Recorded, hub: str, plan: str) -> Reply:
    """Return a plan."""
    found = _plan(azure, request, hub, plan, closed=True)
    return Reply.of(
        {"planId": found.id, "version": found.version, "planType": found.hub, "scopeIdentifier": azure.project}
    )


def take_event(azure: AzureDevOps, request: Recorded, hub: str, plan: str) -> Reply:
    """Take an event of the task that waits."""
    found, event = _plan(azure, request, hub, plan), said(request)
    if event.get("name") not in EVENTS:
        raise Refused(400, "The event name is not known.", "ArgumentException")
    old = found.hub == "gates" and found.version <= OLD_GATES
    expected = (found.task, NOBODY) if old else (found.job, found.task)
    if (event.get("jobId"), event.get("taskId")) != expected:
        session = "_".join(str(each).replace("-", "") for each in (plan, event.get("jobId"), event.get("taskId")))
        message = f"The orchestration session {session} not found for hub {hub.capitalize()}."
        raise Refused(404, message, "OrchestrationSessionNotFoundException")
    if event["name"] == "TaskCompleted":
        if event.get("result") not in RESULTS:
            raise Refused(400, "Value cannot be null. Parameter name: result", "ArgumentNullException")
        found.results.append(event["result"])
        found.open = False
    found.events.append(event)
    return Reply(200)


def take_lines(azure: AzureDevOps, request: Recorded, hub: str, plan: str, timeline: str, record: str) -> Reply:
    """Show lines to whoever watches."""
    found, told = _plan(azure, request, hub, plan), said(request)
    _check_timeline(found, timeline)
    lines = told.get("value")
    if (
        not isinstance(lines, list)
        or not all(isinstance(each, str) for each in lines)
        or told.get("count") != len(lines)
    ):
        raise Refused(400, "Value cannot be null. Parameter name: lines", "ArgumentNullException")
    if record not in {found.job, found.task}:
        raise Refused(404, f"No timeline record found with identifier {record}.", "TimelineRecordNotFoundException")
    if any(len(each) > LONGEST_LINE for each in lines):
        raise Refused(400, f"A line may have {LONGEST_LINE} characters.", "ArgumentException")
    found.feed += lines
    return Reply(200)


def make_log(azure: AzureDevOps, request: Recorded, hub: str, plan: str) -> Reply:
    """Begin a log."""
    found, told = _plan(azure, request, hub, plan), said(request)
    if not re.fullmatch(r"logs\\[0-9a-f-]{36}", str(told.get("path"))):
        raise Refused(400, "Value cannot be null. Parameter name: log.path", "ArgumentNullException")
    number = len(found.logs) + 1
    found.logs[number] = Log(told["path"])
    return Reply.of(_log_told(azure, found, number))


def add_to_log(azure: AzureDevOps, request: Recorded, hub: str, plan: str, number: str) -> Reply:
    """Add text to a log."""
    found = _plan(azure, request, hub, plan)
    if int(number) not in found.logs:
        raise Refused(404, f"Log {number} not found for plan {plan}.", "TaskOrchestrationPlanLogNotFoundException")
    if request.headers.get("content-type") not in {"application/octet-stream", "text/plain"}:
        raise Refused(415, "The request indicated a Content-Type that is not supported.")
    if not 0 < len(request.body) <= LARGEST_PAGE:
        raise Refused(400, "The content of a log may have 8 MB and not be empty.", "ArgumentException")
    found.logs[int(number)].text += request.body.decode("utf-8")
    return Reply.of(_log_told(azure, found, int(number)))


def update_records(azure: AzureDevOps, request: Recorded, hub: str, plan: str, timeline: str) -> Reply:
    """Change records of a timeline, or add some."""
    found, told = _plan(azure, request, hub, plan), said(request)
    _check_timeline(found, timeline)
    records = told.get("value")
    if (
        not isinstance(records, list)
        or told.get("count") != len(records)
        or not all(each.get("id") for each in records)
    ):
        raise Refused(400, "Value cannot be null. Parameter name: records", "ArgumentNullException")
    for each in records:
        log = each.get("log")
        if log is not None and log.get("id") not in found.logs:
            raise Refused(404, f"Log {log.get('id')} not found.", "TaskOrchestrationPlanLogNotFoundException")
        found.records.setdefault(each["id"], {}).update(each)
    return Reply.of({"count": len(records), "value": records})


def _plan(azure: AzureDevOps, request: Recorded, hub: str, plan: str, *, closed: bool = False) -> Plan:
    azure.may(request, f"plan {plan}", "Access denied: the identity needs Update build information permissions.")
    found = azure.plans.get(plan)
    if found is None or found.hub != hub.lower():
        raise Refused(404, f"No plan found for identifier {plan}.", "TaskOrchestrationPlanNotFoundException")
    if not (found.open or closed):
        raise Refused(
            409, f"Orchestration plan {plan} is not in a runnable state.", "TaskOrchestrationPlanTerminatedException"
        )
    return found


def _check_timeline(plan: Plan, timeline: str) -> None:
    if plan.timeline != timeline:
        raise Refused(
            404, f"No timeline found for plan {plan.id} with identifier {timeline}.", "TimelineNotFoundException"
        )


def _log_told(azure: AzureDevOps, plan: Plan, number: int) -> dict[str, Any]:
    where = f"{azure.url}/{azure.project}/_apis/distributedtask/hubs/{plan.hub}/plans/{plan.id}/logs/{number}"
    return {
        "id": number,
        "path": plan.logs[number].path,
        "location": where,
        "lineCount": plan.logs[number].text.count("\n"),
    }


_HERE = r"distributedtask/hubs/(\w+)/plans/([0-9a-f-]{36})"
_ANY = r"(2\.0|4\.[01]|5\.[01]|6\.0|7\.[0-2])(-preview(\.1)?)?"
ROUTES = (
    ("GET", _HERE, _ANY, show_plan),
    ("POST", f"{_HERE}/events", r"2\.0-preview\.1|" + _ANY, take_event),
    ("POST", rf"{_HERE}/timelines/([0-9a-f-]{{36}})/records/([0-9a-f-]{{36}})/feed", _ANY, take_lines),
    ("POST", f"{_HERE}/logs", _ANY, make_log),
    ("POST", rf"{_HERE}/logs/(\d+)", _ANY, add_to_log),
    ("PATCH", rf"{_HERE}/timelines/([0-9a-f-]{{36}})/records", _ANY, update_records),
)
