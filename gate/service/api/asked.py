"""What callers send. The OpenAPI document is made of these."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from gate.policy.secrets import REFERENCE
from gate.runs.orders import LONGEST_LABEL, LONGEST_WHY, MOST_LABELS

RUN_ID = r"^\d{6}-\d{6}-[0-9a-z]{6}$"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Label = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_LABEL)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_WHY, strip_whitespace=True)]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        message = "must lie between the years 1 and 9999 of UTC"
        raise ValueError(message) from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""In any time zone that there is the same moment of UTC for."""


class Asked(BaseModel):
    """What a caller sends: unknown fields are faults, as a typing error must not change what is asked."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Read(BaseModel):
    """Path, query and headers."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own
        """Return it as pydantic does, made once: flask-openapi3 asks at every request, which is a fifth of its time."""
        return _schema(cls, args, tuple(kwargs.items()))


@cache
def _schema(model: type[Read], args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return super(Read, model).model_json_schema(*args, **dict(kwargs))


class CallbackAsked(Asked):
    """Where the caller wants to be told how the run ended."""

    url: str = Field(max_length=2000, pattern=r"^https?://\S+$")
    """On a host that the service allows."""
    secret: str = Field(default="", pattern=rf"^$|{REFERENCE}", max_length=200)
    """Reference `${NAME}` of the key that signs what is sent, in the service's environment."""
    deadline: Moment | None = None
    """No verdict is sent later; a day after the end if it is left out."""
    updates: bool = False
    """Whether to be told as well when somebody overrides a verdict that was accepted already."""


class RunAsked(Asked):
    """A run to start: `policy` or `policy_name`."""

    policy: str | None = Field(default=None, min_length=1, max_length=500_000)
    """Text of gate.yml."""
    policy_name: str | None = Field(default=None, pattern=NAME)
    """Name of a policy that the service holds."""
    release: str | None = Field(default=None, max_length=200)
    """Hashtag or phrase that users write, instead of the policy's own."""
    deployed_at: Moment | None = None
    """When the release went out; now, if it is left out."""
    labels: dict[Label, Annotated[str, StringConstraints(max_length=LONGEST_LABEL)]] = Field(
        default_factory=dict, max_length=MOST_LABELS
    )
    """To find the run by: repository, environment, commit, actor …"""
    callback: CallbackAsked | None = None

    @model_validator(mode="after")
    def _one_policy(self) -> RunAsked:
        if (self.policy is None) == (self.policy_name is None):
            message = "give either policy, the text of gate.yml, or policy_name"
            raise ValueError(message)
        return self


class OverrideAsked(Asked):
    """Why somebody decides otherwise."""

    reason: Reason
    """Stands in the log, with who and when."""


class ExtendAsked(OverrideAsked):
    """Until when to watch."""

    until: Moment
    """When the window is to close: later than it does now."""


class FlaggerMetadata(BaseModel):
    """What the owner of the canary writes under `metadata` of the webhook, all of it text."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    policy: str | None = Field(default=None, pattern=NAME)
    """Name of a policy that the service holds; `start` needs it, and by it the others start a run where there is none."""
    repository: Annotated[str, StringConstraints(max_length=LONGEST_LABEL)] = ""
    """Label of the run; for tokens that are for some repositories only."""
    release: str | None = Field(default=None, max_length=200)
    """Hashtag or phrase that users write, instead of the policy's own."""


class FlaggerAsked(BaseModel):
    """What Flagger posts to a webhook; fields that it has beside these are left alone."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: Label
    """Of the canary."""
    namespace: Label
    checksum: Annotated[str, StringConstraints(max_length=LONGEST_LABEL)] = ""
    """Of what is deployed; Flagger sends it from 1.22 on."""
    metadata: FlaggerMetadata | None = None


class HookPath(Read):
    """Which of Flagger's questions it is."""

    hook: Literal["start", "confirm", "rollback"]


class KeyHeader(Read):
    """Headers of an order."""

    key: str = Field(default="", alias="Idempotency-Key", max_length=255, pattern=r"^[!-~]*$")
    """The same caller, key and order give the same run, so that an order may be sent again; needs `deployed_at`."""


class RunPath(Read):
    """Which run."""

    run_id: str = Field(pattern=RUN_ID)


class ChartPath(RunPath):
    """Which run, and how it is drawn."""

    form: Literal["svg", "png"]


class VerdictQuery(Read):
    """How the verdict is told."""

    status: Literal["ok", "verdict"] = "ok"
    """`ok`: always 200. `verdict`: 200 promote, 412 halt, 424 hold, 425 not decided yet."""


class LogQuery(Read):
    """Which events."""

    after: int = Field(default=0, ge=0, le=2**31 - 1)
    """Only events after that one."""
    limit: int = Field(default=500, ge=1, le=1000)
    format: Literal["json", "story"] = "json"
    """`story` is plain text for people."""


class EventsHeader(Read):
    """Where a reader of the stream stands."""

    last: str = Field(default="", alias="Last-Event-ID", max_length=64)


class ListQuery(Read):
    """Which runs; all that is given must hold."""

    state: Literal["running", "done", "cancelled", "broken"] | None = None
    outcome: Literal["pass", "fail", "inconclusive", "error"] | None = None
    release: str | None = Field(default=None, max_length=200)
    repository: str | None = Field(default=None, max_length=LONGEST_LABEL)
    """The label of that name."""
    label: list[Annotated[str, StringConstraints(max_length=2 * LONGEST_LABEL + 1)]] = Field(
        default_factory=list, max_length=MOST_LABELS
    )
    """`name=value`, as often as wanted."""
    since: Moment | None = None
    """Started at this time or later."""
    until: Moment | None = None
    """Started before this time."""
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=64)
    """Of the page before, to get the next one."""
