"""The file source: recorded mentions, asked for period by period."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.errors import SourceRefused
from gate.model import Request
from gate.ports import SourceContext
from gate.sources.file import Options, Source, reading
from tests.hostile import HOSTILE
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from gate.model import Fetch

HOUR = timedelta(hours=1)
LONG = timedelta(seconds=60)


def source(folder: Path, path: str = "mentions.jsonl", *, stream: str = "", **options: object) -> Source:
    """Build the source as wiring does."""
    context = SourceContext("file-2", "#acme", folder, stream, lambda reference: reference, ManualClock())
    return Source(Options(path, **options), context)  # type: ignore[arg-type]


def line(number: int, at: datetime = DEPLOY, **fields: object) -> str:
    """One line of a recorded file."""
    return json.dumps({"id": f"m{number}", "created_at": at.isoformat(), "text": f"text {number}"} | fields) + "\n"


def ask(since: datetime, until: datetime, cursor: str | None = None, timeout: timedelta = LONG) -> Request:
    """One poll."""
    return Request(since, until, cursor, timeout)


def ids(fetch: Fetch) -> list[str]:
    """What a poll brought."""
    return [mention.id for mention in fetch.mentions]


def test_every_field_arrives(tmp_path: Path) -> None:
    """All fields of the documented format reach the mention; `truth` and unknown ones do not disturb."""
    (tmp_path / "mentions.jsonl").write_text(
        json.dumps(
            {
                "id": 17,
                "created_at": "2026-03-10T15:00:00+01:00",
                "text": "crashes",
                "source": "reviews",
                "stream": "ios",
                "author": "a1",
                "lang": "pt-BR",
                "url": "https://example.org/17",
                "version": "2.4.0",
                "rating": 1.5,
                "likes": 3,
                "reposts": 4,
                "conversation": "c9",
                "author_created_at": 1_577_836_800,
                "author_followers": 12,
                "labels": {"platform": "ios", "beta": True, "build": 240, "none": None},
                "truth": {"negative": True},
                "something": [1],
            }
        )
    )
    (mention,) = source(tmp_path).fetch(ask(DEPLOY, DEPLOY + HOUR)).mentions
    assert mention.created_at == DEPLOY
    assert mention.author_created_at == datetime(2020, 1, 1, tzinfo=UTC)
    assert dict(mention.labels) == {"platform": "ios", "beta": "true", "build": "240"}
    assert (mention.id, mention.source, mention.stream, mention.author) == ("17", "reviews", "ios", "a1")
    assert (mention.lang, mention.version, mention.rating, mention.conversation) == ("pt", "2.4.0", 1.5, "c9")
    assert (mention.likes, mention.reposts, mention.author_followers) == (3, 4, 12)


def test_the_context_name_stands_in_for_a_missing_source(tmp_path: Path) -> None:
    """A line without `source` carries the name the source has in the policy."""
    (tmp_path / "mentions.jsonl").write_text(line(1))
    assert source(tmp_path).fetch(ask(DEPLOY, DEPLOY + HOUR)).mentions[0].source == "file-2"


def test_only_the_asked_period_is_returned(tmp_path: Path) -> None:
    """`since` counts, `until` does not."""
    times = [DEPLOY - timedelta(seconds=1), DEPLOY, DEPLOY + HOUR - timedelta(seconds=1), DEPLOY + HOUR]
    (tmp_path / "mentions.jsonl").write_text("".join(line(n, at) for n, at in enumerate(times)))
    fetch = source(tmp_path).fetch(ask(DEPLOY, DEPLOY + HOUR))
    assert ids(fetch) == ["m1", "m2"]
    assert fetch.complete


def test_only_the_asked_stream_is_returned(tmp_path: Path) -> None:
    """A release that names a stream hears no other."""
    (tmp_path / "mentions.jsonl").write_text(line(1, stream="ios") + line(2, stream="web") + line(3))
    assert ids(source(tmp_path, stream="web").fetch(ask(DEPLOY, DEPLOY + HOUR))) == ["m2"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("fresh", [False, True], ids=["same object", "new process"])
def test_each_mention_comes_once_whatever_the_order(tmp_path: Path, *, packed: bool, fresh: bool) -> None:
    """Two periods polled minute by minute over a shuffled file deliver every mention once, also after a restart."""
    minutes = random.Random(5).sample(range(-300, 200), 400)
    text = "".join(line(n, DEPLOY + timedelta(minutes=at)) for n, at in enumerate(minutes))
    name = "m.jsonl.gz" if packed else "m.jsonl"
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    one = source(tmp_path, name)
    before = ids(one.fetch(ask(DEPLOY - 5 * HOUR, DEPLOY)))
    after: list[str] = []
    cursor = None
    for minute in range(0, 121, 7):
        poll = source(tmp_path, name) if fresh else one
        fetch = poll.fetch(ask(DEPLOY, DEPLOY + timedelta(minutes=minute), cursor))
        cursor = fetch.cursor
        after += ids(fetch)
    assert sorted(before) == sorted(f"m{n}" for n, at in enumerate(minutes) if at < 0)
    assert sorted(after) == sorted(f"m{n}" for n, at in enumerate(minutes) if 0 <= at < 119)
    assert after == [f"m{n}" for n in sorted(range(400), key=minutes.__getitem__) if 0 <= minutes[n] < 119]


def test_what_is_set_aside_is_bounded_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mentions past the limit of what is kept in memory are found again when their time comes."""
    monkeypatch.setattr(reading, "AHEAD", 10)
    text = "".join(line(n, DEPLOY + timedelta(minutes=n // 3)) for n in range(300))
    (tmp_path / "mentions.jsonl").write_text(text)
    one, cursor, found = source(tmp_path), None, []
    for minute in range(0, 101, 4):
        fetch = one.fetch(ask(DEPLOY, DEPLOY + timedelta(minutes=minute), cursor))
        cursor = fetch.cursor
        found += ids(fetch)
    assert found == [f"m{n}" for n in range(300)]


def test_a_poll_ends_when_its_time_is_up_and_the_next_goes_on(tmp_path: Path) -> None:
    """With no time at all a poll brings a part, says so, and further polls bring the rest once."""
    (tmp_path / "mentions.jsonl").write_text("".join(line(n) for n in range(1_200)))
    one, cursor, found = source(tmp_path), None, []
    states = []
    for _ in range(3):
        fetch = one.fetch(ask(DEPLOY, DEPLOY + HOUR, cursor, timedelta(0)))
        cursor = fetch.cursor
        found += ids(fetch)
        states.append((fetch.complete, bool(fetch.reason)))
    assert states == [(False, True), (False, True), (True, False)]
    assert found == [f"m{n}" for n in range(1_200)]


def test_a_clock_set_back_brings_nothing_twice(tmp_path: Path) -> None:
    """An `until` before the last one is answered with nothing, and nothing is lost after it."""
    (tmp_path / "mentions.jsonl").write_text("".join(line(n, DEPLOY + n * timedelta(minutes=1)) for n in range(10)))
    one = source(tmp_path)
    first = one.fetch(ask(DEPLOY, DEPLOY + timedelta(minutes=5)))
    back = one.fetch(ask(DEPLOY, DEPLOY + timedelta(minutes=3), first.cursor))
    last = one.fetch(ask(DEPLOY, DEPLOY + timedelta(minutes=9), back.cursor))
    assert [ids(first), ids(back), ids(last)] == [["m0", "m1", "m2", "m3", "m4"], [], ["m5", "m6", "m7", "m8"]]


@given(text=st.text(), author=st.text(alphabet=st.characters(exclude_categories=["Cs"])), offset=st.integers(0, 3599))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, text: str, author: str, offset: int) -> None:
    """What any JSON writer wrote is read back character by character, half surrogates as U+FFFD."""
    folder = tmp_path_factory.mktemp("any")
    at = DEPLOY + timedelta(seconds=offset)
    (folder / "mentions.jsonl").write_text(line(1, at, text=text, author=author))
    (mention,) = source(folder).fetch(ask(DEPLOY, DEPLOY + HOUR)).mentions
    readable = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert (mention.text, mention.author, mention.created_at) == (readable, author, at)


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_unescaped(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Text that stands in the file as UTF-8 rather than as escapes is read back too."""
    folder = tmp_path_factory.mktemp("any")
    record = {"id": "1", "created_at": DEPLOY.isoformat(), "text": text}
    (folder / "mentions.jsonl").write_bytes(json.dumps(record, ensure_ascii=False).encode() + b"\n")
    (mention,) = source(folder).fetch(ask(DEPLOY, DEPLOY + HOUR)).mentions
    assert mention.text == text


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-10T14:00:00Z",
        "2026-03-10t14:00:00z",
        "2026-03-10 14:00:00 UTC",
        "2026-03-10 16:00:00 +0200",
        "2026-03-10T09:00:00-05:00",
        "2026-03-10T14:00:00.000000000Z",
        "20260310T140000Z",
        1_773_151_200,
        1_773_151_200.0,
        1_773_151_200_000,
        "1773151200",
        "1773151200000",
    ],
    ids=repr,
)
def test_ways_to_write_one_moment(tmp_path: Path, written: object) -> None:
    """RFC 3339, its common variants and epoch seconds or milliseconds all mean the same moment."""
    (tmp_path / "mentions.jsonl").write_text(line(1, created_at=written))
    assert source(tmp_path).fetch(ask(DEPLOY, DEPLOY + HOUR)).mentions[0].created_at == DEPLOY


@pytest.mark.parametrize("zone", ["Europe/Berlin", "+01:00"])
def test_times_without_a_zone_are_read_in_the_given_one_and_counted(tmp_path: Path, zone: str) -> None:
    """The zone of the policy fills the gap, times with a zone keep theirs, and people are told how many."""
    (tmp_path / "mentions.jsonl").write_text(line(1, created_at="2026-03-10T15:00:00") + line(2))
    fetch = source(tmp_path, timezone=zone).fetch(ask(DEPLOY, DEPLOY + HOUR))
    assert [mention.created_at for mention in fetch.mentions] == [DEPLOY, DEPLOY]
    assert fetch.notes == (f"1 times in mentions.jsonl carry no time zone; read as {zone}",)


def test_csv_by_column_names(tmp_path: Path) -> None:
    """A CSV export is read through the column map: quotes, commas, line breaks and labels included."""
    (tmp_path / "export.csv").write_text(
        "\ufeffWhen,Review,Stars,OS,author\n"
        '2026-03-10 14:05:00Z,"It said ""no"", twice,\nthen crashed",1,android,ann\n'
        "\n"
        "2026-03-10 14:06:00Z,fine,5,,bob\n"
        ",,,,\n"
    )
    columns = {"created_at": "When", "text": "Review", "rating": "Stars", "labels.platform": "OS"}
    first, second = source(tmp_path, "export.csv", columns=columns).fetch(ask(DEPLOY, DEPLOY + HOUR)).mentions
    assert first.text == 'It said "no", twice,\nthen crashed'
    assert (first.rating, dict(first.labels), first.author) == (1.0, {"platform": "android"}, "ann")
    assert (second.text, dict(second.labels)) == ("fine", {})


@pytest.mark.parametrize(("name", "mark"), [("m.csv", ","), ("m.csv", ";"), ("m.tsv", "\t"), ("m.csv.gz", ",")])
def test_separators(tmp_path: Path, name: str, mark: str) -> None:
    """Commas, semicolons (as spreadsheets write where the comma is the decimal sign) and tabs separate columns."""
    rows = [["id", "created_at", "text"], ["7", "2026-03-10T14:00:00Z", "ok"]]
    content = "".join(mark.join(row) + "\r\n" for row in rows).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    (mention,) = source(tmp_path, name).fetch(ask(DEPLOY, DEPLOY + HOUR)).mentions
    assert (mention.id, mention.text) == ("7", "ok")


def test_csv_without_ids_gets_stable_ones(tmp_path: Path) -> None:
    """Rows without an id get one from what they hold: the same at each reading, different for repeated rows."""
    row = "2026-03-10T14:00:00Z,again,ann\n"
    (tmp_path / "m.csv").write_text("created_at,text,author\n" + row + row + row.replace("ann", "bob"))
    first, second = (ids(source(tmp_path, "m.csv").fetch(ask(DEPLOY, DEPLOY + HOUR))) for _ in range(2))
    assert first == second
    assert len(set(first)) == 3


def test_hostile_texts_are_only_texts(tmp_path: Path) -> None:
    """What people write to do harm comes through unchanged as text (the writers' business), except half characters."""
    lines = [line(n, text=text, author=name) for n, (name, text) in enumerate(HOSTILE)]
    (tmp_path / "mentions.jsonl").write_text("".join(lines))
    mentions = source(tmp_path).fetch(ask(DEPLOY, DEPLOY + HOUR)).mentions
    readable = [(name, text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")) for name, text in HOSTILE]
    assert [(mention.author, mention.text) for mention in mentions] == readable


@pytest.mark.parametrize("offset", [-10, 10])
def test_a_period_the_file_knows_nothing_of_is_said_once(tmp_path: Path, offset: int) -> None:
    """A wrong deploy time gives a clue: from when the mentions are, and from when they were asked for."""
    (tmp_path / "mentions.jsonl").write_text(line(1) + line(2, DEPLOY + HOUR))
    one, start = source(tmp_path), DEPLOY + offset * timedelta(days=1)
    first = one.fetch(ask(start, start + HOUR))
    again = one.fetch(ask(start, start + 2 * HOUR, first.cursor))
    there = "the mentions in mentions.jsonl are from 2026-03-10 14:00 to 2026-03-10 15:00 UTC"
    asked = f"the asked period is {start:%Y-%m-%d} 14:00 to {start:%Y-%m-%d} 15:00 UTC"
    assert first.notes == (f"{there}; {asked}",)
    assert (first.complete, again.notes) == (True, ())


def test_a_quiet_hour_within_the_file_is_no_news(tmp_path: Path) -> None:
    """A period without mentions between others gets no note."""
    (tmp_path / "mentions.jsonl").write_text(line(1) + line(2, DEPLOY + 5 * HOUR))
    assert source(tmp_path).fetch(ask(DEPLOY + HOUR, DEPLOY + 2 * HOUR)).notes == ()


def test_an_empty_file_is_no_error(tmp_path: Path) -> None:
    """Nobody wrote anything: complete, and nothing in it."""
    for name in ("m.jsonl", "m.csv"):
        (tmp_path / name).write_text("")
        fetch = source(tmp_path, name).fetch(ask(DEPLOY, DEPLOY + HOUR))
        assert (fetch.mentions, fetch.complete) == ((), True)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"path": "-"}, "must end in"),
        ({"path": "m.xlsx"}, ".csv"),
        ({"path": "m.jsonl", "columns": {"text": "Review"}}, "only CSV"),
        ({"path": "m.csv", "columns": {"txet": "Review"}}, "did you mean 'text'"),
        ({"path": "m.csv", "timezone": "Europe/Berlim"}, "no time zone"),
        ({"path": "m.csv", "timezone": "../etc"}, "no time zone"),
        ({"path": "m.jsonl.gz", "follow": True}, "cannot be followed"),
        ({"path": "m.jsonl", "stale_after": HOUR}, "follow: true"),
        ({"path": "m.jsonl", "follow": True, "stale_after": timedelta(0)}, "above 0"),
    ],
)
def test_options_that_cannot_be(options: dict[str, object], word: str) -> None:
    """Impossible options are refused when the policy is read, with the way out."""
    with pytest.raises(ValueError, match=word):
        Options(**options)  # type: ignore[arg-type]


def test_doctor_reads_the_file(tmp_path: Path) -> None:
    """`check` says how many mentions there are, from when to when, and what is wrong with how many lines."""
    text = line(1) + line(2, DEPLOY + 26 * HOUR) + "{oops\n" + line(3, created_at="2026-03-10T15:00:00", stream="ios")
    (tmp_path / "mentions.jsonl").write_text(text)
    content, bad, zones, stream = source(tmp_path, timezone="UTC", stream="iso").check()
    assert (content.ok, content.detail) == (True, "3 mentions, 2026-03-10 14:00 to 2026-03-11 16:00 UTC")
    assert (bad.ok, bad.detail.startswith("1 line is no mention; the first is mentions.jsonl:3: not JSON")) == (
        False,
        True,
    )
    assert "1 time carries no zone" in zones.detail
    assert (stream.ok, "ios" in stream.detail) == (False, True)


def test_doctor_names_what_to_mend(tmp_path: Path) -> None:
    """`check` never raises: a missing or an unfinished file is a line with its next step."""
    (tmp_path / "mention.jsonl").write_text("")
    (tmp_path / "m.csv").write_text("When,Review\n")
    (columns,) = source(tmp_path, "m.csv").check()
    assert columns.detail.endswith("in the header: When, Review")
    (missing,) = source(tmp_path).check()
    assert (missing.ok, missing.fix) == (False, "did you mean mention.jsonl?")
    whole = gzip.compress("".join(line(n) for n in range(2_000)).encode())
    (tmp_path / "m.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (cut,) = source(tmp_path, "m.jsonl.gz").check()
    assert (cut.ok, "cut off" in cut.detail) == (False, True)


def test_close_forgets(tmp_path: Path) -> None:
    """A closed source starts anew."""
    (tmp_path / "mentions.jsonl").write_text(line(1))
    one = source(tmp_path)
    one.fetch(ask(DEPLOY, DEPLOY + HOUR))
    one.close()
    (tmp_path / "mentions.jsonl").unlink()
    with pytest.raises(SourceRefused):
        one.fetch(ask(DEPLOY, DEPLOY + HOUR))


def test_the_recording_of_the_demo_is_sound() -> None:
    """Each of its lines is a mention of both periods' weeks, and the file itself can be printed anywhere."""
    folder = files("gate.demo")
    raw = folder.joinpath("mentions.jsonl").read_text(encoding="utf-8")
    with as_file(folder.joinpath("mentions.jsonl")) as path:
        fetch = source(path.parent).fetch(ask(DEPLOY - timedelta(days=6), DEPLOY + timedelta(days=8)))
    assert (len(fetch.mentions), fetch.unreadable) == (len(raw.splitlines()), ())
    assert all(written.isprintable() for written in raw.splitlines())
    assert len({mention.id for mention in fetch.mentions}) == len(fetch.mentions)
