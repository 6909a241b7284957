"""What was deployed, how well it was heard, what the rules found, and what was concluded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gate.model.mentions import Dropped, Scored
from gate.model.outcomes import Decision, Outcome
from gate.model.polls import Cost

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Release:
    """What was deployed, and the periods before and after that are compared."""

    name: str
    """Hashtag or phrase that users write; sources without their own query use it."""
    deployed_at: datetime
    baseline_from: datetime
    baseline_to: datetime
    window_to: datetime
    stream: str = ""
    """Only mentions of this stream count, where given."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How well one source was heard over the whole run so far."""

    source: str
    required: bool
    complete: bool
    reason: str
    fetched: int
    kept: int
    dropped: Mapping[str, int]
    """Count by ``DropReason`` value; fetched = kept + the sum of these."""
    cost: Cost = field(default_factory=Cost)
    heard: bool = True
    """Whether any poll succeeded at all."""
    permanent: bool = False
    """Not complete, and no later poll can mend it."""
    hint: str = ""
    """The next step, where the source knows one."""
    control: bool = False
    """Whether it is a control source, whose mentions are only compared with and never count."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says at one look."""

    rule: str
    """Type of the rule, e.g. ``share``."""
    harm: bool
    code: str
    """Machine-readable, e.g. ``share_rose``."""
    sentence: str
    """For people, with numbers."""
    decision: Decision = Decision.HALT
    """What to do if this rule found harm."""
    ready: bool = True
    """False while the rule cannot judge: no baseline, too few mentions."""
    statistical: bool = False
    """Whether the policy's ``minimum`` must be met before this finding may fail the release."""
    ruled_out: bool = False
    """Whether harm beyond what is tolerated is ruled out already, at the rule's own level."""
    numbers: Mapping[str, float | int | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts that every report shows, whatever the rules are."""

    mentions_baseline: int
    mentions_post: int
    authors: int
    """Distinct known authors after the deploy; a mention without author counts as one."""
    sources: int
    """Configured sources that delivered at least one kept mention after the deploy."""
    share_before: float | None
    """Part of the baseline mentions that read as negative (P > 1/2); None without any."""
    share_after: float | None
    mood_before: float | None
    """Mean score, -1 … 1."""
    mood_after: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer at one look, and everything needed to defend it."""

    outcome: Outcome
    decision: Decision
    code: str
    reason: str
    """One sentence with numbers that a release manager can act on."""
    decided_at: datetime
    rule: str
    """Type of the rule that found harm; empty otherwise."""
    odds: float | None
    """How many times likelier the evidence is under harm: 1 in ``odds`` if the release were harmless."""
    tally: Tally
    findings: tuple[Finding, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """One look: when, what was new, what was concluded."""

    number: int
    at: datetime
    """The time the look stands for: nothing written later was used."""
    kept: tuple[Scored, ...]
    dropped: tuple[Dropped, ...]
    verdict: Verdict
    next_at: datetime | None
    """When the next look is due; None after the last one."""
    notes: tuple[str, ...] = ()
