"""The file source on a file that is being written to."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.errors import SourceDown
from gate.model import Request
from gate.ports import SourceContext
from gate.sources.file import Options, Source
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from gate.model import Fetch


def line(number: int, minute: float = 0) -> str:
    """One line of the log."""
    at = DEPLOY + timedelta(minutes=minute)
    return json.dumps({"id": f"m{number}", "created_at": at.isoformat(), "text": f"text {number}"}) + "\n"


class Follower:
    """Polls one file as a run does, each time as far as the given minute."""

    def __init__(
        self,
        folder: Path,
        path: str = "log.jsonl",
        *,
        follow: bool = True,
        restart: bool = False,
        stale_after: timedelta | None = None,
    ) -> None:
        """Start to follow; with ``restart`` each poll is made by a new process."""
        self.path = folder / path
        self.clock = ManualClock()
        self._context = SourceContext("file", "", folder, "", lambda reference: reference, self.clock)
        self._options = Options(path, follow=follow, bad_lines="skip", stale_after=stale_after)
        self._source = Source(self._options, self._context)
        self._restart = restart
        self._cursor: str | None = None

    def poll(self, minute: float, *, since: float = 0, first: bool = False) -> Fetch:
        """Ask for what was written up to the minute; with ``first`` as the first poll of a period."""
        if first:
            self._cursor = None
        if self._restart:
            self._source = Source(self._options, self._context)
        until = DEPLOY + timedelta(minutes=minute)
        fetch = self._source.fetch(
            Request(DEPLOY + timedelta(minutes=since), until, self._cursor, timedelta(minutes=1))
        )
        self._cursor = fetch.cursor
        return fetch

    def ids(self, minute: float) -> list[str]:
        """Poll, and return what came."""
        return [mention.id for mention in self.poll(minute).mentions]

    def write(self, text: str) -> None:
        """Append to the file."""
        with self.path.open("a") as file:
            file.write(text)

    def written(self, minute: float) -> None:
        """Date the file as written at the minute."""
        moment = (DEPLOY + timedelta(minutes=minute)).timestamp()
        os.utime(self.path, (moment, moment))


@pytest.fixture(params=[False, True], ids=["same object", "new process"])
def follower(request: pytest.FixtureRequest, tmp_path: Path) -> Follower:
    """A run that follows a file, with and without restarts in between."""
    return Follower(tmp_path, restart=request.param)


def test_each_poll_brings_what_was_appended(follower: Follower) -> None:
    """Lines come once, also when the file did not change between two polls."""
    follower.write(line(1) + line(2, 1))
    found = [follower.ids(2), follower.ids(3)]
    follower.write(line(3, 3.5))
    found += [follower.ids(4), follower.ids(5)]
    assert found == [["m1", "m2"], [], ["m3"], []]


def test_half_a_line_waits_for_its_end(follower: Follower) -> None:
    """A line without its newline is neither a mention nor a bad line; it comes when it is whole."""
    whole = line(2, 1)
    follower.write(line(1) + whole[:20])
    first = follower.poll(2)
    follower.write(whole[20:-1])
    second = follower.poll(3)
    follower.write("\n")
    third = follower.poll(4)
    assert [[m.id for m in fetch.mentions] for fetch in (first, second, third)] == [["m1"], [], ["m2"]]
    assert not first.unreadable + second.unreadable + third.unreadable


def test_lines_that_come_early_or_late(follower: Follower) -> None:
    """A line from the future waits for its time, one from the past of the window still comes."""
    follower.write(line(1, 9) + line(2, 1))
    found = [follower.ids(2), follower.ids(5)]
    follower.write(line(3, 0.5))
    found += [follower.ids(6), follower.ids(10)]
    assert found == [["m2"], [], ["m3"], ["m1"]]


def test_line_numbers_go_on(follower: Follower) -> None:
    """A bad line found at a later poll is named by its number in the whole file."""
    follower.write(line(1))
    follower.poll(1)
    follower.write(line(2) + "oops\n")
    (unreadable,) = follower.poll(2).unreadable
    assert unreadable.where == "log.jsonl:3"


@pytest.mark.parametrize("size", ["smaller", "larger"])
def test_rotation_is_never_silent(follower: Follower, size: str) -> None:
    """A log that was rotated is read from its beginning, and every later poll says that something may be missing."""
    follower.write(line(1) + line(2))
    follower.poll(1)
    follower.path.rename(follower.path.with_suffix(".1"))
    follower.write("".join(line(n, 1.5) for n in range(10, 11 if size == "smaller" else 19)))
    rotated = follower.poll(2)
    assert rotated.mentions[0].id == "m10"
    assert (rotated.complete, rotated.permanent) == (False, False)
    assert "replaced or cut after it was read up to line 2" in rotated.reason
    follower.write(line(20, 2.5))
    later = follower.poll(3)
    assert [mention.id for mention in later.mentions] == ["m20"]
    assert not later.complete


def test_truncation_in_place_is_never_silent(follower: Follower) -> None:
    """A log that is emptied and written on (as some rotate it) is noticed too."""
    follower.write(line(1) + line(2))
    follower.poll(1)
    follower.path.write_text(line(3, 1.5))
    fetch = follower.poll(2)
    assert [mention.id for mention in fetch.mentions] == ["m3"]
    assert not fetch.complete


def test_rotation_between_two_periods_is_never_silent(tmp_path: Path) -> None:
    """A log that was rotated after the baseline was read makes the first poll of the window incomplete."""
    follower = Follower(tmp_path)
    follower.write(line(1, -5))
    follower.poll(-1, since=-10)
    follower.path.rename(tmp_path / "log.1")
    follower.write(line(2, 1) + line(3, 1))
    fetch = follower.poll(2, first=True)
    assert [mention.id for mention in fetch.mentions] == ["m2", "m3"]
    assert not fetch.complete


def test_rotation_between_two_periods_with_an_outage_is_never_silent(tmp_path: Path) -> None:
    """Nor does it go unnoticed when the new log was not there yet at the first poll of the window."""
    follower = Follower(tmp_path)
    follower.write(line(1, -5))
    follower.poll(-1, since=-10)
    follower.path.rename(tmp_path / "log.1")
    with pytest.raises(SourceDown):
        follower.poll(1, first=True)
    follower.write(line(2, 1))
    fetch = follower.poll(2)
    assert [mention.id for mention in fetch.mentions] == ["m2"]
    assert not fetch.complete


def test_a_file_that_is_no_longer_written_to(tmp_path: Path) -> None:
    """With `stale_after` a log that stopped growing makes polls incomplete, until it grows again."""
    follower = Follower(tmp_path, stale_after=timedelta(minutes=10))
    follower.clock.time = DEPLOY + timedelta(hours=5)
    follower.write(line(1, 0))
    follower.written(0)
    found = [follower.poll(10), follower.poll(11)]
    follower.write(line(2, 11))
    follower.written(11.5)
    found.append(follower.poll(12))
    assert [fetch.complete for fetch in found] == [True, False, True]
    assert found[1].reason == "nothing was written to log.jsonl since 2026-03-10 14:00:00 UTC (stale_after)"
    assert not found[1].permanent


def test_silence_is_no_news_of_a_file_that_is_followed(tmp_path: Path) -> None:
    """That nothing was written yet after the deploy is how each quiet window begins."""
    follower = Follower(tmp_path)
    follower.write(line(1, -60))
    assert follower.poll(5).notes == ()


def test_a_file_that_is_not_there_yet(follower: Follower) -> None:
    """A followed file may come later: down, not refused, and read when it is there."""
    with pytest.raises(SourceDown, match="not there") as down:
        follower.poll(1)
    assert "each poll looks again" in down.value.hint
    follower.write(line(1))
    assert follower.ids(2) == ["m1"]


def test_a_whole_new_export_loses_nothing(tmp_path: Path) -> None:
    """A file that is not followed but written anew is read again: complete, with a note."""
    follower = Follower(tmp_path, follow=False)
    follower.write(line(1))
    follower.poll(1)
    follower.path.unlink()
    follower.path.write_text(line(0) + line(1) + line(2, 1.5))
    fetch = follower.poll(2)
    assert {mention.id for mention in fetch.mentions} >= {"m2"}
    assert fetch.complete
    assert "read again from its beginning" in fetch.notes[0]


def test_an_export_that_was_copied_again_with_more_in_it(tmp_path: Path) -> None:
    """A new file that begins as the old one did has only grown."""
    follower = Follower(tmp_path, follow=False)
    follower.write(line(1))
    follower.poll(1)
    new = tmp_path / "new"
    new.write_text(line(1) + line(2, 1.5))
    new.replace(follower.path)
    fetch = follower.poll(2)
    assert [mention.id for mention in fetch.mentions] == ["m2"]
    assert not fetch.notes


def test_rows_of_csv_that_are_being_written(tmp_path: Path) -> None:
    """A row that is open inside its quotes, or lacks its newline, waits for the next poll."""
    follower = Follower(tmp_path, "log.csv")
    follower.write('id,created_at,text\n1,2026-03-10T14:00:00Z,one\n2,2026-03-10T14:00:00Z,"two\n')
    found = [follower.ids(1)]
    follower.write('lines"\n3,2026-03-10T14:00:00Z,thr')
    found.append(follower.ids(2))
    follower.write("ee\n")
    found.append(follower.ids(3))
    assert found == [["1"], ["2"], ["3"]]
