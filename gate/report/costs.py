"""What a run took, in requests, reads and money, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.model import Cost
from gate.report import content

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.model import Budget, Coverage
    from gate.report.content import Report


def cost(used: Cost) -> str:
    """Return ``4 requests, 120 reads, US$ 0.60``, empty where nothing was used."""
    parts = [content.count(used.requests, "request")] if used.requests else []
    parts += [content.count(used.reads, "read")] if used.reads else []
    return ", ".join([*parts, f"US$ {used.usd:,.2f}"] if used.usd else parts)


def total(*heard: Iterable[Coverage]) -> Cost:
    """Return what all sources took together."""
    return sum((coverage.cost for each in heard for coverage in each), Cost())


def spent(used: Cost) -> str:
    """Return the cost where it is one: mentions that are counted or paid for, not requests alone."""
    return cost(Cost(0, used.reads, used.usd)) if used.reads or used.usd else ""


def budgets(named: Iterable[tuple[str, Budget | None]]) -> str:
    """Return `` (x may 2,000 reads)`` for the sources with a budget of a run, to stand behind a cost."""
    said = []
    for name, budget in named:
        limits = [f"{budget.reads:,} reads"] if budget and budget.reads is not None else []
        limits += [f"US$ {budget.usd:,.2f}"] if budget and budget.usd is not None else []
        said += [f"{name} may {', '.join(limits)}"] if limits else []
    return f" ({'; '.join(said)})" if said else ""


def bill(report: Report) -> str:
    """Return what the whole run took, ``120 reads, US$ 0.60 (100 reads, US$ 0.50 before the deploy)``."""
    before = spent(total(report.baseline))
    whole = spent(total(report.baseline, report.verdict.coverage))
    return f"{whole} ({before} before the deploy)" if before else whole
