"""What callers are answered. The OpenAPI document is made of these."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Told(BaseModel):
    """What a caller is answered; more fields may come."""

    model_config = ConfigDict(use_attribute_docstrings=True)


Answer = Literal["promote", "hold", "halt", "wait"]


class GlanceTold(Told):
    """How a run stood at its latest look."""

    looks: int
    outcome: str
    odds: float | None
    share_before: float | None
    share_after: float | None
    mood_before: float | None
    mood_after: float | None
    mentions: int
    spark: list[float | None]
    """Mood after the deploy at the latest looks, oldest first."""


class RunTold(Told):
    """A run."""

    id: str
    state: Literal["running", "done", "cancelled", "broken"]
    release: str
    created_at: AwareDatetime
    deployed_at: AwareDatetime
    window_to: AwareDatetime
    """When the window closes."""
    finished_at: AwareDatetime | None
    dry_run: bool
    labels: dict[str, str]
    outcome: Literal["pass", "fail", "inconclusive", "error", "waiting"] | None
    decision: Literal["promote", "hold", "halt"] | None
    answer: Answer
    """The decision, or `wait` while there is none: for readers that can only compare one word."""
    code: str
    reason: str
    glance: GlanceTold | None
    links: dict[str, str]


class RunsTold(Told):
    """Some runs, newest first."""

    runs: list[RunTold]
    cursor: str | None
    """For the next page; null on the last one."""


class StartedTold(Told):
    """A run that was ordered."""

    id: str
    links: dict[str, str]


class FlaggerTold(Told):
    """What Flagger is told beside the status; people read it in its events."""

    run: str
    answer: Answer
    reason: str
    page: str
    """For people."""


class VerdictTold(Told):
    """The verdict, as cheap to read as anything: it is kept beside the run."""

    run: str
    state: Literal["running", "done", "cancelled", "broken"]
    final: bool
    """Whether the run is over."""
    exit_code: int
    """What `gate check` would exit with: 0 promote, 10 fail, 11 inconclusive, 12 error, 13 waiting, 1 the gate broke."""
    outcome: Literal["pass", "fail", "inconclusive", "error", "waiting"]
    decision: Literal["promote", "hold", "halt"]
    answer: Answer
    """The decision, or `wait` until it is final: for readers that can only compare one word."""
    code: str
    reason: str
    decided_at: AwareDatetime | None
    rule: str
    odds: float | None
    """1 in so many, if the release were harmless."""
    tally: dict[str, Any] | None
    findings: list[dict[str, Any]]
    coverage: list[dict[str, Any]]
    dry_run: bool


class EventTold(Told):
    """One entry of the log."""

    seq: int
    at: AwareDatetime
    kind: str
    data: dict[str, Any]
    previous: str
    hash: str
    """SHA-256 over this entry and the hash before it."""


class LogTold(Told):
    """The log of a run."""

    run: str
    head: str
    """Hash of the last entry: kept elsewhere, it pins the whole log."""
    events: list[EventTold]
    next: int | None
    """Give it as `after` to get what follows; null if that was all so far."""


class PolicyTold(Told):
    """A policy that the service holds."""

    name: str
    """What `policy_name` of an order takes."""


class PoliciesTold(Told):
    """Which policies a run may have."""

    policies: list[PolicyTold]
    """By name."""
    inline: bool
    """Whether the text of a policy may be sent instead."""


class ProblemTold(Told):
    """What is wrong, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str = ""
    hint: str = ""
    """The next step."""
    errors: list[dict[str, Any]] = Field(default_factory=list)
    """Each thing that is wrong: `field`, `message`, `hint`."""
    request: str = ""
    """Id of the request, in the service's logs too."""
