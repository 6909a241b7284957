"""What one run may spend at one source: per run, and per day together with all other runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from gate.model import Budget, Cost, Room

if TYPE_CHECKING:
    from datetime import date

    from gate.ports import Ledger

_ROUNDING = 1e-9
"""Undoes the rounding of sums of half cents."""


class Unrecorded:
    """A ledger that lasts as long as the process, for runs without a run log."""

    def __init__(self) -> None:
        """Start with nothing spent."""
        self._spent: dict[tuple[str, date], Cost] = {}

    def spent(self, account: str, day: date) -> Cost:
        """Return what was spent at an account on that day."""
        return self._spent.get((account, day), Cost())

    def spend(self, account: str, day: date, cost: Cost) -> None:
        """Add to it."""
        self._spent[account, day] = self.spent(account, day) + cost


@dataclass(slots=True)
class Purse:
    """Counts what one run spends at one source, and says what is left.

    Runs that look at the same moment may together pass the limit of the day by what one poll of each brings.
    """

    budget: Budget
    account: str
    """What is billed together: the type of source and its key's reference."""
    ledger: Ledger
    spent: Cost = field(default_factory=Cost)
    """By this run."""

    def room(self, now: datetime, ends: datetime) -> Room:
        """Return what the next poll may cost.

        Args:
            now: the time.
            ends: when the period ends that is listened to; a limit of the day is mended at midnight, if that is sooner.
        """
        budget = self.budget
        limits = [(budget.reads, budget.usd, self.spent, "of this run", "", True)]
        if budget.reads_per_day is not None or budget.usd_per_day is not None:
            midnight = datetime.combine(_day(now), time(), UTC) + timedelta(days=1)
            today = self.ledger.spent(self.account, _day(now))
            until = ", until 00:00 UTC"
            limits.append((budget.reads_per_day, budget.usd_per_day, today, "of the day", until, midnight >= ends))
        reads: int | None = None
        usd: float | None = None
        tightest, permanent = "of this run", True
        for most_reads, most_usd, spent, whose, until, lasting in limits:
            left_reads = None if most_reads is None else most_reads - spent.reads
            left_usd = None if most_usd is None else most_usd - spent.usd
            if (left_reads is not None and left_reads <= 0) or (left_usd is not None and left_usd <= _ROUNDING):
                why = f"the budget {whose} is used up ({_of(spent, most_reads, most_usd)}{until})"
                return Room(0, 0.0, why, lasting, whose)
            if _tighter(left_reads, reads) or _tighter(left_usd, usd):
                tightest, permanent = whose, lasting
            reads, usd = _least(reads, left_reads), _least(usd, left_usd)
        return Room(reads, usd, "", permanent, tightest)

    def pay(self, cost: Cost, now: datetime) -> None:
        """Book what a poll cost.

        Raises:
            StoreFault: it cannot be written down.
        """
        self.spent += cost
        if cost.reads or cost.usd:
            self.ledger.spend(self.account, _day(now), cost)


@dataclass(frozen=True, slots=True)
class Purses:
    """Several that must all have room: what a watch may spend, and what may be spent at its source at all."""

    purses: tuple[Purse, ...]

    def room(self, now: datetime, ends: datetime) -> Room:
        """Return what the next poll may cost: what the tightest of them leaves."""
        rooms = [each.room(now, ends) for each in self.purses]
        if spent := [each for each in rooms if each.spent]:
            return spent[0]
        reads = min((each.reads for each in rooms if each.reads is not None), default=None)
        usd = min((each.usd for each in rooms if each.usd is not None), default=None)
        return Room(reads, usd)

    def pay(self, cost: Cost, now: datetime) -> None:
        """Book what a poll cost, in each of them.

        Raises:
            StoreFault: it cannot be written down.
        """
        for each in self.purses:
            each.pay(cost, now)


def of_a_day(budget: Budget) -> Budget:
    """Return what may be spent in a day by who has no end: at most what one run may, and no more than the day's limit."""
    return Budget(
        reads_per_day=_least(budget.reads, budget.reads_per_day), usd_per_day=_least(budget.usd, budget.usd_per_day)
    )


def _of(spent: Cost, reads: int | None, usd: float | None) -> str:
    parts = [f"{spent.reads:,} of {reads:,} reads"] if reads is not None else []
    parts += [f"US$ {spent.usd:,.2f} of {usd:,.2f}"] if usd is not None else []
    return ", ".join(parts)


def _tighter(left: float | None, than: float | None) -> bool:
    return left is not None and (than is None or left < than)


def _least(one: Any, other: Any) -> Any:  # noqa: ANN401 - the number it was given
    return other if one is None else one if other is None else min(one, other)


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()
