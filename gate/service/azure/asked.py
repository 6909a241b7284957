"""What a check says in its headers, and what is needed of it. Pure.

Azure puts variables into the text of a form as they are, escapes nothing, and reads JSON only then. A body that holds
values is refused for that, and of the values in headers each is held to its form.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from gate.canonical import dumps
from gate.runs.orders import LONGEST_LABEL
from gate.service.azure.organizations import Malformed, organization_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SENDER = "azure"
"""So the names of its deliveries begin."""
HUBS = frozenset({"build", "checks", "gates", "release", "rm"})
"""What Azure calls the part of it that waits."""
IDS = {"ProjectId": "project", "PlanId": "plan", "JobId": "job", "TimelineId": "timeline", "TaskInstanceId": "task"}
LABELS = {"Gate-Repository": "repository", "Gate-Environment": "environment", "Gate-Commit": "commit"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Of a policy."""
LONGEST_RELEASE = 200
LONGEST_TOKEN = 8_000
USUAL = 60
"""Minutes that a check or job is taken to wait where nobody says: Azure's default for agentless jobs, its shortest."""
SHORTEST, LONGEST = 2, 43_200
"""Minutes: Azure itself takes no more than 30 days."""
TOKEN_LIVES = timedelta(hours=47)
"""Azure's token is good for 48 hours; without it no answer can be sent."""
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_UNSET = re.compile(r"\$\([^()]*\)")
_TOKEN = re.compile(r"[!-~]+")


class Completion(StrEnum):
    """How a check ends; in the words of Azure's form."""

    CALLBACK = "callback"
    RESPONSE = "apiresponse"


class Wanted(BaseModel):
    """The run that a check wants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    """Name of one that the service holds."""
    release: str = ""
    deployed_at: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class Asked(BaseModel):
    """A check that waits for a callback."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organization: str
    """As the settings have it: what is called is built of it, and never of what came."""
    project: str
    hub: str
    plan: str
    job: str
    timeline: str
    task: str
    minutes: int
    """So long Azure waits."""
    by: str
    """Whose token of ours it came with."""
    wanted: Wanted

    @property
    def waits(self) -> timedelta:
        """So long it can be answered."""
        return min(timedelta(minutes=self.minutes), TOKEN_LIVES)

    @property
    def address(self) -> str:
        """Return what the plan's address begins with, below that of the organization."""
        return f"/{self.project}/_apis/distributedtask/hubs/{self.hub}/plans/{self.plan}"

    @property
    def delivery(self) -> str:
        """Return the name that is the same however often the same check asks, and no other's."""
        ids = [self.by, self.organization, self.project, self.plan, self.job, self.timeline, self.task]
        return f"{SENDER}:{hashlib.sha256(dumps(ids)).hexdigest()}"


def completion_of(headers: Mapping[str, str]) -> Completion:
    """Return how the check ends.

    Raises:
        Malformed: in no way that Azure knows.
    """
    given = _given(headers, "Gate-Completion")
    try:
        return Completion(given.lower() or Completion.CALLBACK)
    except ValueError:
        message = f"Gate-Completion is {given[:40]!r}"
        raise Malformed(message, "write Callback or ApiResponse, as the form's Completion event says") from None


def wanted_of(headers: Mapping[str, str]) -> Wanted:
    """Return which run is wanted.

    Raises:
        Malformed: no policy is named, or a value is not of its form.
    """
    policy, release = _given(headers, "Gate-Policy"), _given(headers, "Gate-Release")
    if not NAME.fullmatch(policy):
        message = "the header Gate-Policy is missing" if not policy else f"Gate-Policy is no name: {policy[:80]!r}"
        raise Malformed(message, 'add "Gate-Policy": "NAME" to the check\'s headers; GET /v1/policies lists the names')
    if len(release) > LONGEST_RELEASE:
        message = f"Gate-Release is longer than {LONGEST_RELEASE} characters"
        raise Malformed(message, "write the hashtag or phrase that users write")
    labels = {label: value for name, label in LABELS.items() if (value := _given(headers, name))}
    if longest := next((label for label, value in labels.items() if len(value) > LONGEST_LABEL), ""):
        message = f"the label {longest} is longer than {LONGEST_LABEL} characters"
        raise Malformed(message)
    return Wanted(
        policy=policy, release=release, deployed_at=_moment(_given(headers, "Gate-Deployed-At")), labels=labels
    )


def asked_of(headers: Mapping[str, str], organizations: Sequence[str], by: str) -> tuple[Asked, str]:
    """Return a check that waits for a callback, and the token to answer it with.

    Raises:
        Malformed: a header is missing, or is not of its form.
        Foreign: it wants to be answered elsewhere.
    """
    ids = {field: _id(headers, name) for name, field in IDS.items()}
    hub, token = _given(headers, "HubName").lower(), headers.get("AuthToken", "")
    if hub not in HUBS:
        message = f"HubName is {hub[:40]!r}, none of {', '.join(sorted(HUBS))}"
        raise Malformed(message, 'write "HubName": "$(system.HostType)"')
    if _UNSET.fullmatch(token) or not (_TOKEN.fullmatch(token) and len(token) <= LONGEST_TOKEN):
        message = "the header AuthToken is missing, or no token"  # Nothing of it is shown.
        raise Malformed(message, 'write "AuthToken": "$(system.AccessToken)"')
    organization = organization_of(_given(headers, "PlanUrl"), organizations)
    asked = Asked(
        organization=organization, hub=hub, minutes=_minutes(headers), by=by, wanted=wanted_of(headers), **ids
    )
    return asked, token


def run_key(headers: Mapping[str, str], wanted: Wanted) -> str:
    """Return what stands for the run of a check that is asked again and again.

    Raises:
        Malformed: nothing in it is the same each time.
    """
    own = _given(headers, "Gate-Run")
    # Numbers of builds are no project's alone; and who watches otherwise, or elsewhere, must not get this verdict.
    project = _given(headers, "ProjectId").lower() if own else _id(headers, "ProjectId")
    where = [wanted.labels.get(label, "") for label in ("repository", "environment")]
    which = ["run", own] if own else ["plan", _id(headers, "PlanId")]
    ids = [project, wanted.policy, wanted.release, *where, *which]
    return f"{SENDER}:{hashlib.sha256(dumps(ids)).hexdigest()}"


def _given(headers: Mapping[str, str], name: str) -> str:
    """Return a header; nothing for a variable that Azure does not know, which it leaves as it was written.

    Raises:
        Malformed: it holds what would arrive as something else, or such a variable among other text.
    """
    value = headers.get(name, "").strip()
    if not (value.isascii() and value.isprintable()):
        message = f"{name} holds letters that have no place in a header"
        raise Malformed(message, "write them into the policy: release, or the query of a source")
    unset = _UNSET.search(value)
    if unset and unset[0] != value:
        # What should be another text each time would be the same one for ever.
        message = f"{name} holds {unset[0]}, a variable that is not set"
        raise Malformed(message, "set the variable, or leave it out")
    return "" if unset else value


def _id(headers: Mapping[str, str], name: str) -> str:
    value = _given(headers, name)
    if not _ID.fullmatch(value):
        message = f"the header {name} is missing" if not value else f"{name} is no id: {value[:80]!r}"
        raise Malformed(message, "the headers that Azure's form begins with hold it: leave them as they are")
    return value.lower()


def _minutes(headers: Mapping[str, str]) -> int:
    value = _given(headers, "Gate-Timeout-Minutes") or str(USUAL)
    if not (
        value.isascii() and value.isdecimal() and len(value) <= len(str(LONGEST)) and SHORTEST <= int(value) <= LONGEST
    ):
        message = f"Gate-Timeout-Minutes is {value[:40]!r}, no number from {SHORTEST} to {LONGEST:,}"
        raise Malformed(message, "write the number that the check has under Control options, Timeout")
    return int(value)


def _moment(value: str) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"Gate-Deployed-At is no time: {value[:80]!r}"
        raise Malformed(message, "write 2026-03-10T14:00:00Z, or leave it out") from None
