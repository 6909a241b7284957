"""Workers that have fallen silent, whatever their clocks say."""

from __future__ import annotations

from datetime import timedelta

from gate.runs.silence import DEAD_AFTER, Silence
from tests.support import DEPLOY

TEN = timedelta(seconds=10)


def test_a_clock_that_differs() -> None:
    """Who is at work is never taken for dead, however far its clock is off; who stops is, a minute later."""
    silence, found = Silence(), []
    for step in range(40):
        at = min(step, 20) * TEN
        said = {"behind": DEPLOY - timedelta(hours=1) + at, "ahead": DEPLOY + timedelta(hours=1) + step * TEN}
        found.append(silence.after(said, DEPLOY + step * TEN))
    assert not any(found[: 20 + DEAD_AFTER // TEN + 1])
    assert found[20 + DEAD_AFTER // TEN + 1] == ["behind"]


def test_who_left_and_came_back() -> None:
    """Who was off the list for a while is listened to anew."""
    silence = Silence()
    assert silence.after({"one": DEPLOY}, DEPLOY) == []
    assert silence.after({}, DEPLOY + TEN) == []
    assert silence.after({"one": DEPLOY}, DEPLOY + 2 * DEAD_AFTER) == []
