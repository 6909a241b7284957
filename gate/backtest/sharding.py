"""Sorts recorded mentions by the release that needs them, on disk, so that memory stays flat.

One pass over the files; each line goes to the shard of every release whose periods it lies in.
A shard holds a few releases, and is small enough to be judged in memory by one process.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic_core import SchemaValidator, core_schema

from gate.errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from gate.backtest.cases import Case

MOST_SHARDS = 200
"""Open at once; well below the usual limit of 1,024 files."""
EVERY = 20_000
"""Lines between two reports of progress."""


class Shards:
    """Files of mentions, one for each few releases; a line is ``case index, tab, mention``."""

    def __init__(self, folder: Path, cases: Sequence[Case]) -> None:
        """Open the files in a folder that is empty."""
        self._stack = ExitStack()
        count = min(MOST_SHARDS, len(cases))
        self.paths = [folder / f"{number:03}" for number in range(count)]
        self.groups = [[i for i in range(len(cases)) if i % count == number] for number in range(count)]
        files = [self._stack.enter_context(path.open("wb")) for path in self.paths]
        self._by_stream: dict[str, list[tuple[datetime, datetime, bytes, BinaryIO]]] = defaultdict(list)
        """When a mention of a stream is needed, and what is to be written before it, where to."""
        for index, case in enumerate(cases):
            span = (case.release.baseline_from, case.release.window_to, b"%d\t" % index, files[index % count])
            self._by_stream[case.release.stream].append(span)
            if case.control_stream:
                self._by_stream[case.control_stream].append(span)
        self._any_stream = self._by_stream.pop("", [])
        for spans in self._by_stream.values():
            spans.extend(self._any_stream)
        self._last: dict[str, datetime] = {}
        self.lines = self.skipped = 0

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
                if not self._place(line) and not self._forgiven(path, number, line, skip=skip_bad_lines):
                    continue
                if number % EVERY == 0:
                    progress(raw.tell())
            progress(raw.tell())

    def last(self, stream: str) -> datetime | None:
        """Return when the last mention of a stream was written, or of all where it is empty; None if there was none."""
        last = self._last.get(stream) if stream else max(self._last.values(), default=None)
        return last and last.astimezone(UTC)

    def _place(self, line: bytes) -> bool:
        """Write a line wherever it is needed; tell whether it could be read."""
        try:
            fields = _loads(line)
            at = datetime.fromisoformat(fields["created_at"])
            if at.tzinfo is None:
                return False
            stream = fields.get("stream") or ""
            spans = self._by_stream.get(stream, self._any_stream)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return not line.strip()
        self.lines += 1
        if stream not in self._last or at > self._last[stream]:
            self._last[stream] = at
        for start, end, index, file in spans:
            if start <= at < end:
                file.write(index + line if line.endswith(b"\n") else b"%s%s\n" % (index, line))
        return True

    def _forgiven(self, path: Path, number: int, line: bytes, *, skip: bool) -> bool:
        if not skip:
            quote = line[:80].decode(errors="replace").strip()
            message = f"{path}:{number}: no mention with a created_at that carries its zone: {quote!r}"
            raise UsageFault(message, hint="mend the line, or count such lines and go on with --skip-bad-lines")
        self.skipped += 1
        return True


_ANYTHING = core_schema.any_schema()
_PLACED_BY = SchemaValidator(
    core_schema.typed_dict_schema(
        {
            "created_at": core_schema.typed_dict_field(_ANYTHING),
            "stream": core_schema.typed_dict_field(_ANYTHING, required=False),
        },
        extra_behavior="ignore",
    )
)
"""Reads all of a line, and makes of it but the two fields that say where it belongs."""


def _loads(line: bytes) -> Any:  # noqa: ANN401 - whatever stands there
    try:
        return _PLACED_BY.validate_json(line)
    except ValueError:
        return json.loads(line)  # slower, and lets half a surrogate pair pass, as whoever reads the mention does


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
