"""The ``watch`` section: what a service does about a policy between releases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.model import Budget  # noqa: TC001 - policies are read by it
from gate.policy.values import format_duration

if TYPE_CHECKING:
    from gate.policy.faults import Faults
    from gate.policy.sections import Baseline

SHORTEST = timedelta(minutes=1)
LARGEST_PART = 20
"""The newest part of the baseline, not heard yet when a deploy comes, is at most one in this many."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The ``watch`` section: a service keeps listening between releases, so that a baseline is ready for the next one."""

    every: timedelta = timedelta(minutes=15)
    """Time between two polls of the sources."""
    budget: Budget | None = None
    """What may be spent on it, for all sources together; by day, as a watch has no end."""

    def __post_init__(self) -> None:
        """Refuse what is no slow listening."""
        wrong = []
        if self.every < SHORTEST:
            wrong.append(f"every must be at least {format_duration(SHORTEST)}")
        if self.budget and (self.budget.reads is not None or self.budget.usd is not None):
            wrong.append("budget must be by day, as a watch has no end: write reads_per_day or usd_per_day")
        if wrong:
            raise ValueError(*wrong)


def check_watch(watch: Watch | None, baseline: Baseline | None, faults: Faults) -> None:
    """Refuse a watch that no baseline could be taken from."""
    if not watch or not baseline:
        return
    if baseline.file or baseline.release:
        hint = "leave out the watch, or baseline.file and baseline.release"
        faults.add(
            ("watch",), "it keeps what was written just before a deploy, and the baseline is something else", hint
        )
    elif watch.every > baseline.length / LARGEST_PART:
        most = format_duration(baseline.length / LARGEST_PART)
        message = f"must be at most {most}, a {LARGEST_PART}th of the baseline"
        faults.add(("watch", "every"), message, "or the baseline's newest part would be missing when a deploy comes")
