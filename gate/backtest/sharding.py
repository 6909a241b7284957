"""Sorts recorded mentions by the release that needs them, on disk, so that memory stays flat.

One pass over the files; each line goes to the shard of every release whose periods it lies in.
A shard holds a few releases, and is small enough to be judged in memory by one process.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from pydantic_core import SchemaValidator, core_schema

from gate.errors import UsageFault
from gate.records import MentionReader
from gate.sources.file.json_lines import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from gate.backtest.cases import Case
    from gate.model import Release

MOST_SHARDS = 200
"""Open at once; well below the usual limit of 1,024 files."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
EVERY = 20_000
"""Lines between two reports of progress."""


class Shards:
    """Files of mentions, one for each few releases; a line is ``case index, tab, mention``."""

    def __init__(self, folder: Path, cases: Sequence[Case], now: datetime) -> None:
        """Open the files in a folder that is empty; what is dated after ``now`` is misdated, and ends no recording."""
        self._stack = ExitStack()
        count = min(MOST_SHARDS, len(cases))
        self.paths = [folder / f"{number:03}" for number in range(count)]
        self.groups = [[i for i in range(len(cases)) if i % count == number] for number in range(count)]
        files = [self._stack.enter_context(path.open("wb")) for path in self.paths]
        self._by_stream: dict[str, list[tuple[datetime, datetime, bytes, BinaryIO]]] = defaultdict(list)
        """When a mention of a stream is needed, and what is to be written before it, where to."""
        for index, case in enumerate(cases):
            for start, end in _periods(case.release):
                span = (start, end, b"%d\t" % index, files[index % count])
                self._by_stream[case.release.stream].append(span)
                if case.control_stream:
                    self._by_stream[case.control_stream].append(span)
        self._any_stream = self._by_stream.pop("", [])
        for spans in self._by_stream.values():
            spans.extend(self._any_stream)
        self._last: dict[str, datetime] = {}
        self._now = now
        self.lines = self.skipped = self.ahead = 0
        """Mentions, lines that are none, and mentions dated after now."""

    def __enter__(self) -> Self:
        """Return the shards themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the files, so that others may read them."""
        self._stack.close()

    def add(self, path: Path, *, skip_bad_lines: bool, progress: Callable[[int], None]) -> None:
        """Distribute one file of mentions, JSON Lines, gzipped or not.

        Args:
            path: the file.
            skip_bad_lines: count lines that are no mention, and go on.
            progress: told the position in the file now and then, in bytes as it lies on disk.

        Raises:
            UsageFault: the file cannot be read, or holds a line that is no mention.
        """
        with read_lines(path) as (raw, lines):
            for number, line in enumerate(lines, start=1):
                if not self._place(line if number > 1 else line.removeprefix(BYTE_ORDER_MARK)):
                    if not skip_bad_lines:
                        raise no_mention(path, number, line)
                    self.skipped += 1
                    continue
                if number % EVERY == 0:
                    progress(raw.tell())
            progress(raw.tell())

    def last(self, stream: str) -> datetime | None:
        """Return when the last mention of a stream was written, or of all where it is empty; None if there was none by now."""
        last = self._last.get(stream) if stream else max(self._last.values(), default=None)
        return last and last.astimezone(UTC)

    def _place(self, line: bytes) -> bool:
        """Write a line wherever it is needed; tell whether it could be read."""
        found = _glance(line) or _read(line)
        if found is None:
            return not line.strip()
        at, stream = found
        self.lines += 1
        if stream not in self._last or at > self._last[stream]:
            if at > self._now:
                self.ahead += 1
            else:
                self._last[stream] = at
        for start, end, index, file in self._by_stream.get(stream, self._any_stream):
            if start <= at < end:
                file.write(index + line if line.endswith(b"\n") else b"%s%s\n" % (index, line))
        return True


def _periods(release: Release) -> list[tuple[datetime, datetime]]:
    """Return when mentions are needed; what lies between an earlier release's baseline and this deploy is not."""
    if release.baseline_to >= release.deployed_at:
        return [(release.baseline_from, release.window_to)]
    return [(release.baseline_from, release.baseline_to), (release.deployed_at, release.window_to)]


_TEXT = core_schema.str_schema(strict=True)
_SORTED_BY = SchemaValidator(
    core_schema.typed_dict_schema(
        {
            "id": core_schema.typed_dict_field(_TEXT),
            "created_at": core_schema.typed_dict_field(_TEXT),
            "text": core_schema.typed_dict_field(_TEXT),
            "stream": core_schema.typed_dict_field(core_schema.nullable_schema(_TEXT), required=False),
        },
        extra_behavior="ignore",
    )
)
"""Reads all of a line, and makes of it but what says where it belongs, and what no mention is without."""


def _glance(line: bytes) -> tuple[datetime, str] | None:
    """Return when a plain line was written, and its stream; None for a line that takes a closer look."""
    try:
        fields = _SORTED_BY.validate_json(line)
        at = datetime.fromisoformat(fields["created_at"])
    except ValueError:
        return None
    # In the first year and the last a time may lie outside them in UTC.
    return (at, fields.get("stream") or "") if at.tzinfo and MINYEAR < at.year < MAXYEAR else None


def _read(line: bytes) -> tuple[datetime, str] | None:
    """Read a line that is not as most are as the live gate does, which is slow; None for one that is no mention."""
    try:
        mention = MentionReader("file", None, make_ids=False).read(parse(line))
    except ValueError:
        return None
    return mention.created_at, mention.stream


def no_mention(path: Path, number: int, line: bytes) -> UsageFault:
    """Return the fault for a line that is no mention, with what is wrong with it."""
    try:
        MentionReader("file", None, make_ids=False).read(parse(line))
        why = "no mention"
    except ValueError as error:
        why = str(error)
    quote = line[:80].decode(errors="replace").strip()
    hint = "mend the line, or count such lines and go on with --skip-bad-lines"
    return UsageFault(f"{path}:{number}: {why}: {quote!r}", hint=hint)


def place_of(line: bytes, files: Sequence[Path]) -> tuple[Path, int]:
    """Return file and number of a line that was read before; only what went wrong is looked for.

    Raises:
        UsageFault: it is there no more.
    """
    wanted = line.rstrip(b"\r\n")
    for path in files:
        with read_lines(path) as (_, lines):
            for number, each in enumerate(lines, start=1):
                if each.rstrip(b"\r\n").endswith(wanted):
                    return path, number
    message = "a file of mentions was changed while it was read"
    raise UsageFault(message, hint="run again when nobody writes to it")


@contextmanager
def read_lines(path: Path) -> Iterator[tuple[BinaryIO, Iterable[bytes]]]:
    """Open JSON Lines, gzipped or not: the file as it lies on disk, for its position, and its lines.

    Raises:
        UsageFault: the file cannot be read, from its first line to its last.
    """
    try:
        with path.open("rb") as raw, _unpacked(raw, path) as lines:
            yield raw, lines
    except (OSError, EOFError) as error:
        message = f"cannot read the mentions in {path}: {getattr(error, 'strerror', None) or error}"
        raise UsageFault(message, hint="give JSON Lines, whole, plain or gzipped") from error


@contextmanager
def _unpacked(raw: BinaryIO, path: Path) -> Iterator[Iterable[bytes]]:
    if path.suffix != ".gz":
        yield raw
        return
    with gzip.open(raw) as lines:
        yield lines
