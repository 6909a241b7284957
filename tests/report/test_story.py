"""A run's log, told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gate.canonical import to_plain
from gate.model import Outcome
from gate.report.story import Teller, story
from tests.hostile import HOSTILE
from tests.report.verdicts import FAIL
from tests.support import DEPLOY, release

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Entry:
    """An event as a run log hands it out."""

    kind: str
    at: datetime
    data: Mapping[str, Any]


def minutes(count: float) -> datetime:
    """Return a time after the deploy."""
    return DEPLOY + timedelta(minutes=count)


def look(number: int, **data: object) -> Entry:
    """Build a look's event."""
    at = minutes(number)
    waiting = to_plain(replace(FAIL, outcome=Outcome.WAITING, odds=6.2, coverage=(), decided_at=at))
    plain = {"number": number, "at": to_plain(at), "kept": 9, "dropped": {"author_voted": 2, "language": 1}}
    return Entry("look", at, {**plain, "verdict": waiting, "next_at": to_plain(minutes(number + 1)), **data})


STARTED = {
    "release": to_plain(release()),
    "policy_digest": "3f2a9c" * 10,
    "scorer": "vader",
    "sources": ["x", "mastodon"],
}


def test_a_run_reads_like_a_story() -> None:
    """Start, baseline, looks, trouble and verdict are told in order, each with its time and its numbers."""
    lines = story(
        [
            Entry("started", minutes(0), STARTED),
            Entry("baseline", minutes(0), {"kept": 180, "dropped": {"repost": 20}, "share": 0.21, "mood": 0.31}),
            look(3, notes=["the clock of x is 3 s ahead"]),
            look(4, kept=0, dropped={}),
            Entry("note", minutes(5), {"text": "somebody looked"}),
            look(6, verdict=to_plain(FAIL), next_at=None),
            Entry("verdict", minutes(17), {"verdict": to_plain(FAIL)}),
        ]
    )
    seen = "58 % of 43 negative (before 21 % of 180)"
    assert lines == [
        "2026-03-10 (UTC)",
        "14:00:00  run started: #brimly deployed 2026-03-10 14:00:00 UTC, watched until 2026-03-10 14:45:00 UTC",
        "          compared with 2026-03-09 14:00:00 UTC to 2026-03-10 14:00:00 UTC",
        "          sources x, mastodon; scorer vader; policy 3f2a9c3f2a9c",
        "14:00:00  baseline: 200 mentions (180 kept, 20 dropped: 20 repost); 21 % negative, mood +0.31",
        (
            "14:03:00  look 3: 12 new (9 kept, 3 dropped: 2 author_voted, 1 language); "
            f"{seen}; odds 1 in 6; waiting; next look 14:04:00"
        ),
        "          note: the clock of x is 3 s ahead",
        f"14:04:00  look 4: nothing new; {seen}; odds 1 in 6; waiting; next look 14:05:00",
        "14:05:00  note: somebody looked",
        (
            f"14:06:00  look 6: 12 new (9 kept, 3 dropped: 2 author_voted, 1 language); {seen}; odds 1 in 2,300; "
            "120 reads, US$ 0.60 so far; fail"
        ),
        "          source mastodon NEVER heard (not required): connection refused",
        (
            "14:17:00  verdict: FAIL → halt the rollout. 58 % of 43 mentions since the deploy are negative, "
            "21 % of 180 before; 1 in 2,300 if the release were harmless."
        ),
        "          code share_rose; the run cost 120 reads, US$ 0.60",
    ]


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("cancelled", {"why": "stopped by signal 15"}, "cancelled: stopped by signal 15; no verdict was reached"),
        ("broken", {"why": "the disk is full"}, "the gate itself broke: the disk is full; no verdict was reached"),
        ("noticed", {"by": "ann", "why": "known"}, "noticed: by ann, why known"),
        ("resumed", {}, "resumed"),
        ("baseline", {"kept": 3, "dropped": 2}, "baseline: 5 mentions (3 kept, 2 dropped)"),
    ],
)
def test_other_events(kind: str, data: dict[str, Any], said: str) -> None:
    """Endings are told in words, kinds this version does not know by their fields."""
    assert story([Entry(kind, minutes(1), data)])[1:] == [f"14:01:00  {said}"]


@pytest.mark.parametrize("kind", ["started", "baseline", "look", "verdict", "cancelled", "broken", "note"])
@pytest.mark.parametrize("data", [{}, {"verdict": {"outcome": "maybe"}}, {"dropped": [1]}, {"verdict": 7}])
def test_a_damaged_event_hides_no_other(kind: str, data: dict[str, Any]) -> None:
    """An event that cannot be read says so, and the next one is told."""
    lines = story([Entry(kind, minutes(1), data), Entry("note", minutes(2), {"text": "still here"})])
    assert f"14:01:00  {kind} (cannot be read: " in lines[1]
    assert lines[-1] == "14:02:00  note: still here"


def test_trouble_is_told_once() -> None:
    """A source that fails is named at the look where it failed, and at the one where it is back."""
    broken = to_plain(FAIL)
    mended = to_plain(replace(FAIL, coverage=tuple(replace(each, complete=True) for each in FAIL.coverage)))
    lines = story([look(1, verdict=broken), look(2, verdict=broken), look(3, verdict=mended)])
    assert [line.strip() for line in lines if "source mastodon" in line] == [
        "source mastodon NEVER heard (not required): connection refused",
        "source mastodon complete",
    ]


def test_each_day_is_named_once() -> None:
    """Times stand under their date."""
    events = [Entry("note", minutes(at), {"text": "x"}) for at in (0, 1, 24 * 60)]
    assert [line for line in story(events) if "(UTC)" in line] == ["2026-03-10 (UTC)", "2026-03-11 (UTC)"]


def test_told_as_it_happens() -> None:
    """Event by event it is the same story: each is told once, however many came before."""
    events = [look(number) for number in (1, 2, 3)] + [Entry("note", minutes(60 * 24), {"text": "a day later"})]
    teller = Teller()
    assert [line for event in events for line in teller.lines(event)] == story(events)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_hostile_text_does_nothing_in_a_story(encoding: str) -> None:
    """A note, a reason or an unknown event with hostile text is one line without escapes and commands."""
    for _, hostile in HOSTILE:
        plain = to_plain(hostile)
        events = [
            Entry("note", minutes(0), {"text": plain}),
            Entry("cancelled", minutes(0), {"why": plain}),
            Entry(hostile, minutes(0), {hostile: plain}),
            look(
                1, notes=[plain], verdict=to_plain(replace(FAIL, coverage=(replace(FAIL.coverage[1], reason=hostile),)))
            ),
        ]
        lines = story(events, encoding)
        assert len(lines) == 7
        for line in lines:
            line.encode(encoding)
            assert line.isprintable()
            assert not line.lstrip().startswith("::")
            assert "##[" not in line
            assert "##vso[" not in line.lower()
