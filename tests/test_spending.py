"""What is left to spend, of a run and of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.model import Budget, Cost, Room
from gate.policy import load_text
from gate.spending import Purse, Unrecorded
from tests.support import DEPLOY

HOUR = timedelta(hours=1)
limits = st.none() | st.integers(1, 50)


@given(reads=limits, day=limits, usd=limits, paid=st.lists(st.integers(0, 20), max_size=6))
def test_a_room_that_is_kept_to_never_passes_a_budget(
    reads: int | None, day: int | None, usd: int | None, paid: list[int]
) -> None:
    """Who spends no more than the room it is given passes no limit, and is told which one ended it."""
    purse = Purse(Budget(reads, day, usd), "x", Unrecorded())
    for wanted in paid:
        room = purse.room(DEPLOY, DEPLOY + HOUR)
        most = [left for left in (room.reads, room.usd) if left is not None]
        if room.spent:
            assert any(limit is not None and purse.spent.reads >= limit for limit in (reads, day, usd))
        purse.pay(Cost(1, taken := int(min([wanted, *most])), float(taken)), DEPLOY)
    assert all(limit is None or purse.spent.reads <= limit for limit in (reads, day, usd))


def test_the_day_is_shared_and_ends_at_midnight() -> None:
    """What one run spent is gone for the next on the same account, not for another one, and not tomorrow."""
    ledger = Unrecorded()
    one, two, other = (Purse(Budget(reads_per_day=10), account, ledger) for account in ("x", "x", "reddit"))
    one.pay(Cost(1, 10), DEPLOY)
    spent = two.room(DEPLOY, DEPLOY + HOUR)
    assert (spent.spent, spent.permanent) == (
        "the budget of the day is used up (10 of 10 reads, until 00:00 UTC)",
        True,
    )
    assert not two.room(DEPLOY, DEPLOY + 24 * HOUR).permanent
    assert other.room(DEPLOY, DEPLOY + HOUR).reads == 10
    assert two.room(datetime(2026, 3, 11, tzinfo=UTC), DEPLOY + 24 * HOUR) == Room(10, None, "", True, "of the day")  # noqa: FBT003


def test_any_source_may_have_a_budget() -> None:
    """The budget belongs to no channel; X's own default stays, and both read back from the effective policy."""
    policy = load_text(
        "version: 1\nrelease: acme\non: {inconclusive: hold, error: hold}\n"
        "sources: [{type: hackernews, name: file, budget: {reads: 5, usd_per_day: 2.5}}, {type: x}]\n"
    )
    file, x = policy.sources
    assert file.budget == Budget(reads=5, usd_per_day=2.5)
    assert x.budget is not None
    assert (x.budget.reads, x.account, file.account) == (2000, "x ${X_BEARER_TOKEN}", "hackernews")
    plain = policy.to_plain()
    assert [source.get("budget") for source in plain["sources"]] == [  # type: ignore[attr-defined]
        {"reads": 5, "reads_per_day": None, "usd": None, "usd_per_day": 2.5},
        {"reads": 2000, "reads_per_day": None, "usd": None, "usd_per_day": None},
    ]


@pytest.mark.parametrize("limit", [{"reads": 0}, {"usd": -1.0}, {"usd_per_day": float("nan")}, {"reads_per_day": 0}])
def test_a_budget_that_buys_nothing_is_a_mistake(limit: dict[str, float]) -> None:
    """Nought reads is no budget but a source that is never heard."""
    with pytest.raises(ValueError, match="must be above 0"):
        Budget(**limit)  # type: ignore[arg-type]
