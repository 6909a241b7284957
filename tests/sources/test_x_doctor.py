"""``gate doctor`` on X: one cheap call that says whether the key works, what is left and what it will cost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gate.sources.x import Budget
from tests.servers.http_server import Reply, Server
from tests.servers.x_api import COUNTS, XApi
from tests.sources.x_support import LIVE, NOW, source_at
from tests.support import ManualClock


def test_a_working_key_is_priced() -> None:
    """One count says that the key works, how many requests are left, and what looking will cost."""
    clock = ManualClock(NOW)
    api = XApi(clock.now)
    for number in range(336):
        api.write(LIVE - timedelta(minutes=number + 1), "acme24")
    with api.server() as server:
        checks = source_at(server, clock).check()
    assert [request.path for request in server.requests] == [COUNTS]
    assert [check.ok for check in checks] == [True, True]
    key, cost = checks
    assert "299 of 300 requests for counts left until 14:45 UTC" in key.detail
    assert "336 posts in the last seven days, 2.0 an hour; an hour of watching costs about $0.01" in cost.detail
    assert "a baseline of seven days $1.68" in cost.detail


def test_a_volume_past_the_budget_is_told_before() -> None:
    """When a week of posts does not fit the budget, doctor says what to change."""
    clock = ManualClock(NOW)
    api = XApi(clock.now)
    for number in range(30):
        api.write(LIVE - timedelta(minutes=number + 1), "acme24")
    with api.server() as server:
        cost = source_at(server, clock, budget=Budget(reads=20)).check()[-1]
    assert not cost.ok
    assert "raise the budget" in cost.fix


@pytest.mark.parametrize("seconds", [-90, 90])
def test_a_wrong_clock_is_found(seconds: int) -> None:
    """A clock that differs from X's is named with the fix: X would refuse our times, or keep posts back."""
    clock = ManualClock(NOW)
    api = XApi(lambda: NOW + timedelta(seconds=seconds))
    with api.server() as server:
        (check,) = [each for each in source_at(server, clock).check() if each.what == "clock"]
    assert not check.ok
    assert f"90 s {'behind' if seconds > 0 else 'ahead of'} X's" in check.detail
    assert "NTP" in check.fix


@pytest.mark.parametrize(
    ("reply", "detail", "fix"),
    [
        ("error-401", "does not know the key", "${X_BEARER_TOKEN}"),
        ("error-403", "may not do this", "access to recent search"),
        ("error-402", "credits are used up", "buy credits"),
        ("error-503", "not well", "next look"),
    ],
)
def test_trouble_is_a_line_not_an_exception(reply: str, detail: str, fix: str) -> None:
    """A key that is missing, expired or lacks access becomes one line with the fix."""
    with Server(Reply.recorded(f"x/{reply}.json")) as server:
        (check,) = source_at(server).check()
    assert (check.what, check.ok) == ("key", False)
    assert detail in check.detail
    assert fix in check.fix


def test_a_missing_key_is_a_line() -> None:
    """A secret that is not set is told with its name, without a request."""
    (check,) = source_at("https://x.invalid", bearer_token="${NOT_SET}").check()
    assert (check.ok, check.detail) == (False, "${NOT_SET} is not set")


def test_counts_without_headers_are_enough() -> None:
    """Quota headers and a date are a bonus: without them the key is still told to work."""
    with Server(Reply.of({"meta": {"total_post_count": 0}})) as server:
        checks = source_at(server).check()
    assert checks[0].detail.startswith("X accepts it")
