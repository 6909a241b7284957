"""CI systems that ask by webhook and wait for an answer in a form of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gate.runs.rounds import Round

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.store import Delivery


class Platform(Round, Protocol):
    """One such system: its rounds take up what was asked, and tell how it stands."""

    def covers(self, run_id: str) -> bool:
        """Whether it asked for this run."""

    def answer(self, delivery: Delivery) -> datetime | None:
        """Tell how the run ended, in place of a callback.

        Returns:
            When to come again, where it was told that a person decides; None once it has its answer.

        Raises:
            GateError: it did not get there; ``permanent`` if it never will.
            Cancelled: the process was told to stop; whether it got there is not known.
        """


def platform_of(platforms: Sequence[Platform], run_id: str) -> Platform | None:
    """Return the one that asked for a run; None if none of them did."""
    return next((each for each in platforms if each.covers(run_id)), None)
