"""The file source and everything that may be wrong with a file."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gate.errors import SourceFault, SourceRefused
from gate.model import Request
from gate.ports import SourceContext
from gate.sources.file import Options, Source, reading
from gate.sources.file.lines import LONGEST
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from gate.model import Fetch

GOOD = b'{"id": "good", "created_at": "2026-03-10T14:00:00Z", "text": "fine"}\n'


def fetch(folder: Path, path: str = "m.jsonl", **options: object) -> Fetch:
    """Poll the file once for the hour after the deploy."""
    context = SourceContext("file", "#acme", folder, "", lambda reference: reference, ManualClock())
    request = Request(DEPLOY, DEPLOY + timedelta(hours=1), None, timedelta(seconds=60))
    return Source(Options(path, **options), context).fetch(request)  # type: ignore[arg-type]


def record(**fields: object) -> bytes:
    """A line that would be good without these fields."""
    return json.dumps({"id": "b", "created_at": "2026-03-10T14:00:00Z", "text": "x"} | fields).encode() + b"\n"


BAD = {
    "broken": (b'{"id": "b", "created_at"\n', "not JSON: Expecting ':'"),
    "half": (b'{"id": "b", "created_at": "2026-03-10T14', "not JSON: Unterminated string"),
    "list": (b"[1, 2]\n", "a list where an object is wanted"),
    "null": (b"null\n", "a null where an object is wanted"),
    "string": (b'"hello"\n', "a string where an object is wanted"),
    "no-text": (b'{"id": "b", "created_at": "2026-03-10T14:00:00Z"}\n', "no field 'text'"),
    "no-time": (b'{"id": "b", "text": "x"}\n', "no field 'created_at'"),
    "no-id": (b'{"created_at": "2026-03-10T14:00:00Z", "text": "x"}\n', "no field 'id'"),
    "empty-object": (b"{}\n", "an empty JSON object"),
    "text-number": (record(text=5), "text is a number, text is wanted"),
    "text-null": (record(text=None), "no field 'text', or nothing in it"),
    "id-fraction": (record(id=5.7e17), "id is a number, text or a whole number is wanted"),
    "id-bool": (record(id=True), "id is true or false"),
    "duplicate-key": (
        b'{"id": "b", "id": "c", "created_at": "2026-03-10T14:00:00Z", "text": "x"}\n',
        "one key stands in it twice",
    ),
    "nan": (record(rating=float("nan")), "NaN is not a JSON number"),
    "infinite": (b'{"id": "b", "created_at": "2026-03-10T14:00:00Z", "text": "x", "rating": 1e999}\n', "rating"),
    "rating": (record(rating="five"), "rating is not a number"),
    "likes-fraction": (record(likes=1.5), "likes is not a whole number"),
    "likes-list": (record(likes=[1]), "likes is a list"),
    "likes-huge": (record(likes=10**30), "likes is too large a number"),
    "digits": (b'{"id": ' + b"9" * 5000 + b"}\n", "too many digits"),
    "labels": (record(labels=["ios"]), "labels is a list"),
    "label-nested": (record(labels={"os": {"name": "ios"}}), "one of the labels is an object"),
    "deep": (b'{"a":' * 100_000 + b"\n", "nested too deeply"),
    "bytes": (b'{"id": "b", "text": "caf\xe9"}\n', "not UTF-8"),
    "no-zone": (record(created_at="2026-03-10T14:00:00"), "set `timezone:`"),
    "date-only": (record(created_at="2026-03-10"), "a date without a time of day"),
    "not-a-time": (record(created_at="yesterday"), "created_at: not a time"),
    "impossible-time": (record(created_at="2026-02-30T14:00:00Z"), "not a time"),
    "time-list": (record(created_at=[2026]), "a time is text or a number"),
    "time-bool": (record(created_at=True), "a time is text or a number"),
    "time-huge": (record(created_at=10**18), "epoch"),
    "time-edge": (record(created_at="0001-01-01T00:00:00+14:00"), "outside the years"),
    "author-time": (record(author_created_at="long ago"), "author_created_at: not a time"),
    "too-long": (b'{"id": "b", "text": "' + b"x" * LONGEST + b'"}\n', "longer than"),
}


@pytest.mark.parametrize(("bad", "why"), BAD.values(), ids=BAD)
def test_a_bad_line_is_counted_or_refused(tmp_path: Path, bad: bytes, why: str) -> None:
    """Under `skip` it is counted with place, reason and quote; under `refuse` the file is, with the way out."""
    (tmp_path / "m.jsonl").write_bytes(GOOD + bad)
    found = fetch(tmp_path, bad_lines="skip")
    (unreadable,) = found.unreadable
    assert [mention.id for mention in found.mentions] == ["good"]
    assert unreadable.where == "m.jsonl:2"
    assert why in unreadable.why
    assert 0 < len(unreadable.quote) <= 80
    with pytest.raises(SourceRefused, match=r"^m\.jsonl:2: ") as refusal:
        fetch(tmp_path)
    assert why in refusal.value.message
    assert "bad_lines: skip" in refusal.value.hint
    assert refusal.value.quote == unreadable.quote


ZEBRA = {
    "broken": b'{"text": "zebra\n',
    "escape": b'{"text": "\\zebra"}\n',
    "bare": b"zebra\n",
    "text": record(text=["zebra"]),
    "time": record(created_at="zebra"),
    "date": record(created_at="2026-zebra"),
    "author-time": record(author_created_at="zebra"),
    "rating": record(rating="zebra"),
    "likes": record(likes="zebra"),
    "label": record(labels={"zebra": {}}),
    "twice": b'{"zebra": 1, "zebra": 2}\n',
}


@pytest.mark.parametrize("bad", ZEBRA.values(), ids=ZEBRA)
def test_what_somebody_wrote_is_only_in_the_quote(tmp_path: Path, bad: bytes) -> None:
    """Reasons and refusals are stored with a run, so they repeat nothing of the line; its quote is for the moment."""
    (tmp_path / "m.jsonl").write_bytes(bad)
    (unreadable,) = fetch(tmp_path, bad_lines="skip").unreadable
    with pytest.raises(SourceRefused) as refusal:
        fetch(tmp_path)
    assert "zebra" not in unreadable.why + refusal.value.message + refusal.value.hint + str(refusal.value)
    assert unreadable.quote.startswith(bad.decode().strip()[:40])


@pytest.mark.parametrize("position", [0, 4_321, 9_999])
def test_one_bad_line_in_ten_thousand(tmp_path: Path, position: int) -> None:
    """Wherever it stands: skipped, the other 9,999 are there; refused, its line number is named."""
    lines = [record(id=str(n)) for n in range(10_000)]
    lines[position] = b'{"id": "oops", "text": \n'
    (tmp_path / "m.jsonl").write_bytes(b"".join(lines))
    found = fetch(tmp_path, bad_lines="skip")
    assert (len(found.mentions), len(found.unreadable), found.complete) == (9_999, 1, True)
    with pytest.raises(SourceRefused, match=rf"^m\.jsonl:{position + 1}: not JSON"):
        fetch(tmp_path)


def test_a_bad_line_is_reported_once_per_period(tmp_path: Path) -> None:
    """Polling on, in one process or after a restart, does not count it again."""
    (tmp_path / "m.jsonl").write_bytes(b"oops\n" + GOOD)
    context = SourceContext("file", "", tmp_path, "", lambda reference: reference, ManualClock())
    one = Source(Options("m.jsonl", bad_lines="skip"), context)
    cursor, counts = None, []
    for minutes, poll in [(0, one), (5, one), (10, Source(Options("m.jsonl", bad_lines="skip"), context))]:
        found = poll.fetch(Request(DEPLOY, DEPLOY + timedelta(minutes=minutes), cursor, timedelta(minutes=1)))
        cursor = found.cursor
        counts.append(len(found.unreadable))
    assert counts == [1, 0, 0]


def test_a_bad_line_is_reported_once_in_two_periods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is read again for the second period, as too much was set aside, tells its bad lines only once."""
    monkeypatch.setattr(reading, "AHEAD", 10)
    before = record(created_at="2026-03-10T13:30:00Z")
    (tmp_path / "m.jsonl").write_bytes(before * 60 + b"oops\n" + GOOD * 450 + b"oops again\n")
    context = SourceContext("file", "", tmp_path, "", lambda reference: reference, ManualClock())
    one, hour = Source(Options("m.jsonl", bad_lines="skip"), context), timedelta(hours=1)
    first = one.fetch(Request(DEPLOY - hour, DEPLOY, None, timedelta(minutes=1)))
    second = one.fetch(Request(DEPLOY, DEPLOY + hour, None, timedelta(minutes=1)))
    assert (len(first.mentions), len(second.mentions)) == (60, 450)
    assert [bad.where for bad in first.unreadable + second.unreadable] == ["m.jsonl:61", "m.jsonl:512"]


@pytest.mark.parametrize("fresh", [False, True], ids=["same object", "new process"])
def test_nothing_but_bad_lines_is_not_silence(tmp_path: Path, *, fresh: bool) -> None:
    """A file of which no line can be read is not complete at any poll, even where bad lines are skipped."""
    (tmp_path / "m.jsonl").write_bytes(b"oops\n" * 3)
    context = SourceContext("file", "", tmp_path, "", lambda reference: reference, ManualClock())
    one, cursor, counts = Source(Options("m.jsonl", bad_lines="skip"), context), None, []
    for minutes in (5, 10):
        poll = Source(Options("m.jsonl", bad_lines="skip"), context) if fresh else one
        found = poll.fetch(Request(DEPLOY, DEPLOY + timedelta(minutes=minutes), cursor, timedelta(minutes=1)))
        cursor = found.cursor
        counts.append(len(found.unreadable))
        assert (found.complete, found.reason) == (False, "not one line of m.jsonl could be read as a mention")
    assert counts == [3, 0]


def test_a_quote_is_harmless(tmp_path: Path) -> None:
    """Control and direction characters of a bad line reach neither the refusal nor the count."""
    (tmp_path / "m.jsonl").write_bytes("\x1b[31m\u202e\x00\x9b oops\n".encode())
    with pytest.raises(SourceRefused) as refusal:
        fetch(tmp_path)
    assert (refusal.value.message + refusal.value.quote).isprintable()


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    """An escape that no encoder accepts later on arrives as U+FFFD, in texts and in labels."""
    (tmp_path / "m.jsonl").write_bytes(record(text="\ud83d oh \ude00", author="\udfff", labels={"o\ud800s": "\udc00"}))
    (mention,) = fetch(tmp_path).mentions
    assert mention.text == "\ufffd oh \ufffd"
    assert (mention.author, dict(mention.labels)) == ("\ufffd", {"o\ufffds": "\ufffd"})


def test_what_is_odd_but_readable(tmp_path: Path) -> None:
    """A byte order mark, Windows line ends, blank lines, a far future and a missing last newline are no faults."""
    future = record(id="future", created_at="2999-01-01T00:00:00Z").strip()
    (tmp_path / "m.jsonl").write_bytes(b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n") + b"\n   \n" + future)
    context = SourceContext("file", "", tmp_path, "", lambda reference: reference, ManualClock())
    request = Request(DEPLOY, datetime(3000, 1, 1, tzinfo=UTC), None, timedelta(minutes=1))
    assert [m.id for m in Source(Options("m.jsonl"), context).fetch(request).mentions] == ["good", "future"]


FILES = {
    "missing": (None, "does not exist", "did you mean n.jsonl?"),
    "json-list": (b'[{"id": "1"}]', "one JSON list", "jq -c '.[]'"),
    "json-spread": (b'{\n  "id": "1"\n}', "spread over lines", "jq -c ."),
    "utf-16": (GOOD.decode().encode("utf-16"), "UTF-16", "iconv"),
    "packed": (gzip.compress(GOOD), "does not end in .gz", "m.jsonl.gz"),
    "spreadsheet": (b"PK\x03\x04rest", "spreadsheet", "CSV"),
}


@pytest.mark.parametrize(("content", "message", "hint"), FILES.values(), ids=FILES)
def test_files_that_are_something_else(tmp_path: Path, content: bytes | None, message: str, hint: str) -> None:
    """The usual mistakes are named, with the command that mends them, instead of calling every line unreadable."""
    (tmp_path / "n.jsonl").write_bytes(GOOD)
    if content is not None:
        (tmp_path / "m.jsonl").write_bytes(content)
    with pytest.raises(SourceRefused, match=message) as refusal:
        fetch(tmp_path, bad_lines="skip")
    assert hint in refusal.value.hint


def test_places_that_hold_no_file(tmp_path: Path) -> None:
    """A missing folder, a folder and a pipe are refused with a next step, and none of them blocks."""
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "folder.jsonl" / "inside.jsonl").write_bytes(GOOD)
    os.mkfifo(tmp_path / "pipe.jsonl")
    for path, hint in [
        ("no/m.jsonl", "start at the folder"),
        ("folder.jsonl", "inside.jsonl"),
        ("pipe.jsonl", "write"),
    ]:
        with pytest.raises(SourceRefused) as refusal:
            fetch(tmp_path, path)
        assert hint in refusal.value.hint


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """Missing rights are named with the command that gives them."""
    (tmp_path / "m.jsonl").write_bytes(GOOD)
    (tmp_path / "m.jsonl").chmod(0)
    if os.access(tmp_path / "m.jsonl", os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(SourceRefused, match="may not be read") as refusal:
        fetch(tmp_path)
    assert "chmod" in refusal.value.hint


def test_a_name_that_leads_to_nothing_readable(tmp_path: Path) -> None:
    """What the system refuses for other reasons is a fault of the tree too, never a traceback."""
    (tmp_path / "m.jsonl").symlink_to("m.jsonl")
    with pytest.raises(SourceFault):
        fetch(tmp_path)


def test_not_gzip(tmp_path: Path) -> None:
    """A plain file that is called .gz is refused with both ways out."""
    (tmp_path / "m.jsonl.gz").write_bytes(GOOD)
    with pytest.raises(SourceRefused, match="not packed with gzip"):
        fetch(tmp_path, "m.jsonl.gz")


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_gzip_is_not_complete(tmp_path: Path, damage: str) -> None:
    """What could be unpacked is delivered, each time it is asked the rest is said to be missing, and mending it helps."""
    whole = gzip.compress(b"".join(record(id=os.urandom(30).hex()) for _ in range(4_000)))
    broken = bytearray(whole[: len(whole) // 2] if damage == "cut" else whole)
    if damage == "flipped":
        broken[len(broken) // 2] ^= 0xFF
    path = tmp_path / "m.jsonl.gz"
    path.write_bytes(broken)
    context = SourceContext("file", "", tmp_path, "", lambda reference: reference, ManualClock())
    one, cursor, seen = Source(Options("m.jsonl.gz", bad_lines="skip"), context), None, 0
    for _ in range(2):
        found = one.fetch(Request(DEPLOY, DEPLOY + timedelta(hours=1), cursor, timedelta(minutes=1)))
        cursor, seen = found.cursor, seen + len(found.mentions)
        assert not found.complete
        assert "cut off or damaged" in found.reason
    assert 0 < seen < 4_000
    if damage == "cut":
        path.write_bytes(whole)
        found = one.fetch(Request(DEPLOY, DEPLOY + timedelta(hours=1), cursor, timedelta(minutes=1)))
        assert (found.complete, seen + len(found.mentions)) == (True, 4_000)


def test_a_packed_file_that_is_cut_between_two_polls(tmp_path: Path) -> None:
    """A file that was whole and is now being copied again is not complete; it never ends the run with a traceback."""
    whole = gzip.compress(b"".join(record(id=os.urandom(30).hex()) for _ in range(2_000)))
    path = tmp_path / "m.jsonl.gz"
    path.write_bytes(whole)
    context = SourceContext("file", "", tmp_path, "", lambda reference: reference, ManualClock())
    one = Source(Options("m.jsonl.gz"), context)
    first = one.fetch(Request(DEPLOY, DEPLOY + timedelta(hours=1), None, timedelta(minutes=1)))
    path.write_bytes(whole[: len(whole) // 3])
    second = one.fetch(Request(DEPLOY, DEPLOY + timedelta(hours=2), first.cursor, timedelta(minutes=1)))
    assert (len(first.mentions), first.complete, second.complete) == (2_000, True, False)


def test_a_line_of_a_hundred_megabytes_does_not_fill_the_memory(tmp_path: Path) -> None:
    """It is skipped piece by piece, and the next line is read."""
    with (tmp_path / "m.jsonl").open("wb") as file:
        file.seek(100_000_000)  # a hole in the file: zeros that cost no disk
        file.write(b"\n" + GOOD)
    found = fetch(tmp_path, bad_lines="skip")
    assert [mention.id for mention in found.mentions] == ["good"]
    assert "longer than" in found.unreadable[0].why


CSV = {
    "too-few": (b"1,2026-03-10T14:00:00Z\n", "2 columns where the header has 3"),
    "too-many": (b"1,2026-03-10T14:00:00Z,a,b\n", "4 columns where the header has 3"),
    "bytes": (b"1,2026-03-10T14:00:00Z,caf\xe9\n", "not UTF-8"),
    "time": (b"1,10.03.2026 14:00,x\n", "not a time"),
    "empty-time": (b"1,,x\n", "no field 'created_at'"),
    "huge-cell": (b"1,2026-03-10T14:00:00Z," + b"x" * 200_000 + b"\n", "not a row of CSV: field larger"),
    "too-long": (b"1,2026-03-10T14:00:00Z," + b"x" * LONGEST + b"\n", "longer than"),
}


@pytest.mark.parametrize(("bad", "why"), CSV.values(), ids=CSV)
def test_bad_rows(tmp_path: Path, bad: bytes, why: str) -> None:
    """A row of a CSV file that is none is counted, and the rows around it are read."""
    good = b"%d,2026-03-10T14:00:00Z,fine\n"
    (tmp_path / "m.csv").write_bytes(b"id,created_at,text\n" + good % 1 + bad + good % 2)
    found = fetch(tmp_path, "m.csv", bad_lines="skip")
    assert [mention.id for mention in found.mentions] == ["1", "2"]
    assert (found.unreadable[0].where, len(found.unreadable)) == ("m.csv:3", 1)
    assert why in found.unreadable[0].why


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    """The row that swallows the rest of the file is one bad row, named by the line where it begins."""
    (tmp_path / "m.csv").write_text('id,created_at,text\n1,2026-03-10T14:00:00Z,"oops\n2,2026-03-10T14:00:00Z,fine\n')
    found = fetch(tmp_path, "m.csv", bad_lines="skip")
    assert (found.unreadable[0].where, found.unreadable[0].why) == (
        "m.csv:2",
        "a quote opened in the row of line 2 is never closed",
    )


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    """A missing column is refused at once, with the header and the nearest name."""
    (tmp_path / "m.csv").write_text("When,Review\n2026-03-10T14:00:00Z,fine\n")
    with pytest.raises(SourceRefused, match=r"no column 'created_at' .* in the header$") as refusal:
        fetch(tmp_path, "m.csv")
    assert refusal.value.quote == "When, Review"
    with pytest.raises(SourceRefused) as refusal:
        fetch(tmp_path, "m.csv", columns={"created_at": "When", "text": "review"})
    assert "did you mean 'Review'?" in refusal.value.hint
