"""``gate doctor`` on a database: one query that says whether it is let in, what it finds, and what will go wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.sources.sql_support import MINUTE, TEXT, Table, source_of
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)


@pytest.fixture
def chats(tmp_path: Path) -> Table:
    """An empty table in SQLite, with times as text."""
    made = Table(f"sqlite:///{tmp_path / 'chats.db'}", "text", TEXT)
    made.create()
    return made


def test_what_is_there_is_told(postgresql_url: str) -> None:
    """A database that lets us in is named without its password, with what the last week brought."""
    table = Table(postgresql_url, "timestamptz", "timestamp")
    table.create()
    table.write((number, DEPLOY - number * DAY, "words") for number in range(10))
    checks = source_of(table, ManualClock(DEPLOY)).check()
    assert [(each.what, each.ok) for each in checks] == [("access", True), ("query", True)]
    assert "gate:***@127.0.0.1" in checks[0].detail
    assert "opened for reading only" in checks[0].detail
    assert checks[1].detail == "8 mentions in the last seven days, the newest of 2026-03-10 14:00 UTC"


def test_a_quiet_week_is_no_fault(chats: Table) -> None:
    """Where only older mentions are found, that is said, and is no fault."""
    chats.write([(1, DEPLOY - 30 * DAY, "long ago")])
    check = source_of(chats).check()[-1]
    assert check.ok
    assert check.detail == "nothing in the last seven days; there are mentions up to 2026-02-08 14:00 UTC"


def test_nothing_ever_is_a_fault(chats: Table) -> None:
    """A query that never finds anything looks like users who are silent: it is a fault until it finds something."""
    chats.write([(1, DEPLOY, "words")])
    check = source_of(chats, times="seconds").check()[-1]
    assert not check.ok
    assert "`times`" in check.fix


def test_times_written_otherwise_are_found(chats: Table) -> None:
    """Times that are written unlike ours would be compared wrongly as text: the way they are written is shown."""
    chats.run("INSERT INTO chats VALUES (1, '2026-03-09 14:00:00+00:00', 'words', 'ann')")
    check = source_of(chats, ManualClock(DEPLOY)).check()[-1]
    assert not check.ok
    assert "0000-00-00 00:00:00+00:00" in check.detail


def test_a_wrong_zone_is_found(chats: Table) -> None:
    """Mentions from the future give a wrong zone away."""
    chats.run("INSERT INTO chats VALUES (1, '2026-03-10T20:00:00', 'words', 'ann')")
    source = source_of(chats, ManualClock(DEPLOY), times="%Y-%m-%dT%H:%M:%S", timezone="UTC")
    check = source.check()[-1]
    assert (check.what, check.ok) == ("times", False)
    assert "in the future" in check.detail
    assert "timezone" in check.fix


def test_rows_that_are_no_mentions_are_counted(chats: Table) -> None:
    """Rows that cannot be read are counted, with the reason of the first."""
    chats.write([(1, DEPLOY - MINUTE, "words")])
    chats.run("INSERT INTO chats VALUES (2, '2026-03-10T13:00:00Z', NULL, 'ann')")
    checks = source_of(chats, ManualClock(DEPLOY)).check()
    assert [each.ok for each in checks] == [True, False, True]
    assert "rows that are no mentions: 1; row 1: no field 'text'" in checks[1].detail


def test_a_refusal_is_one_line(tmp_path: Path) -> None:
    """What cannot be asked is one line with its next step."""
    (check,) = source_of(Table(f"sqlite:///{tmp_path}/nosuch.db", "text", TEXT)).check()
    assert not check.ok
    assert "cannot be opened" in check.detail
    assert "path" in check.fix
